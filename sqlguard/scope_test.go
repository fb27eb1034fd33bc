package sqlguard_test

import (
	"context"
	"errors"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// request embeds a Scope, as middleware does.
type request struct{ sqlguard.Scope }

func TestScopeIsAContextWithARecorderAndALabel(t *testing.T) {
	type key struct{}
	parent, cancel := context.WithCancel(sqlguard.WithLabel(context.WithValue(t.Context(), key{}, "kept"), "outer"))
	r := &request{sqlguard.Scope{Context: parent}}
	if got := sqlguard.LabelFrom(r); got != "outer" {
		t.Errorf("without a label of its own it has %q, want the parent's", got)
	}
	r.Route = "inner"
	child, stop := context.WithCancel(r)
	defer stop()
	if got := sqlguard.LabelFrom(child); got != "inner" {
		t.Errorf("the label is %q", got)
	}
	if got := sqlguard.RecorderFrom(child); got != &r.Recorder {
		t.Errorf("the recorder is %p, want %p", got, &r.Recorder)
	}
	if child.Value(key{}) != "kept" {
		t.Error("the parent's values are lost")
	}
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Decide(child, "sqlite", &sqlguard.Verdict{Class: sqlguard.Write}); !errors.Is(err, r.Recorder.Blocked()) {
		t.Errorf("refused with %v, and noted %v", err, r.Recorder.Blocked())
	}
	cancel()
	<-child.Done()
}

func TestSummaryIsTheStateWithoutItsHolds(t *testing.T) {
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := g.Hold(name, sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true, Message: "m"}); err != nil {
			t.Fatal(err)
		}
	}
	got, full := g.Summary(), g.State()
	if got.Holds != nil || got.Mode != full.Mode || !got.GetOnly || got.Message != "m" || got.Epoch != full.Epoch || got.Since != full.Since {
		t.Errorf("got %+v of %+v", got, full)
	}
	var s sqlguard.State
	if n := testing.AllocsPerRun(100, func() { s = g.Summary() }); n != 0 {
		t.Errorf("%v allocations, want 0; %v", n, s.Mode)
	}
}
