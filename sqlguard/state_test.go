package sqlguard_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func newGuard(t *testing.T, cfg sqlguard.Config) *sqlguard.Guard {
	t.Helper()
	g, err := sqlguard.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func hold(t *testing.T, g *sqlguard.Guard, name string, c sqlguard.Change) {
	t.Helper()
	if err := g.Hold(name, c); err != nil {
		t.Fatal(err)
	}
}

func TestTheStrictestHoldIsInForce(t *testing.T) {
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	ro := sqlguard.Change{Mode: sqlguard.ReadOnly}
	with := func(c sqlguard.Change, edit func(*sqlguard.Change)) sqlguard.Change { edit(&c); return c }
	type held struct {
		name string
		sqlguard.Change
	}
	for _, tt := range []struct {
		name  string
		holds []held
		want  sqlguard.Change
	}{
		{"no hold is off", nil, sqlguard.Change{}},
		{"one hold is what it asks for", []held{{"a", ro}}, ro},
		{"read-only beats observe, whichever came first",
			[]held{{"a", ro}, {"b", sqlguard.Change{Mode: sqlguard.Observe}}}, ro},
		{"flags of all holders add up",
			[]held{{"a", sqlguard.Change{Anonymous: true}}, {"b", sqlguard.Change{GetOnly: true}}, {"c", ro}},
			sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}},
		{"the message is the strictest holder's",
			[]held{{"a", sqlguard.Change{Mode: sqlguard.Observe, Message: "observing"}}, {"b", with(ro, func(c *sqlguard.Change) { c.Message = "moving" })}},
			with(ro, func(c *sqlguard.Change) { c.Message = "moving" })},
		{"a milder holder's message is used where the strictest has none",
			[]held{{"a", sqlguard.Change{Mode: sqlguard.Observe, Message: "observing"}}, {"b", ro}},
			with(ro, func(c *sqlguard.Change) { c.Message = "observing" })},
		{"among equals the one that has held longest speaks",
			[]held{{"z", with(ro, func(c *sqlguard.Change) { c.Message = "first" })}, {"a", with(ro, func(c *sqlguard.Change) { c.Message = "second" })}},
			with(ro, func(c *sqlguard.Change) { c.Message = "first" })},
		{"the end is the latest one",
			[]held{{"a", with(ro, func(c *sqlguard.Change) { c.Until = noon })}, {"b", with(ro, func(c *sqlguard.Change) { c.Until = noon.Add(time.Hour) })}},
			with(ro, func(c *sqlguard.Change) { c.Until = noon.Add(time.Hour) })},
		{"the end is open if any of the strictest gives none",
			[]held{{"a", with(ro, func(c *sqlguard.Change) { c.Until = noon })}, {"b", ro}}, ro},
		{"a milder holder's end does not count",
			[]held{{"a", with(ro, func(c *sqlguard.Change) { c.Until = noon })}, {"b", sqlguard.Change{Mode: sqlguard.Observe, Until: noon.Add(time.Hour)}}},
			with(ro, func(c *sqlguard.Change) { c.Until = noon })},
		{"a hold that asks for nothing explains nothing",
			[]held{{"a", sqlguard.Change{Message: "nothing"}}}, sqlguard.Change{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{})
			for _, h := range tt.holds {
				hold(t, g, h.name, h.Change)
				for since := time.Now(); !time.Now().After(since); { // until the clock has ticked
				}
			}
			s := g.State()
			got := sqlguard.Change{Mode: s.Mode, Anonymous: s.Anonymous, GetOnly: s.GetOnly,
				Reason: s.Reason, Message: s.Message, By: s.By, Until: s.Until}
			if got != tt.want {
				t.Errorf("state is %+v, want %+v", got, tt.want)
			}
			if len(s.Holds) != len(tt.holds) {
				t.Errorf("state lists %d holds, want %d", len(s.Holds), len(tt.holds))
			}
			if s.On() != g.On() {
				t.Errorf("State.On is %t, Guard.On is %t", s.On(), g.On())
			}
		})
	}
}

