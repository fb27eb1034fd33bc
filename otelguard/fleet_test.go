package otelguard_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

func TestTheFleetIsMeasured(t *testing.T) {
	store, guard := fleettest.NewMemory(), newGuard(t)
	var failing atomic.Bool
	called := make(chan struct{}, 1)
	other := store.Client()
	store.Fault = func(context.Context, string) error {
		select {
		case called <- struct{}{}:
		default:
		}
		if failing.Load() {
			return errors.New("no route to the store")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	member, err := fleet.Join(ctx, guard, store, fleet.Config{Service: "web", Heartbeat: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	// A call of the store comes after what the one before has told is in the status.
	await := func(what func(fleet.Status) bool) {
		for !what(member.Status()) {
			<-called
		}
	}
	if err := member.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(func(s fleet.Status) bool { return s.Mode.State == fleet.Open })
	m := measure(t, guard, otelguard.Config{Member: member})
	m.want(t, map[string]float64{
		"quiesce_fleet_armed": 0, "quiesce_fleet_failing": 0, "quiesce_lease_remaining_seconds": 0, "quiesce_fleet_alarm": 0, "quiesce_overdue_seconds": 0,
	})
	_, err = other.Swap(t.Context(), 1, fleet.Mode{
		State: fleet.Armed, Op: "op", Change: sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(-time.Minute)},
	})
	if err != nil {
		t.Fatal(err)
	}
	await(func(s fleet.Status) bool { return s.Mode.State == fleet.Armed && s.LeaseLeft > 0 && s.Alarm != "" })
	m.want(t, map[string]float64{"quiesce_fleet_armed": 1, "quiesce_fleet_failing": 0, "quiesce_fleet_alarm": 1})
	series := m.scrape(t)
	if left := series["quiesce_lease_remaining_seconds"]; left <= 0 || left > fleet.DefaultTTL.Seconds() {
		t.Errorf("a lease of %v s", left)
	}
	if late := series["quiesce_overdue_seconds"]; late < 60 {
		t.Errorf("late by %v s", late)
	}
	failing.Store(true)
	await(func(s fleet.Status) bool { return s.Err != nil })
	m.want(t, map[string]float64{"quiesce_fleet_failing": 1})
}

func TestAVerificationTellsOfUnguardedWriters(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	m.want(t, map[string]float64{"quiesce_unguarded_writers": -1, "quiesce_unguarded_moved": -1, "quiesce_fleet_armed": -1})
	m.telemetry.Verified(verify.Report{Writers: make([]verify.Writer, 2), Moved: make([]verify.Moved, 1)})
	m.want(t, map[string]float64{"quiesce_unguarded_writers": 2, "quiesce_unguarded_moved": 1, "quiesce_verification_failing": 0})
	m.telemetry.Verified(verify.Report{Quiet: true})
	m.want(t, map[string]float64{"quiesce_unguarded_writers": 0, "quiesce_unguarded_moved": 0})
}
