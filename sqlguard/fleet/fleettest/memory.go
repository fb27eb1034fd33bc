package fleettest

import (
	"context"
	"sync"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Memory is a [fleet.Coordinator] that keeps its records in this process, for tests. It
// does what the interface says, to the nanosecond. The fields are set before it is used; after that all methods may be
// called by several goroutines.
type Memory struct {
	// Now is the clock of the store. If nil, [time.Now].
	Now func() time.Time
	// Fault, if not nil, is called before each call of a method, with its name. If it returns an error
	// the method returns that, and nothing is changed: a request that was lost. It may block, to have a
	// call hang; it should return when the context ends.
	Fault func(ctx context.Context, method string) error
	// Lost, if not nil, is called after each call that succeeded. If it returns an
	// error the method returns that, although the change has been made: an answer that was lost.
	Lost func(ctx context.Context, method string) error

	changed chan struct{}
	shared  *shared
}

var _ fleet.Coordinator = (*Memory)(nil)

// shared is what all clients of one store have in common.
type shared struct {
	sync.Mutex
	mode    fleet.Mode
	records map[string]record
	log     []fleet.Entry
	reports map[string]fleet.InstanceReport
	hints   []chan struct{}
}

// NewMemory returns a store in which the fleet is open with epoch 1, and has no processes.
func NewMemory() *Memory {
	s := &shared{
		mode:    fleet.Mode{State: fleet.Open, Epoch: 1},
		records: make(map[string]record),
		reports: make(map[string]fleet.InstanceReport),
	}
	return s.client()
}

// Client returns another client of the same store, as another process would have: with a channel
// of hints and with faults of its own, and with the clock that m has now.
func (m *Memory) Client() *Memory {
	c := m.shared.client()
	c.Now = m.Now
	return c
}

func (s *shared) client() *Memory {
	s.Lock()
	defer s.Unlock()
	m := &Memory{changed: make(chan struct{}, 1), shared: s}
	s.hints = append(s.hints, m.changed)
	return m
}

// Restore puts a record in the place of the one that is there, whatever its epoch: a store that
// was restored from a backup. It fails as [fleet.Mode.Check] does. It sends no hint.
func (m *Memory) Restore(mode fleet.Mode) error {
	if err := mode.Check(); err != nil {
		return err
	}
	m.shared.Lock()
	defer m.shared.Unlock()
	m.shared.mode = mode
	return nil
}

// do runs f with the records locked, and the faults before and after it.
func (m *Memory) do(ctx context.Context, method string, f func(s *shared, now time.Time) error) error {
	if m.Fault != nil {
		if err := m.Fault(ctx, method); err != nil {
			return err
		}
	}
	if err := m.locked(ctx, f); err != nil {
		return err
	}
	if m.Lost != nil {
		return m.Lost(ctx, method)
	}
	return nil
}

func (m *Memory) locked(ctx context.Context, f func(s *shared, now time.Time) error) error {
	m.shared.Lock()
	defer m.shared.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	return f(m.shared, now().Round(0).UTC())
}

// Changed returns the channel of hints of this client.
func (m *Memory) Changed() <-chan struct{} { return m.changed }

// Mode returns the record as it is now.
func (m *Memory) Mode(ctx context.Context) (mode fleet.Mode, err error) {
	err = m.do(ctx, "Mode", func(s *shared, _ time.Time) error {
		mode = s.mode
		return nil
	})
	return zeroIf(mode, err)
}

// zeroIf returns nothing but the error, if there is one.
func zeroIf[T any](v T, err error) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// Swap changes the mode, if its epoch is still expected, and hints at it to all clients.
func (m *Memory) Swap(ctx context.Context, expected uint64, next fleet.Mode) (written fleet.Mode, err error) {
	err = m.do(ctx, "Swap", func(s *shared, now time.Time) error {
		written = next
		written.Epoch = s.mode.Epoch
		for _, r := range s.records {
			written.Epoch = max(written.Epoch, r.Epoch)
		}
		written.Epoch++
		if written.Since = s.mode.Since; next.State != s.mode.State {
			written.Since = now
		}
		if err := written.Check(); err != nil {
			return err
		}
		if s.mode.Epoch != expected {
			return &fleet.ConflictError{Expected: expected, Current: s.mode}
		}
		s.mode = written
		s.hint()
		return nil
	})
	return zeroIf(written, err)
}

func (s *shared) hint() {
	for _, hints := range s.hints {
		select {
		case hints <- struct{}{}:
		default: // one is waiting there already
		}
	}
}