func TestHoldersDoNotUndoEachOther(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	hold(t, g, "panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	hold(t, g, "fleet", sqlguard.Change{Mode: sqlguard.ReadOnly})
	if !g.Release("panel") {
		t.Error("releasing a hold said that there was none")
	}
	if g.Mode() != sqlguard.ReadOnly {
		t.Errorf("after one of two released, mode is %s, want read-only", g.Mode())
	}
	if g.Release("panel") {
		t.Error("releasing twice said that there was a hold")
	}
	g.Release("fleet")
	if g.Mode() != sqlguard.Off {
		t.Errorf("after both released, mode is %s, want off", g.Mode())
	}
}

func TestEpochAndSince(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	start := g.State()
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly})
	on := g.State()
	if on.Epoch != start.Epoch+1 || !on.Since.After(start.Since) {
		t.Errorf("a flip took epoch %d to %d, since %s to %s", start.Epoch, on.Epoch, start.Since, on.Since)
	}
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly})
	if again := g.State(); again.Epoch != on.Epoch {
		t.Errorf("asking for the same again took epoch %d to %d", on.Epoch, again.Epoch)
	}
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "soon"})
	if text := g.State(); text.Epoch != on.Epoch+1 || !text.Since.Equal(on.Since) {
		t.Errorf("a new message took epoch %d to %d, and since %s to %s; want the next epoch and the same since",
			on.Epoch, text.Epoch, on.Since, text.Since)
	}
}

func TestAStateIsNotChangedByLaterHolds(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	hold(t, g, "b", sqlguard.Change{Mode: sqlguard.ReadOnly})
	before := g.State()
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.Observe})
	hold(t, g, "b", sqlguard.Change{Mode: sqlguard.Observe})
	if len(before.Holds) != 1 || before.Holds[0].Name != "b" || before.Holds[0].Mode != sqlguard.ReadOnly {
		t.Errorf("an old state now lists %+v", before.Holds)
	}
}

func TestMalformedHoldsAreRefusedAndChangeNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		holder string
		change sqlguard.Change
		want   string
	}{
		{"an empty name", " ", sqlguard.Change{}, "name"},
		{"a name too long", strings.Repeat("n", 65), sqlguard.Change{}, "name"},
		{"a mode that does not exist", "a", sqlguard.Change{Mode: 9}, "Change.Mode"},
		{"a message too long", "a", sqlguard.Change{Message: strings.Repeat("m", 2049)}, "Change.Message"},
		{"a reason too long", "a", sqlguard.Change{Reason: strings.Repeat("m", 2049)}, "Change.Reason"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{})
			err := g.Hold(tt.holder, tt.change)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that names %s", err, tt.want)
			}
			if g.State().Epoch != 0 {
				t.Error("the state has changed all the same")
			}
		})
	}
}

func TestSubscribeIsLevelTriggered(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	changed, stop := g.Subscribe()
	<-changed // the state as it is now
	for range 3 {
		hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly})
		g.Release("a")
	}
	<-changed
	if g.Mode() != sqlguard.Off {
		t.Error("the last change is not what is seen")
	}
	select {
	case <-changed:
		t.Error("six changes that nobody looked at came as more than one")
	default:
	}
	stop()
	stop()
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly})
	select {
	case <-changed:
		t.Error("a stopped subscription is still told")
	default:
	}
}

func TestFlippingFromManyGoroutines(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	v := sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert}
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			var last uint64
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := g.State()
				if s.Epoch < last {
					t.Errorf("epoch went back from %d to %d", last, s.Epoch)
					return
				}
				last = s.Epoch
				if _, err := g.Decide(context.Background(), "test", &v); err != nil && !errors.Is(err, sqlguard.ErrReadOnly) {
					t.Errorf("refused with %v", err)
					return
				}
			}
		})
	}
	for _, name := range []string{"a", "b"} {
		writers.Go(func() {
			for range 2000 {
				if err := g.Hold(name, sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
					t.Error(err)
				}
				if g.Mode() != sqlguard.ReadOnly {
					t.Error("my hold is not in force")
				}
				g.Release(name)
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if s := g.State(); s.Mode != sqlguard.Off || s.Epoch != 8000 {
		t.Errorf("after 8,000 changes the mode is %s and the epoch %d", s.Mode, s.Epoch)
	}
}

func TestStateAsJSON(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	hold(t, g, "panel", sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, Message: "moving"})
	text, err := json.Marshal(g.State())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"mode":"read-only"`, `"anonymous":true`, `"message":"moving"`, `"epoch":1`, `"name":"panel"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	if strings.Contains(string(text), "until") {
		t.Errorf("%s gives an end that is not known", text)
	}
}

func TestRetryAfterIsInWholeSeconds(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		until time.Time
		want  time.Duration
	}{
		{"no end is known", time.Time{}, 0},
		{"the end has passed", now.Add(-time.Second), 0},
		{"the end is now", now, 0},
		{"a part of a second counts as one", now.Add(time.Millisecond), time.Second},
		{"a whole number of seconds stays", now.Add(2 * time.Second), 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (sqlguard.State{Until: tt.until}).RetryAfter(now); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
