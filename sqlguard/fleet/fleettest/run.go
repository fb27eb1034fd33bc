package fleettest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// A test is of one sentence of the interface.
type test struct {
	name string
	run  func(t *testing.T, c fleet.Coordinator)
}

// Run holds a store to each sentence of [fleet.Coordinator], in tests named after
// them. open returns a store that was initialised and in which nothing else is; it is called for each test
// anew. The tests wait for records to expire on the store's clock, which is not to stand still.
func Run(t *testing.T, open func(t testing.TB) fleet.Coordinator) {
	var all []test
	for _, some := range [][]test{modeTests, recordTests, expiryTests, listTests, logTests, reportTests, deadlineTests} {
		all = append(all, some...)
	}
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) { one.run(t, open(t)) })
	}
	Race(t, func(t testing.TB) []fleet.Coordinator {
		c := open(t)
		return []fleet.Coordinator{c, c, c}
	})
}

// instance returns the record of a process, which does not expire while a test runs.
func instance(id string) fleet.Instance {
	return fleet.Instance{
		ID: id, Lease: "lease of " + id, Service: "web", Host: "web-1.example", PID: 4711, Version: "v1.2.3",
		Protocol: fleet.Protocol, TTL: time.Hour, Tail: 5 * time.Second,
		Report: fleet.Report{Epoch: 1, Open: 2, Oldest: 1500 * time.Microsecond, Work: "INSERT orders", Alarm: "look at me"},
	}
}

// armed, closed and open are records to swap in.
func armed(op string) fleet.Mode {
	return fleet.Mode{State: fleet.Armed, Op: op, Change: sqlguard.Change{
		Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true,
		Reason: "ticket 4711", Message: "Back at noon.", By: "ada@ops-1",
		Until: time.Date(2026, 3, 29, 2, 30, 0, 123456000, time.UTC), Grace: 1500 * time.Millisecond,
	}}
}

func closed(op string) fleet.Mode {
	m := armed(op)
	m.State = fleet.Closed
	return m
}

func opened() fleet.Mode { return fleet.Mode{State: fleet.Open} }

// must returns what a call returned, and ends the test if it failed.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		succeed(t, err)
		return v
	}
}

func succeed(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// swap changes the mode, whatever it is.
func swap(t testing.TB, c fleet.Coordinator, next fleet.Mode) fleet.Mode {
	t.Helper()
	now := must[fleet.Mode](t)(c.Mode(t.Context()))
	return must[fleet.Mode](t)(c.Swap(t.Context(), now.Epoch, next))
}

// list returns the fleet, and the record with an id; nil if there is none.
func list(t testing.TB, c fleet.Coordinator, id string) (fleet.Snapshot, *fleet.Instance) {
	t.Helper()
	all := must[fleet.Snapshot](t)(c.List(t.Context()))
	for i := range all.Instances {
		if all.Instances[i].ID == id {
			return all, &all.Instances[i]
		}
	}
	return all, nil
}

// same fails the test unless two values have the same JSON.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	g, w := text(t, got), text(t, want)
	if g != w {
		t.Errorf("%s is\n%s, want\n%s", what, g, w)
	}
}

func text(t testing.TB, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	succeed(t, err)
	return string(encoded)
}

// awaitExpired returns when the record has expired on the store's clock.
func awaitExpired(t testing.TB, c fleet.Coordinator, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		_, r := list(t, c, id)
		switch {
		case r == nil:
			t.Fatalf("the record of %s is gone", id)
		case r.ExpiresIn < 0:
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the record of %s does not expire", id)
}
