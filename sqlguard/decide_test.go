package sqlguard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// eventLog is an observer that keeps what it is told.
type eventLog struct {
	sync.Mutex
	events []sqlguard.Event
}

func (l *eventLog) Observe(_ context.Context, e sqlguard.Event) {
	l.Lock()
	defer l.Unlock()
	l.events = append(l.events, e)
}

func (l *eventLog) kinds() (kinds []string) {
	for _, e := range l.events {
		kinds = append(kinds, e.Kind.String())
	}
	return kinds
}

func TestEveryDecisionIsToldAndCounted(t *testing.T) {
	background := context.Background()
	policy := sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"hits"}, Action: sqlguard.Skip}}}
	for _, tt := range []struct {
		name    string
		mode    sqlguard.Mode
		ctx     context.Context
		verdict sqlguard.Verdict
		kind    string // of the event; empty for none
		would   sqlguard.Decision
		counts  sqlguard.Counts
	}{
		{"a refusal", sqlguard.ReadOnly, background, writes(sqlguard.OpInsert, "t"), "rejected", sqlguard.Refuse, sqlguard.Counts{Rejected: 1}},
		{"a skip", sqlguard.ReadOnly, background, writes(sqlguard.OpInsert, "hits"), "skipped", sqlguard.Drop, sqlguard.Counts{Skipped: 1}},
		{"a bypass of a refusal", sqlguard.ReadOnly, sqlguard.WithBypass(background, "night shift"), writes(sqlguard.OpInsert, "t"), "bypassed", sqlguard.Refuse, sqlguard.Counts{Bypassed: 1}},
		{"a bypass of a skip", sqlguard.ReadOnly, sqlguard.WithBypass(background, "night shift"), writes(sqlguard.OpInsert, "hits"), "bypassed", sqlguard.Drop, sqlguard.Counts{Bypassed: 1}},
		{"an observed refusal", sqlguard.Observe, background, writes(sqlguard.OpInsert, "t"), "observed", sqlguard.Refuse, sqlguard.Counts{Observed: 1}},
		{"an observed skip", sqlguard.Observe, background, writes(sqlguard.OpInsert, "hits"), "observed", sqlguard.Drop, sqlguard.Counts{Observed: 1}},
		{"an observed escape", sqlguard.Observe, background, class(sqlguard.Escape), "observed", sqlguard.Refuse, sqlguard.Counts{Observed: 1}},
		{"a read that passes", sqlguard.ReadOnly, background, class(sqlguard.Read), "", 0, sqlguard.Counts{}},
		{"a read that is observed", sqlguard.Observe, background, class(sqlguard.Read), "", 0, sqlguard.Counts{}},
		{"a read that needs no bypass", sqlguard.ReadOnly, sqlguard.WithBypass(background, "night shift"), class(sqlguard.Read), "", 0, sqlguard.Counts{}},
		{"a write while off", sqlguard.Off, background, writes(sqlguard.OpInsert, "t"), "", 0, sqlguard.Counts{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := &eventLog{}
			g := newGuard(t, sqlguard.Config{Policy: policy})
			hold(t, g, "test", sqlguard.Change{Mode: tt.mode})
			g.SetObserver(sqlguard.Observers(nil, log))
			decision, err := g.Decide(tt.ctx, "postgres", &tt.verdict)
			if got := g.Counts(); got != tt.counts {
				t.Errorf("counts are %+v, want %+v", got, tt.counts)
			}
			if tt.kind == "" {
				if decision != sqlguard.Pass || err != nil || len(log.events) > 0 {
					t.Errorf("decision is %d, error %v, events %v; want a pass without events", decision, err, log.kinds())
				}
				return
			}
			if !slices.Equal(log.kinds(), []string{tt.kind}) {
				t.Fatalf("events are %v, want one %s", log.kinds(), tt.kind)
			}
			e := log.events[0]
			if e.Mode != tt.mode || e.Epoch != g.State().Epoch || e.Dialect != "postgres" || e.Class != tt.verdict.Class || e.Op != tt.verdict.Op || e.Would != tt.would {
				t.Errorf("event is %+v", e)
			}
			if wantReason := map[string]string{"bypassed": "night shift"}[tt.kind]; e.Reason != wantReason {
				t.Errorf("event's reason is %q, want %q", e.Reason, wantReason)
			}
		})
	}
}

