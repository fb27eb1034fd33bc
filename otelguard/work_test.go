package otelguard_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestOpenWorkAndDrainsAreMeasured(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	open := func(kind string) string { return fmt.Sprintf("quiesce_work_open{quiesce_work=%q}", kind) }
	m.want(t, map[string]float64{open("transaction"): 0, open("statement"): 0})
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.Observe})
	tx, err := m.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO orders VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	m.want(t, map[string]float64{open("transaction"): 1, open("statement"): 0, `quiesce_work_oldest_seconds{quiesce_work="statement"}`: 0})
	if m.scrape(t)[`quiesce_work_oldest_seconds{quiesce_work="transaction"}`] <= 0 {
		t.Error("the transaction has no age")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if _, err := m.guard.Drain(ended); err == nil {
			t.Error("drained, with a transaction open")
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.guard.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.want(t, map[string]float64{
		open("transaction"): 0, "quiesce_work_unknown": 0,
		`quiesce_drain_duration_seconds_count{quiesce_drain_result="given_up"}`: 2,
		`quiesce_drain_duration_seconds_count{quiesce_drain_result="drained"}`:  1,
	})
}

func TestADrainThatLeavesAnUnknownOutcomeIsGivenUp(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	drained := func(age time.Duration) {
		m.telemetry.Observe(t.Context(), sqlguard.Event{Kind: sqlguard.Drained, Mode: sqlguard.ReadOnly, Drain: &sqlguard.DrainReport{
			Unknown: []sqlguard.OpenWork{{Age: age}},
		}})
	}
	drained(sqlguard.DefaultTail - 1)
	m.want(t, map[string]float64{`quiesce_drain_duration_seconds_count{quiesce_drain_result="given_up"}`: 1})
	drained(sqlguard.DefaultTail) // which the server has ended by now
	m.want(t, map[string]float64{`quiesce_drain_duration_seconds_count{quiesce_drain_result="drained"}`: 1})
}

func TestOverdueIsMeasuredFromTheExpectedEnd(t *testing.T) {
	for name, test := range map[string]struct {
		change sqlguard.Change
		late   bool
	}{
		"no end is expected":           {sqlguard.Change{Mode: sqlguard.ReadOnly}, false},
		"the end is to come":           {sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(time.Hour)}, false},
		"the end has passed":           {sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(-time.Hour)}, true},
		"nothing is in force any more": {sqlguard.Change{Until: time.Now().Add(-time.Hour)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := measure(t, newGuard(t), otelguard.Config{})
			hold(t, m.guard, test.change)
			if late := m.scrape(t)["quiesce_overdue_seconds"]; (late >= 3600) != test.late || !test.late && late != 0 {
				t.Errorf("late by %v", late)
			}
		})
	}
}
