package fleet

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// wire is a store next door: its calls take no time, and fail as they are told to.
type wire struct {
	*simStore

	mu      sync.Mutex
	fault   func(method string) error // nil: nothing fails
	after   func(method string) error // the same, once the store has done it
	entries []Entry
	reports map[string]sqlguard.Report
}

func newWire() *wire {
	return &wire{simStore: newSimStore(1), reports: map[string]sqlguard.Report{}}
}

// fail has calls fail from now on; nil ends that.
func (w *wire) fail(fault func(method string) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

func (w *wire) failsBefore(method string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault == nil {
		return nil
	}
	return w.fault(method)
}

func (w *wire) failsAfter(method string) error {
	w.mu.Lock()
	after := w.after
	w.mu.Unlock()
	if after == nil {
		return nil
	}
	return after(method)
}

// lose has the answer to the next call of a method be late, or lost, once the store has done it.
func (w *wire) lose(method string, how func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after = func(called string) error {
		if called != method {
			return nil
		}
		w.mu.Lock()
		w.after = nil
		w.mu.Unlock()
		return how()
	}
}

func wired[T any](w *wire, method string, f func() (T, error)) (T, error) {
	var none T
	if err := w.failsBefore(method); err != nil {
		return none, err
	}
	v, err := f()
	if lost := w.failsAfter(method); lost != nil {
		return none, lost
	}
	return v, err
}

func (w *wire) Mode(context.Context) (Mode, error) {
	return wired(w, "Mode", func() (Mode, error) { return w.now(), nil })
}

func (w *wire) Register(_ context.Context, i Instance) (Mode, error) {
	return wired(w, "Register", func() (Mode, error) { return w.register(i), nil })
}

func (w *wire) Heartbeat(_ context.Context, id, lease string, r Report) (Mode, error) {
	return wired(w, "Heartbeat", func() (Mode, error) { return w.heartbeat(id, lease, r) })
}

func (w *wire) List(context.Context) (Snapshot, error) {
	return wired(w, "List", func() (Snapshot, error) { return w.list(), nil })
}

func (w *wire) Swap(_ context.Context, expected uint64, next Mode) (Mode, error) {
	return wired(w, "Swap", func() (Mode, error) { return w.swap(expected, next) })
}

func (w *wire) Leave(_ context.Context, id, lease string) error {
	_, err := wired(w, "Leave", func() (struct{}, error) {
		w.simStore.mu.Lock()
		defer w.simStore.mu.Unlock()
		if w.instances[id].Lease == lease {
			delete(w.instances, id)
		}
		return struct{}{}, nil
	})
	return err
}

func (w *wire) Audit(_ context.Context, e Entry) error {
	_, err := wired(w, "Audit", func() (struct{}, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.entries = append(w.entries, e)
		return struct{}{}, nil
	})
	return err
}

func (w *wire) SaveReport(_ context.Context, id, _ string, r sqlguard.Report) error {
	_, err := wired(w, "SaveReport", func() (struct{}, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reports[id] = r
		return struct{}{}, nil
	})
	return err
}

func (w *wire) Forget(context.Context, string) (bool, error)                 { return false, nil }
func (w *wire) Log(context.Context, int) ([]Entry, error)                    { return nil, nil }
func (w *wire) Changed() <-chan struct{}                                     { return nil }
func (w *wire) DropReports(context.Context) error                            { return nil }
func (w *wire) Reports(context.Context, time.Time) ([]InstanceReport, error) { return nil, nil }

var _ Coordinator = (*wire)(nil)

// record returns the record of an instance.
func (w *wire) record(id string) (Instance, bool) {
	w.simStore.mu.Lock()
	defer w.simStore.mu.Unlock()
	i, ok := w.instances[id]
	return i, ok
}

// set changes the mode, whatever it was.
func (w *wire) set(t *testing.T, next Mode) Mode {
	t.Helper()
	next.Epoch = 1
	if err := next.Check(); err != nil {
		t.Fatal(err)
	}
	m, err := w.swap(w.now().Epoch, next)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	closing = sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "moving", Message: "Back soon."}
	armed   = Mode{State: Armed, Op: "op", Change: closing}
	closed  = Mode{State: Closed, Op: "op", Change: closing}
	cutOff  = Mode{State: Closed, Op: "op", Cut: true, Change: closing}
	opened  = Mode{State: Open}
)
