package enginetest

import (
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// promises are what the guard has said to the writers of a round: until when there is
// grace, and from when on nothing that was open may be committed. The times are taken when
// that was said, so what begins later must have been told.
type promises struct {
	closed  atomic.Pointer[time.Time] // writing was closed
	refuses atomic.Pointer[time.Time] // no write is let through any more: grace is over
	cut     atomic.Pointer[time.Time]

	graced atomic.Int64 // writes under grace
	cutOff atomic.Int64 // commits that failed for nothing but the cut
}

func (p *promises) close(graceUntil time.Time) {
	now := time.Now()
	refuses := now
	if graceUntil.After(now) {
		refuses = graceUntil
	}
	p.refuses.Store(&refuses)
	p.closed.Store(&now)
}

// isAfter reports whether a time is after one that may not have come.
func isAfter(t time.Time, event *atomic.Pointer[time.Time]) bool {
	at := event.Load()
	return at != nil && t.After(*at)
}

// write runs a write, which must be refused if it begins after grace is over.
func (u *FlipUnit) write(do func() error) error {
	began := time.Now()
	err := do()
	switch {
	case err != nil:
	case isAfter(began, &u.promises.refuses):
		u.t.Errorf("%s: a write was let through that began when no write could be any more", u.kinds[u.kind].Name)
	case isAfter(began, &u.promises.closed):
		u.promises.graced.Add(1)
	}
	return err
}

// commit runs the commit of what was written, which must fail if it begins after Cut.
func (u *FlipUnit) commit(do func() error) error {
	began := time.Now()
	err := do()
	if isAfter(began, &u.promises.cut) {
		var refused *sqlguard.BlockedError
		switch {
		case err == nil:
			u.t.Errorf("%s: a commit succeeded that began after Cut", u.kinds[u.kind].Name)
		case errors.As(err, &refused) && strings.Contains(refused.Why, "cut off"):
			u.promises.cutOff.Add(1)
		}
	}
	return err
}
