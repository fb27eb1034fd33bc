package sqlguard

import (
	"sync/atomic"
	"time"
)

// Lease is for how long a holder may leave writing open: until somebody else may count
// on it that this process writes no more. [Change.Lease] binds a hold to one. A lease
// that has run out has lapsed, for good: it cannot be renewed, and a new one does not
// revive what began under the old.
//
// Time is counted on the monotonic clock and on the wall clock, and the one that shows more
// counts: the monotonic clock of Linux stands still while a machine is suspended
// (clock_gettime(2), CLOCK_MONOTONIC). All methods may be called by several goroutines.
type Lease struct {
	term atomic.Pointer[term] // nil when it has lapsed
}

// term is a length of time from an instant on.
type term struct {
	from   time.Time
	length time.Duration
}

// NewLease returns a lease that lasts for length, counted from an instant that
// [time.Now] returned. Who takes a lease from a server counts from before the request was sent,
// never from the answer, because the server may count from any time in between.
func NewLease(from time.Time, length time.Duration) *Lease {
	l := new(Lease)
	l.term.Store(&term{from, length})
	return l
}

// left returns what is left of a term; nothing or less if it is over.
func (t *term) left(now time.Time) time.Duration {
	elapsed := max(now.Sub(t.from), now.Round(0).Sub(t.from.Round(0)))
	return t.length - elapsed
}

// Valid reports whether the lease has not lapsed. If its time is over, it lapses
// with this call. It takes no lock.
func (l *Lease) Valid() bool { return l.Left() > 0 }

// Left returns how long it is until the lease lapses; 0 if it has.
func (l *Lease) Left() time.Duration {
	for {
		t := l.term.Load()
		if t == nil {
			return 0
		}
		if left := t.left(time.Now()); left > 0 {
			return left
		}
		if l.term.CompareAndSwap(t, nil) {
			return 0
		}
	}
}

// Renew has the lease last for length from an instant on, or as long as before, if
// that is longer. It returns false, and does nothing, if the lease has lapsed.
func (l *Lease) Renew(from time.Time, length time.Duration) bool {
	for {
		old := l.term.Load()
		now := time.Now()
		if old == nil || old.left(now) <= 0 {
			return l.Valid()
		}
		next := &term{from, length}
		if next.left(now) <= old.left(now) {
			return true
		}
		if l.term.CompareAndSwap(old, next) {
			return true
		}
	}
}

// End has the lease lapse now.
func (l *Lease) End() { l.term.Store(nil) }

// current returns what is in force, as load does, but for a lease that has lapsed: what
// it has left open is closed first.
func (g *Guard) current() *State {
	s := g.state.Load()
	for _, lease := range s.leases {
		if !lease.Valid() {
			g.lapse()
			return g.state.Load()
		}
	}
	return s
}

// lapse closes what lapsed leases have left open, and looks again when the next one may.
func (g *Guard) lapse() {
	g.flip.Lock()
	defer g.flip.Unlock()
	if g.endLapsed() {
		g.publish()
		return
	}
	g.watchLease()
}

// endLapsed makes holds whose lease has lapsed read-only, and cuts what is
// open: it can only be rolled back, because nobody waits for it any more. It reports whether there was any.
// The caller holds the lock, and publishes.
func (g *Guard) endLapsed() bool {
	var holds []Hold
	for _, h := range g.flip.holds {
		if h.Lease != nil && !h.Lease.Valid() {
			h.Mode, h.Announced, h.Lease = ReadOnly, time.Time{}, nil
			h.Reason = leaseLapsed
			h.Since = time.Now()
			g.flip.cuts++
		}
		holds = append(holds, h)
	}
	lapsed := len(holds) > 0 && g.flip.cuts != g.state.Load().cuts
	if lapsed {
		g.flip.holds = holds
	}
	return lapsed
}

const leaseLapsed = "the lease has lapsed, so nobody may count on this process to hear of a change"

// watchLease looks after the leases that are in force when the first may lapse, for those who
// only subscribe; every statement looks for itself. The caller holds the lock.
func (g *Guard) watchLease() {
	if g.flip.lapse != nil {
		g.flip.lapse.Stop()
		g.flip.lapse = nil
	}
	leases := g.state.Load().leases
	if len(leases) == 0 {
		return
	}
	first := leases[0].Left()
	for _, lease := range leases[1:] {
		first = min(first, lease.Left())
	}
	g.flip.lapse = time.AfterFunc(first, g.lapse)
}

// leasesOf returns the leases among the holds. Each is looked at, because the one that lapses first
// may be renewed, and then another does.
func leasesOf(holds []Hold) []*Lease {
	var leases []*Lease
	for _, h := range holds {
		if h.Lease != nil {
			leases = append(leases, h.Lease)
		}
	}
	return leases
}
