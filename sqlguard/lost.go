package sqlguard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// SessionEnder ends sessions of a database whose connections were lost. A driver has one for each pool, which must be comparable.
type SessionEnder interface {
	// EndSessions returns nil once the sessions are gone, and with them what the network may still hold for
	// them. It may be called by several goroutines.
	EndSessions(ctx context.Context, lost []LostSession) error
}

// LostSession is a session of a database whose connection was lost.
type LostSession struct {
	// ID is what the driver calls it; see [Conn.Session].
	ID string
	// Ago is how long ago the connection was lost.
	Ago time.Duration
}

// networkPatience is for how long a network may hold back what was sent, at most: Linux sends it again for 924.6 seconds
// (tcp_retries2, whose default is 15; the kernel's ip-sysctl).
const networkPatience = 16 * time.Minute

// maxLost bounds how many sessions are remembered.
const maxLost = 4096

// ExpectFence says whether the database's fence may be asked for at a later time ([Change.Fence]). Drivers then note which session of
// the database each connection has, where that costs a round trip, so that [Guard.DrainUnfenced] can end those that are lost.
func (g *Guard) ExpectFence(expected bool) { g.expects.Store(expected) }

// FenceExpected reports what [Guard.ExpectFence] was told last.
func (c *Conn) FenceExpected() bool { return c.guard.expects.Load() }

// Session says which session of the database the connection has, and who ends it should it be lost.
func (c *Conn) Session(id string, e SessionEnder) { c.session, c.ender = id, e }

// Dead says that the connection is closed for good, though it may not be detached yet: where a statement was lost on it, its session is one
// that [Guard.DrainUnfenced] ends. That of a connection which is used again, and so has answered, is not.
func (c *Conn) Dead() {
	if c.strays {
		c.guard.lost.add(c.session, c.ender)
		c.strays = false
	}
}

// Identified reports whether Session was called.
func (c *Conn) Identified() bool { return c.ender != nil }

// lostSessions are those that were lost with a statement that had not taken the database's fence: it may still be on its way to them.
type lostSessions struct {
	mu  sync.Mutex
	all []lostSession // the oldest first
}

type lostSession struct {
	id    string
	ender SessionEnder
	at    time.Time
}

func (s *lostSessions) add(id string, e SessionEnder) {
	if e == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.all = slices.DeleteFunc(s.all, func(l lostSession) bool { return now.Sub(l.at) > networkPatience })
	if len(s.all) == maxLost {
		s.all = slices.Delete(s.all, 0, 1)
	}
	s.all = append(s.all, lostSession{id, e, now})
}

// end ends all of them. What could not be ended is tried again the next time.
func (s *lostSessions) end(ctx context.Context) error {
	s.mu.Lock()
	now, of := time.Now(), map[SessionEnder][]lostSession{}
	for _, l := range s.all {
		if now.Sub(l.at) <= networkPatience {
			of[l.ender] = append(of[l.ender], l)
		}
	}
	s.mu.Unlock()
	var failed error
	for e, all := range of {
		var lost []LostSession
		for _, l := range all {
			lost = append(lost, LostSession{l.id, time.Since(l.at)})
		}
		if err := e.EndSessions(ctx, lost); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		s.mu.Lock()
		s.all = slices.DeleteFunc(s.all, func(l lostSession) bool { return l.ender == e && !l.at.After(now) })
		s.mu.Unlock()
	}
	return failed
}
