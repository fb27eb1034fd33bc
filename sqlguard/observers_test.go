package sqlguard_test

import (
	"context"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// told notes which kinds of events an observer was told of, and the reasons.
type told struct {
	who   string
	lines *[]string
}

func (o told) Observe(_ context.Context, e sqlguard.Event) {
	*o.lines = append(*o.lines, o.who+" "+e.Kind.String()+e.Reason)
}

func TestAddedObserversAreToldBesideTheOneThatIsSet(t *testing.T) {
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	want := func(step string, want ...string) {
		t.Helper()
		lines = nil
		if err := g.Cut(); err != nil { // which is told as a flip
			t.Fatal(err)
		}
		if !slices.Equal(lines, want) {
			t.Errorf("%s: told %q, not %q", step, lines, want)
		}
	}
	if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	want("nobody")
	a, b := told{"a", &lines}, told{"b", &lines}
	removeFirst := g.AddObserver(a)
	removeSecond := g.AddObserver(a) // equal to the first
	g.AddObserver(nil)()
	want("two", "a flipped", "a flipped")
	g.SetObserver(b)
	want("and one that is set", "b flipped", "a flipped", "a flipped")
	removeFirst()
	removeFirst()
	want("one is removed, twice", "b flipped", "a flipped")
	g.SetObserver(nil)
	want("none is set", "a flipped")
	removeSecond()
	want("all are removed")
}

func TestObserveModeTellsTheReasonOfABypass(t *testing.T) {
	var lines []string
	g, err := sqlguard.New(sqlguard.Config{Observer: told{"a", &lines}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.Observe}); err != nil {
		t.Fatal(err)
	}
	v := &sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert}
	for _, ctx := range []context.Context{
		t.Context(), sqlguard.WithBypass(t.Context(), " migration"), sqlguard.WithBypass(t.Context(), " "),
	} {
		if _, err := g.Decide(ctx, "sqlite", v); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"a flipped", "a observed", "a observedmigration", "a observed"}; !slices.Equal(lines, want) {
		t.Errorf("told %q, not %q", lines, want)
	}
}