func TestFlipsAreToldInOrder(t *testing.T) {
	log := &eventLog{}
	g := newGuard(t, sqlguard.Config{Observer: log})
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly, By: "ada"})
	g.Release("a")
	g.SetObserver(nil)
	hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly})
	if len(log.events) != 2 {
		t.Fatalf("events are %v, want two", log.kinds())
	}
	if on, off := log.events[0], log.events[1]; on.Kind != sqlguard.Flipped || on.State.By != "ada" || on.Epoch != 1 || off.State.On() || off.Epoch != 2 {
		t.Errorf("events are %+v", log.events)
	}
}

func TestARefusalSaysWhatAnOperatorNeeds(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "secret plan", Until: time.Now().Add(90 * time.Minute)})
	v := writes(sqlguard.OpInsert, "public.users", "log")
	_, err := g.Decide(context.Background(), "postgres", &v)
	var blocked *sqlguard.BlockedError
	if !errors.As(fmt.Errorf("wrapped: %w", err), &blocked) {
		t.Fatalf("error is %v", err)
	}
	if want := "quiesce: refused in read-only mode: INSERT (public.users, log): writes"; blocked.Error() != want {
		t.Errorf("error says %q, want %q", blocked, want)
	}
	if blocked.RetryAfter <= 89*time.Minute || blocked.RetryAfter > 90*time.Minute || blocked.RetryAfter%time.Second != 0 {
		t.Errorf("RetryAfter is %s, want whole seconds, at most 90 minutes", blocked.RetryAfter)
	}
	if blocked.SQLState() != "25006" || blocked.HTTPStatus() != 503 || blocked.Mode != sqlguard.ReadOnly || blocked.Epoch != 1 || blocked.Dialect != "postgres" {
		t.Errorf("error is %+v", blocked)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Error("the operators' reason is in the error")
	}
}

func TestARefusalNamesEachTableOnceAndNotTooMany(t *testing.T) {
	few := writes(sqlguard.OpInsert, "a", "b")
	few.Tables = append(few.Tables, table(sqlguard.OpUpdate, "a"))
	many := writes(sqlguard.OpUpdate)
	for i := range 100 {
		many.Tables = append(many.Tables, table(sqlguard.OpUpdate, fmt.Sprintf("t%d", i)))
	}
	for want, v := range map[string]*sqlguard.Verdict{
		"quiesce: refused in read-only mode: INSERT (a, b): writes":                                       &few,
		"quiesce: refused in read-only mode: UPDATE (t0, t1, t2, t3, t4, t5, t6, t7 and 92 more): writes": &many,
	} {
		g := newGuard(t, sqlguard.Config{})
		hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly})
		if _, err := g.Decide(context.Background(), "test", v); err == nil || err.Error() != want {
			t.Errorf("the error says %q, want %q", err, want)
		}
	}
}

func TestWritable(t *testing.T) {
	background := context.Background()
	for _, tt := range []struct {
		name string
		mode sqlguard.Mode
		ctx  context.Context
		want bool
	}{
		{"while off", sqlguard.Off, background, true},
		{"while observing", sqlguard.Observe, background, true},
		{"not while read-only", sqlguard.ReadOnly, background, false},
		{"with a bypass", sqlguard.ReadOnly, sqlguard.WithBypass(background, "why"), true},
		{"not with a bypass that has no reason", sqlguard.ReadOnly, sqlguard.WithBypass(background, ""), false},
		{"not by best effort", sqlguard.ReadOnly, sqlguard.WithBestEffort(background), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{})
			hold(t, g, "test", sqlguard.Change{Mode: tt.mode})
			ctx, rec := sqlguard.WithRecorder(tt.ctx)
			err := g.Writable(ctx)
			if (err == nil) != tt.want || err != nil && !errors.Is(err, sqlguard.ErrReadOnly) {
				t.Errorf("error is %v, want writable %t", err, tt.want)
			}
			if (rec.Blocked() == nil) != tt.want {
				t.Errorf("recorder notes %v", rec.Blocked())
			}
			if rejected := g.Counts().Rejected; (rejected == 0) != tt.want {
				t.Errorf("rejected is %d", rejected)
			}
		})
	}
}

func TestTheRecorderKeepsTheFirstRefusalAndCountsSkips(t *testing.T) {
	g := newGuard(t, sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"hits"}, Action: sqlguard.Skip}}}})
	hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly})
	ctx, rec := sqlguard.WithRecorder(context.Background())
	if sqlguard.RecorderFrom(ctx) != rec || sqlguard.RecorderFrom(context.Background()) != nil {
		t.Error("the recorder is not found where it was put, or where it was not")
	}
	for _, v := range []sqlguard.Verdict{writes(sqlguard.OpUpdate, "hits"), writes(sqlguard.OpInsert, "first"), writes(sqlguard.OpInsert, "second"), writes(sqlguard.OpUpdate, "hits")} {
		g.Decide(ctx, "test", &v)
	}
	if rec.Skipped() != 2 {
		t.Errorf("skipped is %d, want 2", rec.Skipped())
	}
	if b := rec.Blocked(); b == nil || b.Tables[0].Name != "first" {
		t.Errorf("blocked is %v, want the first", b)
	}
}

