package sqlguard

import (
	"context"
	"sync"
	"time"
)

// conns are the connections that a guard looks after, of all pools.
type conns struct {
	mu      sync.Mutex
	all     map[*Conn]struct{}
	waiting map[chan struct{}]struct{}
}

func (s *conns) add(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[*Conn]struct{})
	}
	s.all[c] = struct{}{}
}

func (s *conns) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
}

// wait returns a channel that is readable after something that was asked about
// has changed.
func (s *conns) wait() (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = make(map[chan struct{}]struct{})
	}
	s.waiting[ch] = struct{}{}
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, ch)
	}
}

func (s *conns) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.waiting {
		select {
		case ch <- struct{}{}:
		default: // it has not looked since the last change, and will see this one too
		}
	}
}

// open returns what is open on all connections.
func (s *conns) open() []unit {
	s.mu.Lock()
	defer s.mu.Unlock()
	var units []unit
	for c := range s.all {
		if word := c.word.Load(); word&busy != 0 {
			units = append(units, unit{c, word / oneUnit})
		}
	}
	return units
}

// unit is a transaction, or a statement outside of one, on a connection.
type unit struct {
	conn   *Conn
	number uint64
}

// ask reports whether a unit is open still, and what of it. If it is, the next
// change of it wakes whoever waits.
func (u unit) ask() (word uint64, open bool) {
	for {
		word = u.conn.word.Load()
		if word&busy == 0 || word/oneUnit != u.number {
			return word, false
		}
		if word&bitAsked != 0 || u.conn.word.CompareAndSwap(word, word|bitAsked) {
			return word | bitAsked, true
		}
	}
}

// sighting is what was seen of a unit.
type sighting struct {
	slot
	dialect     Dialect
	tx          birth
	transaction bool
	fenced      bool      // it has taken the database's fence
	lostAt      time.Time // when its outcome became unknown; zero if it is open
}

// look returns what is known of a unit, and false if it is over.
func (u unit) look() (sighting, bool) {
	c := u.conn
	c.inspecting.Lock()
	defer c.inspecting.Unlock()
	for {
		word, open := u.ask()
		if !open {
			return sighting{}, false
		}
		// From here on the owner waits before it changes anything of this.
		if c.word.Load() != word {
			continue
		}
		seen := sighting{slot: c.slots[word>>2&1], dialect: c.dialect, transaction: word&bitTx != 0}
		if seen.transaction {
			seen.tx = c.tx
		}
		return seen, true
	}
}

// unknowns are the statements of late whose outcome nobody knows.
type unknowns struct {
	mu     sync.Mutex
	latest time.Time
	bare   time.Time    // of the latest that had not taken the database's fence
	seen   [64]sighting // the last ones; the next goes to number%len(seen)
	number uint64
}

// maxKept bounds the text that is kept of each.
const maxKept = 64 << 10

func (s *unknowns) add(seen sighting) {
	if len(seen.text) > maxKept {
		seen.text = ""
	}
	if seen.ctx != nil {
		seen.ctx = labelOnly(seen.ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen.lostAt = time.Now()
	s.latest = seen.lostAt
	if !seen.fenced {
		s.bare = seen.lostAt
	}
	s.seen[s.number%uint64(len(s.seen))] = seen
	s.number++
}

// since returns those that were lost at a time or later, and when the last was.
func (s *unknowns) since(t time.Time) (list []sighting, latest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seen := range s.seen {
		if !seen.lostAt.IsZero() && !seen.lostAt.Before(t) {
			list = append(list, seen)
		}
	}
	return list, s.latest
}

// unfenced returns when the last was lost that had not taken the database's fence.
func (s *unknowns) unfenced() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bare
}

// labelOnly returns a context that carries nothing but a label, so that what else
// the caller's carries is not kept.
func labelOnly(ctx context.Context) context.Context {
	return WithLabel(context.Background(), LabelFrom(ctx))
}
