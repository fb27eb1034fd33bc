package fleettest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
)

func TestMemoryIsAStore(t *testing.T) {
	fleettest.Run(t, func(testing.TB) fleet.Coordinator { return fleettest.NewMemory() })
}

func TestMemoryIsAStoreOfSeveralClients(t *testing.T) {
	fleettest.Race(t, func(testing.TB) []fleet.Coordinator {
		m := fleettest.NewMemory()
		return []fleet.Coordinator{m, m.Client(), m.Client()}
	})
}

func record() fleet.Instance {
	return fleet.Instance{ID: "a", Lease: "lease", Service: "web", Protocol: fleet.Protocol, TTL: 15 * time.Second}
}

func TestARecordExpiresByTheNanosecond(t *testing.T) {
	for _, c := range []struct {
		name    string
		elapsed time.Duration
		want    error
	}{
		{"a nanosecond before its end it is renewed", 15*time.Second - 1, nil},
		{"at its end it is renewed", 15 * time.Second, nil},
		{"a nanosecond late it is refused", 15*time.Second + 1, fleet.ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC)
			m := fleettest.NewMemory()
			m.Now = func() time.Time { return now }
			if _, err := m.Register(t.Context(), record()); err != nil {
				t.Fatal(err)
			}
			now = now.Add(c.elapsed)
			all, err := m.List(t.Context())
			if err != nil || all.Instances[0].ExpiresIn != 15*time.Second-c.elapsed {
				t.Errorf("it expires in %s (%v)", all.Instances[0].ExpiresIn, err)
			}
			if _, err := m.Heartbeat(t.Context(), "a", "lease", fleet.Report{}); !errors.Is(err, c.want) {
				t.Errorf("the heartbeat: %v, want %v", err, c.want)
			}
		})
	}
}

func TestFaultsOfMemory(t *testing.T) {
	broken := errors.New("broken")
	swapIn := fleet.Mode{State: fleet.Open}
	t.Run("a request that is lost changes nothing", func(t *testing.T) {
		m := fleettest.NewMemory()
		m.Fault = func(_ context.Context, method string) error {
			if method == "Swap" {
				return broken
			}
			return nil
		}
		if _, err := m.Swap(t.Context(), 1, swapIn); !errors.Is(err, broken) {
			t.Errorf("swap: %v", err)
		}
		if mode, err := m.Mode(t.Context()); err != nil || mode.Epoch != 1 {
			t.Errorf("the mode is %+v (%v), want epoch 1", mode, err)
		}
	})
	t.Run("an answer that is lost leaves the change", func(t *testing.T) {
		m := fleettest.NewMemory()
		other := m.Client()
		m.Lost = func(context.Context, string) error { return broken }
		if mode, err := m.Swap(t.Context(), 1, swapIn); !errors.Is(err, broken) || mode.Epoch != 0 {
			t.Errorf("swap: %+v, %v", mode, err)
		}
		if mode, err := other.Mode(t.Context()); err != nil || mode.Epoch != 2 {
			t.Errorf("the mode is %+v (%v), want epoch 2", mode, err)
		}
	})
	t.Run("a call that hangs ends with its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := fleettest.NewMemory()
			m.Fault = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := m.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("list: %v", err)
			}
		})
	})
}

func TestEachClientOfMemoryGetsAHint(t *testing.T) {
	m := fleettest.NewMemory()
	other := m.Client()
	for range 2 { // the second hint comes as one with the first
		mode, err := m.Mode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Swap(t.Context(), mode.Epoch, fleet.Mode{State: fleet.Open}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		m    *fleettest.Memory
	}{{"the one that swapped", m}, {"another", other}} {
		if n := len(c.m.Changed()); n != 1 {
			t.Errorf("%s has %d hints, want 1", c.name, n)
		}
	}
}

func TestRestoreBringsAnOldRecordBack(t *testing.T) {
	m := fleettest.NewMemory()
	if _, err := m.Swap(t.Context(), 1, fleet.Mode{State: fleet.Open}); err != nil {
		t.Fatal(err)
	}
	if err := m.Restore(fleet.Mode{}); err == nil {
		t.Error("a record that is not valid was restored")
	}
	if err := m.Restore(fleet.Mode{State: fleet.Open, Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	if mode, err := m.Mode(t.Context()); err != nil || mode.Epoch != 1 {
		t.Errorf("the mode is %+v (%v), want epoch 1", mode, err)
	}
}
