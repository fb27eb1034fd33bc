package sqlguard_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Times of an announced night.
var (
	evening  = time.Date(2026, 6, 1, 20, 0, 0, 0, time.UTC)
	midnight = evening.Add(4 * time.Hour)
	morning  = evening.Add(10 * time.Hour)
)

func TestAnAnnouncementIsToldAndIsNoMode(t *testing.T) {
	move := sqlguard.Change{Announced: midnight, Until: morning, Message: "moving at midnight", Reason: "move", By: "ada"}
	type told struct {
		announced, until time.Time
		message, reason  string
	}
	asMove := told{midnight, morning, "moving at midnight", "move"}
	for _, tt := range []struct {
		name  string
		holds map[string]sqlguard.Change
		want  told
	}{
		{"nothing is announced", map[string]sqlguard.Change{"a": {Message: "nothing"}}, told{}},
		{"with the mode off it speaks", map[string]sqlguard.Change{"a": move}, asMove},
		{"the earliest of several speaks", map[string]sqlguard.Change{
			"a": {Announced: morning, Message: "later", Until: morning.Add(time.Hour)}, "b": move, "c": {Announced: morning, Message: "later"},
		}, asMove},
		{"a hold that asks for nothing and announces nothing stays silent", map[string]sqlguard.Change{
			"a": {Message: "nothing"}, "b": {Announced: midnight},
		}, told{announced: midnight}},
		{"over a rehearsal, which nobody notices, it speaks first", map[string]sqlguard.Change{
			"a": {Mode: sqlguard.Observe, Until: evening, Message: "rehearsing", Reason: "rehearsal"}, "b": move,
		}, asMove},
		{"what it leaves out the rehearsal says", map[string]sqlguard.Change{
			"a": {Mode: sqlguard.Observe, Until: evening, Reason: "rehearsal"}, "b": {Announced: midnight},
		}, told{announced: midnight, reason: "rehearsal"}},
		{"a rehearsal can announce", map[string]sqlguard.Change{
			"a": {Mode: sqlguard.Observe, Announced: midnight, Until: morning, Message: "moving at midnight", Reason: "move"},
		}, asMove},
		{"an earlier announcement speaks before a rehearsal's own", map[string]sqlguard.Change{
			"a": {Mode: sqlguard.Observe, Announced: morning, Message: "later"}, "b": move,
		}, asMove},
		{"a mode that visitors notice explains itself", map[string]sqlguard.Change{
			"a": {Anonymous: true, Until: evening, Message: "signing in is paused", Reason: "sessions"}, "b": move,
		}, told{midnight, evening, "signing in is paused", "sessions"}},
		{"and its end stays open", map[string]sqlguard.Change{
			"a": {GetOnly: true}, "b": move,
		}, told{midnight, time.Time{}, "moving at midnight", "move"}},
		{"read-only mode drops it, and what it says", map[string]sqlguard.Change{
			"a": {Mode: sqlguard.ReadOnly}, "b": move,
		}, told{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{})
			on := false
			for name, c := range tt.holds {
				hold(t, g, name, c)
				on = on || c.Mode != sqlguard.Off || c.Anonymous || c.GetOnly
			}
			s := g.State()
			if got := (told{s.Announced, s.Until, s.Message, s.Reason}); got != tt.want {
				t.Errorf("the state says %+v, want %+v", got, tt.want)
			}
			if s.On() != on || g.On() != on {
				t.Errorf("State.On is %t and Guard.On %t, want %t", s.On(), g.On(), on)
			}
		})
	}
}

func TestAMalformedAnnouncementIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		want   string
	}{
		{"of what has begun", sqlguard.Change{Mode: sqlguard.ReadOnly, Announced: midnight}, "Change.Announced"},
		{"that JSON cannot hold", sqlguard.Change{Announced: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "Change.Announced"},
		{"that ends before it begins", sqlguard.Change{Announced: midnight, Until: evening}, "Change.Until"},
		{"that ends as it begins", sqlguard.Change{Announced: midnight, Until: midnight}, "Change.Until"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{})
			err := g.Hold("test", tt.change)
			if err == nil || !strings.Contains(err.Error(), "the field "+tt.want) {
				t.Errorf("error is %v, want one that names %s", err, tt.want)
			}
			if g.State().Epoch != 0 {
				t.Error("the state has changed all the same")
			}
		})
	}
}

func TestAnAnnouncementIsAChangeThatBeginsNothing(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	since := g.State().Since
	changed, stop := g.Subscribe()
	defer stop()
	<-changed
	for i, at := range []time.Time{midnight, midnight.In(time.FixedZone("", 3600)), midnight.Add(time.Minute)} {
		hold(t, g, "test", sqlguard.Change{Announced: at})
		told := false
		select {
		case <-changed:
			told = true
		default:
		}
		if again := i == 1; told == again {
			t.Errorf("announcing %s told subscribers: %t", at, told)
		}
	}
	s := g.State()
	if s.Epoch != 2 || !s.Since.Equal(since) {
		t.Errorf("epoch %d, since %s; want 2 and %s", s.Epoch, s.Since, since)
	}
	text, err := json.Marshal(s)
	if err != nil || strings.Count(string(text), `"announced":"2026-06-02T00:01:00Z"`) != 2 { // of the state and its hold
		t.Errorf("%v: %s", err, text)
	}
}

func TestTheEndOfAnAnnouncementIsNotWhenToRetry(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	write := sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert}
	soon := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		known  bool
	}{
		{"while the mode is on its end is", sqlguard.Change{Mode: sqlguard.ReadOnly, Until: soon}, true},
		{"in a refusal that outlived the mode it is not known", sqlguard.Change{Announced: time.Now(), Until: soon}, false},
	} {
		hold(t, g, "test", tt.change)
		if err := g.Refuse(t.Context(), "test", &write, ""); (err.RetryAfter > 0) != tt.known {
			t.Errorf("%s: retry after %s", tt.name, err.RetryAfter)
		}
	}
}

func TestTheSlogObserverTellsOfAnAnnouncement(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	g := newGuard(t, sqlguard.Config{Observer: sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: logger})})
	for _, tt := range []struct {
		change sqlguard.Change
		want   any
	}{
		{sqlguard.Change{Announced: midnight}, "2026-06-02T00:00:00Z"},
		{sqlguard.Change{Mode: sqlguard.ReadOnly}, nil},
	} {
		out.Reset()
		hold(t, g, "test", tt.change)
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line["announced"] != tt.want || line["mode"] != tt.change.Mode.String() {
			t.Errorf("the line says %v, want %v announced", line, tt.want)
		}
	}
}
