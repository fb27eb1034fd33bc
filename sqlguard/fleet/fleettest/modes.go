package fleettest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

var modeTests = []test{
	{"a new store is open with epoch 1", func(t *testing.T, c fleet.Coordinator) {
		m := must[fleet.Mode](t)(c.Mode(t.Context()))
		if m.State != fleet.Open || m.Epoch != 1 || m.Check() != nil {
			t.Errorf("the mode is %+v, want a valid one that is open with epoch 1", m)
		}
	}},
	{"swap returns what was written, with the store's epoch and time", func(t *testing.T, c fleet.Coordinator) {
		next := armed("op")
		next.Epoch, next.Since = 99, next.Change.Until // which are not the caller's to set
		written := must[fleet.Mode](t)(c.Swap(t.Context(), 1, next))
		all, _ := list(t, c, "")
		if written.Epoch == 99 || written.Epoch <= 1 {
			t.Errorf("the epoch is %d, want the store's own", written.Epoch)
		}
		if written.Since.After(all.Now) || written.Since.Equal(next.Since) {
			t.Errorf("it is since %s, want a time on the store's clock, which is %s now", written.Since, all.Now)
		}
		want := armed("op")
		want.Epoch, want.Since = written.Epoch, written.Since
		same(t, "what swap returns", written, want)
		same(t, "the mode", must[fleet.Mode](t)(c.Mode(t.Context())), want)
		same(t, "the mode in the list", all.Mode, want)
	}},
	{"swap of another epoch is a conflict that shows the current record", func(t *testing.T, c fleet.Coordinator) {
		current := swap(t, c, armed("first"))
		for _, expected := range []uint64{0, 1, current.Epoch + 1, 1<<63 + 5} {
			_, err := c.Swap(t.Context(), expected, closed("second"))
			var conflict *fleet.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("swap with epoch %d: %v, want a conflict", expected, err)
			}
			if conflict.Expected != expected {
				t.Errorf("the conflict is with epoch %d, want %d", conflict.Expected, expected)
			}
			same(t, "the record in the conflict", conflict.Current, current)
		}
		same(t, "the mode", must[fleet.Mode](t)(c.Mode(t.Context())), current)
	}},
	{"swap twice is a conflict that shows one's own record", func(t *testing.T, c fleet.Coordinator) {
		written := must[fleet.Mode](t)(c.Swap(t.Context(), 1, armed("mine")))
		_, err := c.Swap(t.Context(), 1, armed("mine"))
		var conflict *fleet.ConflictError
		if !errors.As(err, &conflict) {
			t.Fatalf("the second swap: %v, want a conflict", err)
		}
		same(t, "the record in the conflict", conflict.Current, written)
	}},
	{"swap of a record that is not valid changes nothing", func(t *testing.T, c fleet.Coordinator) {
		broken := armed("")
		if _, err := c.Swap(t.Context(), 1, broken); err == nil || !strings.Contains(err.Error(), "Mode.Op") {
			t.Errorf("swap: %v, want an error that names the field", err)
		}
		if m := must[fleet.Mode](t)(c.Mode(t.Context())); m.Epoch != 1 || m.State != fleet.Open {
			t.Errorf("the mode is %+v, want the one that was there", m)
		}
	}},
	{"epochs only grow", func(t *testing.T, c fleet.Coordinator) {
		last := uint64(1)
		for _, next := range []fleet.Mode{armed("a"), closed("a"), opened(), opened(), armed("b"), opened()} {
			written := must[fleet.Mode](t)(c.Swap(t.Context(), last, next))
			if written.Epoch <= last {
				t.Fatalf("epoch %d follows epoch %d", written.Epoch, last)
			}
			last = written.Epoch
		}
	}},
	{"an epoch is greater than every one that a process has seen", func(t *testing.T, c fleet.Coordinator) {
		ahead := instance("ahead")
		ahead.Epoch = 1000
		must[fleet.Mode](t)(c.Register(t.Context(), ahead))
		if written := swap(t, c, armed("op")); written.Epoch <= 1000 {
			t.Errorf("the epoch is %d, want more than 1000", written.Epoch)
		}
		must[fleet.Mode](t)(c.Heartbeat(t.Context(), ahead.ID, ahead.Lease, fleet.Report{Epoch: 1 << 53}))
		if written := swap(t, c, closed("op")); written.Epoch <= 1<<53 {
			t.Errorf("the epoch is %d, want more than 2^53", written.Epoch)
		}
	}},
	{"since changes with the state only", func(t *testing.T, c fleet.Coordinator) {
		first := swap(t, c, armed("op"))
		again := armed("op")
		again.Change.Message = "Back at one."
		second := swap(t, c, again)
		if !second.Since.Equal(first.Since) {
			t.Errorf("a new message changed since from %s to %s", first.Since, second.Since)
		}
		third := swap(t, c, closed("op"))
		if third.Since.Before(first.Since) {
			t.Errorf("closed since %s, which is before it was armed, %s", third.Since, first.Since)
		}
		same(t, "the mode", must[fleet.Mode](t)(c.Mode(t.Context())), third)
	}},
	{"texts of a mode come back as they were", func(t *testing.T, c fleet.Coordinator) {
		next := closed("op \x00 ünïcode 🙂 ' \" \\ % ? $1")
		next.Cut = true
		next.Change.Message = strings.Repeat("Wir sind gleich zurück 🙂\x00\r\n\u2028 ' \\ ", 2000)
		next.Change.Reason, next.Change.By = "", " \t "
		written := swap(t, c, next)
		next.Epoch, next.Since = written.Epoch, written.Since
		same(t, "the mode", must[fleet.Mode](t)(c.Mode(t.Context())), next)
	}},
	{"a hint follows a swap, or there are none", func(t *testing.T, c fleet.Coordinator) {
		first, again := c.Changed(), c.Changed()
		if first != again {
			t.Error("the channel is not always the same one")
		}
		swap(t, c, armed("op"))
		if c.Changed() == nil {
			return
		}
		select {
		case _, ok := <-c.Changed():
			if !ok {
				t.Error("the channel is closed")
			}
		case <-time.After(time.Minute):
			t.Error("there is no hint after a minute")
		}
	}},
}
