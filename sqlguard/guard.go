package sqlguard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config configures a [Guard]. The zero Config is a guard that is off, rejects
// every write while it is read-only, and tells nobody.
type Config struct {
	// Policy says what to do with writes. If zero, all are rejected.
	Policy Policy
	// Observer is told of every event. If nil, nobody is.
	Observer Observer
	// Tail is how long [Guard.Drain] waits for a statement whose outcome is
	// unknown: longer than any statement runs, and than the server takes to notice that its
	// client is gone. If zero, [DefaultTail]; if negative, it does not wait for them.
	Tail time.Duration
}

// Guard decides what may pass. It is one switch: every pool, middleware and
// panel that shares a guard opens and closes with it. Make one with [New], or use
// [Default]. All methods may be called by several goroutines.
type Guard struct {
	state    atomic.Pointer[State]
	policy   atomic.Pointer[compiledPolicy]
	observer atomic.Pointer[Observer]
	added    atomic.Pointer[[]*Observer]
	counts   counters
	report   reporter
	conns    conns
	unknown  unknowns
	lost     lostSessions
	expects  atomic.Bool // the database's fence may be asked for
	tail     time.Duration
	err      error // set at construction, never changed

	flip struct {
		sync.Mutex
		holds       []Hold // sorted by name
		cuts        uint64 // how often Cut was called, or a lease lapsed
		lapse       *time.Timer
		subscribers map[chan struct{}]struct{}
	}
}

// New returns a guard that is off. It fails if cfg.Policy has a malformed rule;
// the error names the rule and what was expected.
func New(cfg Config) (*Guard, error) {
	g := &Guard{tail: cfg.Tail}
	if g.tail == 0 {
		g.tail = DefaultTail
	}
	g.state.Store(&State{Since: time.Now(), free: true})
	if err := g.SetPolicy(cfg.Policy); err != nil {
		return nil, err
	}
	g.SetObserver(cfg.Observer)
	return g, nil
}

// Mode returns the mode that is in force. It costs one atomic load.
func (g *Guard) Mode() Mode { return g.state.Load().Mode }

// On reports whether anything is in force, as [State.On] does, without copying
// the state.
func (g *Guard) On() bool {
	s := g.state.Load()
	return s.Mode != Off || s.Anonymous || s.GetOnly
}

// State returns what is in force, and who asks for it.
func (g *Guard) State() State {
	s := *g.state.Load()
	s.Holds = slices.Clone(s.Holds)
	return s
}

// Summary returns what is in force without [State.Holds], for those who ask at every
// request: it costs one atomic load, and allocates nothing.
func (g *Guard) Summary() State {
	s := *g.state.Load()
	s.Holds = nil
	return s
}

// Err returns why the guard was closed at its start: an environment variable
// that could not be read as what it should be. It is nil for every guard but
// [Default]'s. Opening a pool or a middleware on a guard with an error fails
// with that error.
func (g *Guard) Err() error { return g.err }

// Hold asks for c in the name of a holder, in place of whatever that holder
// asked for before. Holders do not undo each other: the strictest one wins. When
// Hold returns, every statement that starts later sees the new state.
//
// It fails, and changes nothing, if name is empty or c is malformed. A change
// that asks for nothing is kept, and listed, until it is released.
func (g *Guard) Hold(name string, c Change) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("sqlguard: %w", err)
	}
	if err := c.Check(); err != nil {
		return fmt.Errorf("sqlguard: hold %q: %w", name, err)
	}
	g.flip.Lock()
	defer g.flip.Unlock()
	if g.endLapsed() {
		g.publish()
	}
	i, found := g.find(name)
	held := Hold{Name: name, Change: c, Since: time.Now()}
	if found {
		if g.flip.holds[i].same(c) {
			return nil
		}
		g.flip.holds = slices.Clone(g.flip.holds)
		g.flip.holds[i] = held
	} else {
		g.flip.holds = slices.Insert(slices.Clone(g.flip.holds), i, held)
	}
	g.publish()
	return nil
}

// Release takes back what a holder asked for, and reports whether it had asked
// for anything. Other holders' modes stay in force.
func (g *Guard) Release(name string) bool {
	g.flip.Lock()
	defer g.flip.Unlock()
	g.endLapsed() // which must not be forgotten with the hold
	i, found := g.find(name)
	if found {
		g.flip.holds = slices.Delete(slices.Clone(g.flip.holds), i, i+1)
		g.publish()
	}
	return found
}

// find returns where the hold of that name is, or belongs.
func (g *Guard) find(name string) (int, bool) {
	return slices.BinarySearchFunc(g.flip.holds, name, func(h Hold, name string) int {
		return strings.Compare(h.Name, name)
	})
}

// publish makes the state that results of the holds, and tells who wants to
// know. The caller holds the lock, so states are published, and observers told,
// in the order of their epochs.
func (g *Guard) publish() {
	old := g.state.Load()
	next := merge(g.flip.holds)
	next.Epoch = old.Epoch + 1
	next.Since = old.Since
	if next.Mode != old.Mode || next.Anonymous != old.Anonymous || next.GetOnly != old.GetOnly {
		next.Since = time.Now()
	}
	next.inherit(old, g.flip.cuts)
	if next.Mode == Observe && (old.Mode == Off || !g.report.began()) {
		g.report.begin(time.Now())
	}
	g.state.Store(&next)
	g.watchLease()
	for ch := range g.flip.subscribers {
		select {
		case ch <- struct{}{}:
		default: // it has not looked since the last change, and will see this one too
		}
	}
	g.tell(context.Background(), Event{Kind: Flipped, State: next, Mode: next.Mode, Epoch: next.Epoch})
}

// Subscribe returns a channel that is readable after the state has changed, and
// at once for the state as it is now. It is level-triggered: changes in quick
// succession may come as one, so read [Guard.State] after each receive. The
// channel is never closed. Call stop when done; it may be called more than once.
func (g *Guard) Subscribe() (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	ch <- struct{}{}
	g.flip.Lock()
	defer g.flip.Unlock()
	if g.flip.subscribers == nil {
		g.flip.subscribers = make(map[chan struct{}]struct{})
	}
	g.flip.subscribers[ch] = struct{}{}
	return ch, func() {
		g.flip.Lock()
		defer g.flip.Unlock()
		delete(g.flip.subscribers, ch)
	}
}
