package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Member is a process's part in a fleet. Make one with [Join]. All methods may be called by
// several goroutines.
type Member struct {
	guard *sqlguard.Guard
	store Coordinator
	cfg   Config
	omit  without

	stop      context.CancelFunc // has run leave
	stopped   chan struct{}      // closed when run has returned
	ready     chan struct{}      // closed after the first registration
	readyOnce sync.Once
	drained   chan drained
	enclosed  chan string // the operation under which all that is open has taken the fence

	// The rest is run's own.

	record     Instance // as it was registered last, or will be
	registered bool
	mode       Mode                    // that the guard follows; Epoch 0 before the first
	floor      uint64                  // the greatest epoch seen
	backwards  string                  // the alarm, while the store's epoch is behind
	lease      *sqlguard.Lease         // nil if there is none
	open       bool                    // the guard lets writes pass, as far as the fleet goes
	cutAt      uint64                  // the epoch at which the guard was told to cut
	unbound    atomic.Pointer[unbound] // the last time
	unended    atomic.Pointer[error]   // why what a process that leaves has lost could not be ended, the last time
	draining   context.CancelFunc
	drains     drained // what it drains for
	enclosing  context.CancelFunc
	encloses   string // the operation that it waits for to take the fence
	fenced     string // the operation under which it has
	failing    bool   // the last call has failed
	leaving    bool
	left       error // why it could not leave
	saved      time.Time
	unsaved    bool // observing went on after the last save

	status struct {
		sync.Mutex
		Status
	}
}

// Status is what a process knows of its part in the fleet.
type Status struct {
	// Instance is the process's name in the fleet.
	Instance string
	// Mode is the record that its guard follows; its epoch is 0 before the first.
	Mode Mode
	// Seen is when the store last answered; zero if it never did. Err is why the last
	// call failed; nil if it did not.
	Seen time.Time
	Err  error
	// LeaseLeft is how long it may leave writing open, or finish what is open; 0 where it needs no
	// lease, or has none.
	LeaseLeft time.Duration
	// Alarm is what a person should look at; "" if there is nothing.
	Alarm string
}

// Join makes the process a member of the fleet whose store it is given: its guard follows the
// fleet's mode from now on. Join does not wait for the store. Until the first registration, writing is closed:
// the fleet may be closed, and nobody would know of this process. See [Member.Ready].
//
// When ctx ends, the member leaves, as [Member.Leave] does. End it after the last request has
// been answered, because writing is closed from then on.
//
// It fails if cfg has a field that is wrong, which the error names.
func Join(ctx context.Context, guard *sqlguard.Guard, store Coordinator, cfg Config) (*Member, error) {
	return join(ctx, guard, store, cfg, 0)
}

func join(ctx context.Context, guard *sqlguard.Guard, store Coordinator, cfg Config, omit without) (*Member, error) {
	if guard == nil || store == nil {
		return nil, errors.New("fleet: Join needs a guard and a store")
	}
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if err := guard.Err(); err != nil {
		return nil, err
	}
	record := cfg.record(guard)
	record.Lease = rand.Text()
	if err := record.Check(); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	m := &Member{
		guard: guard, store: store, cfg: cfg, omit: omit, record: record,
		stopped: make(chan struct{}), ready: make(chan struct{}), drained: make(chan drained), enclosed: make(chan string),
	}
	m.status.Instance = record.ID
	if omit.keeps(startClosed) {
		if err := guard.Hold(cfg.Hold, closedUntilHeard); err != nil {
			return nil, err
		}
		if err := guard.Cut(); err != nil { // what was begun before is bound to nothing
			return nil, err
		}
	}
	ctx, m.stop = context.WithCancel(ctx)
	go m.run(ctx)
	return m, nil
}

var closedUntilHeard = sqlguard.Change{
	Mode: sqlguard.ReadOnly, Reason: "the process has not registered with the fleet's store yet",
}

// Ready waits until the process has registered, and follows what the fleet's record asks for; or until ctx ends: then the error wraps its.
func (m *Member) Ready(ctx context.Context) error {
	select {
	case <-m.ready:
		return nil
	case <-m.stopped:
		return errors.New("fleet: the process has left the fleet")
	case <-ctx.Done():
		err := ctx.Err()
		if s := m.Status(); s.Err != nil {
			return fmt.Errorf("fleet: the process has not registered with the store: %w (the last answer of the store: %w)", err, s.Err)
		}
		return fmt.Errorf("fleet: the process has not registered with the store: %w", err)
	}
}

// Status returns what the member knows.
func (m *Member) Status() Status {
	m.status.Lock()
	defer m.status.Unlock()
	s := m.status.Status
	for _, h := range m.guard.State().Holds {
		if h.Name == m.cfg.Hold && h.Lease != nil {
			s.LeaseLeft = h.Lease.Left()
		}
	}
	return s
}

// Leave closes writing, waits until all that was admitted has ended, and takes the
// process's record out of the store. Writing stays closed afterwards, because nobody counts on the process to
// hear of a change. Call it after the last request has been answered, and before the pools are closed: where the fleet's
// record asks for the database's fence ([Mode].Fence), the sessions are ended first of connections that were lost, as
// [sqlguard.Guard.DrainUnfenced] does when the fleet is armed.
//
// If that takes longer than 30 seconds, or ctx ends first, there is an error, and the record stays: an
// operator has to remove it before the fleet can be closed again.
func (m *Member) Leave(ctx context.Context) error {
	m.stop()
	select {
	case <-m.stopped:
	case <-ctx.Done():
		return fmt.Errorf("fleet: leave: %w", ctx.Err())
	}
	if m.left != nil {
		return fmt.Errorf("fleet: leave: %w", m.left)
	}
	return nil
}