func TestDecidingCostsAtMostOneAllocation(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	ctx, _ := sqlguard.WithRecorder(context.Background())
	write, read := writes(sqlguard.OpInsert, "t"), class(sqlguard.Read)
	allocations := func(v *sqlguard.Verdict) float64 {
		return testing.AllocsPerRun(100, func() { g.Decide(ctx, "test", v) })
	}
	if n := allocations(&write); n != 0 {
		t.Errorf("off: %v allocations, want 0", n)
	}
	hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly})
	if n := allocations(&read); n != 0 {
		t.Errorf("a read: %v allocations, want 0", n)
	}
	if n := allocations(&write); n != 1 {
		t.Errorf("a refusal: %v allocations, want 1, the error itself", n)
	}
}

func TestTheSlogObserverSaysTheSameThingOncePerInterval(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	observer := sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: logger, Every: time.Hour})
	g := newGuard(t, sqlguard.Config{Observer: observer})
	hold(t, g, "panel", sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "the move", By: "ada"})
	users, log := writes(sqlguard.OpInsert, "users"), writes(sqlguard.OpInsert, "log")
	for range 3 {
		g.Decide(context.Background(), "postgres", &users)
	}
	g.Decide(context.Background(), "postgres", &log)

	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines, want a flip and two refusals:\n%s", len(lines), out.String())
	}
	if lines[0]["mode"] != "read-only" || lines[0]["reason"] != "the move" || lines[0]["by"] != "ada" {
		t.Errorf("the flip says %v", lines[0])
	}
	if lines[1]["tables"] != "users" || lines[1]["op"] != "INSERT" || lines[1]["level"] != "WARN" || lines[2]["tables"] != "log" {
		t.Errorf("the refusals say %v and %v", lines[1], lines[2])
	}
}

func TestCombine(t *testing.T) {
	read, session, write := class(sqlguard.Read), class(sqlguard.Session), writes(sqlguard.OpInsert, "t")
	for _, tt := range []struct {
		name  string
		parts []sqlguard.Verdict
		want  sqlguard.Class
	}{
		{"no statement is a read", nil, sqlguard.Read},
		{"one statement is itself", []sqlguard.Verdict{session}, sqlguard.Session},
		{"the zero class is a write", []sqlguard.Verdict{{}, read}, sqlguard.Write},
		{"session is worse than read", []sqlguard.Verdict{read, session}, sqlguard.Session},
		{"lock is worse than unproven", []sqlguard.Verdict{unproven("f"), class(sqlguard.Lock), read}, sqlguard.Write},
		{"write is worse than lock", []sqlguard.Verdict{class(sqlguard.Lock), write}, sqlguard.Write},
		{"schema is worse than write", []sqlguard.Verdict{write, class(sqlguard.Schema)}, sqlguard.Schema},
		{"escape is worst", []sqlguard.Verdict{class(sqlguard.Schema), class(sqlguard.Escape), write}, sqlguard.Escape},
		{"unproven beside reads stays unproven", []sqlguard.Verdict{read, unproven("f")}, sqlguard.Unproven},
		{"unproven beside a session statement is a write", []sqlguard.Verdict{session, unproven("f")}, sqlguard.Write},
		{"unproven beside an escape is an escape", []sqlguard.Verdict{class(sqlguard.Escape), unproven("f")}, sqlguard.Escape},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := sqlguard.Combine(tt.parts)
			if got.Class != tt.want {
				t.Errorf("class is %s, want %s", got.Class, tt.want)
			}
			if len(tt.parts) > 1 && len(got.Parts) != len(tt.parts) {
				t.Errorf("%d parts, want %d", len(got.Parts), len(tt.parts))
			}
		})
	}
	all := sqlguard.Combine([]sqlguard.Verdict{
		with(write, func(v *sqlguard.Verdict) { v.Commits = true }),
		{Class: sqlguard.Session, Shadows: true, Functions: true, AtPrepare: true, FoldCase: true, Complete: false, Calls: []string{"f"}},
	})
	if !all.Commits || !all.Shadows || !all.Functions || !all.AtPrepare || !all.FoldCase || all.Complete || len(all.Tables) != 1 || len(all.Calls) != 1 {
		t.Errorf("flags and lists of the parts are lost: %+v", all)
	}
}
