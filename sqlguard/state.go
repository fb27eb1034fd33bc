package sqlguard

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Change is what one holder asks of a [Guard]. The zero Change asks for nothing.
type Change struct {
	// Mode closes the database layer. If zero, this holder leaves it [Off].
	Mode Mode `json:"mode"`
	// Anonymous asks the HTTP layer to make everybody appear logged out.
	Anonymous bool `json:"anonymous"`
	// GetOnly asks the HTTP layer to treat form posts as GETs. Without Mode
	// ReadOnly it is a courtesy, not a protection: a GET can still write.
	GetOnly bool `json:"get_only"`

	// Reason is for operators: logs and events. It is never shown to visitors.
	Reason string `json:"reason,omitempty"`
	// Message is for the public: pages and the status endpoint. If empty, they
	// show a text of their own.
	Message string `json:"message,omitempty"`
	// By names who asked, for logs and events.
	By string `json:"by,omitempty"`
	// Until is when the end is expected; zero if that is not known. Nothing ends
	// by itself when it passes: it only tells visitors and clients when to come back.
	Until time.Time `json:"until,omitzero"`
	// Announced is when read-only mode is expected to begin; zero if nothing is
	// announced. It is for banners alone: nothing begins by itself when it comes. It goes with
	// Mode Off or Observe, and Until is then the end of what is announced.
	Announced time.Time `json:"announced,omitzero"`

	// Grace is for how long transactions that were open when writing was closed
	// may go on writing, rather than have their next write refused. If zero, they may not. It
	// is for Mode ReadOnly alone, and of several holders the shortest counts.
	Grace time.Duration `json:"grace_ns,omitempty"`

	// Fence asks drivers to take the fence of the database ([FencedEngine]) for whatever may write: then
	// the database itself can close it, and says when the last of it is over. A driver whose dialect has
	// none refuses to write meanwhile.
	Fence bool `json:"fence,omitempty"`

	// Lease, if not nil, ends this change by itself: when it lapses, the hold
	// becomes ReadOnly whatever Mode says, and all transactions that are open may only roll back, as
	// after [Guard.Cut]. Every statement and every commit looks at it. A new hold of the same
	// name, with a lease of its own, ends that.
	Lease *Lease `json:"-"`
}

// Check reports what is wrong with a change, naming the field: what [Guard.Hold] would refuse. Who
// asks for one on behalf of others checks it before.
func (c Change) Check() error {
	if c.Mode > ReadOnly {
		return fmt.Errorf("the field Change.Mode must be Off, Observe or ReadOnly, not %s", c.Mode)
	}
	if err := c.checkTimes(); err != nil {
		return err
	}
	if c.Grace < 0 {
		return fmt.Errorf("the field Change.Grace must not be negative, but is %s", c.Grace)
	}
	for _, f := range []struct{ name, text string }{{"Reason", c.Reason}, {"Message", c.Message}, {"By", c.By}} {
		if len(f.text) > maxText {
			return fmt.Errorf("the field Change.%s must be at most %d bytes, not %d", f.name, maxText, len(f.text))
		}
	}
	return nil
}

// checkTimes is the part of check that is about times.
func (c Change) checkTimes() error {
	for _, f := range []struct {
		name string
		time time.Time
	}{{"Until", c.Until}, {"Announced", c.Announced}} {
		if year := f.time.UTC().Year(); year > 9998 || year < 0 {
			return fmt.Errorf("the field Change.%s must be before the year 9999, or JSON could not hold it", f.name)
		}
	}
	if c.Announced.IsZero() {
		return nil
	}
	if c.Mode == ReadOnly {
		return errors.New("the field Change.Announced must be zero where Change.Mode is ReadOnly: what is announced has begun")
	}
	if !c.Until.IsZero() && !c.Until.After(c.Announced) {
		return errors.New("the field Change.Until must be after Change.Announced, whose end it is")
	}
	return nil
}

// same reports whether both changes ask for the same. Times are equal although
// they were read in different zones.
func (c Change) same(other Change) bool {
	equal := c.Until.Equal(other.Until) && c.Announced.Equal(other.Announced)
	c.Until, other.Until = time.Time{}, time.Time{}
	c.Announced, other.Announced = time.Time{}, time.Time{}
	return equal && c == other
}

// maxText bounds the texts of a change, which travel in headers, pages and logs.
const maxText = 2048

// Hold is a [Change] with the name of its holder.
type Hold struct {
	Name string `json:"name"`
	Change
	// Since is when the holder last changed what it asks for.
	Since time.Time `json:"since"`
}

// State is what results of all holds. A State is a value: nothing changes it
// once it is returned.
type State struct {
	// Mode is the strictest mode that is asked for; Anonymous and GetOnly are
	// true if any holder asks for them.
	Mode      Mode `json:"mode"`
	Anonymous bool `json:"anonymous"`
	GetOnly   bool `json:"get_only"`
	// Fence is true if any holder asks for it.
	Fence bool `json:"fence,omitempty"`

	// Reason, Message and By are those of the strictest holder that gives one;
	// among equals the one that has held longest.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	By      string `json:"by,omitempty"`

	// Until is the latest end among the strictest holders; zero if any of them
	// gives none.
	Until time.Time `json:"until,omitzero"`

	// Announced is when read-only mode is expected to begin, the earliest time that
	// a holder announces; zero if none does, and in [ReadOnly], which has begun. By itself it
	// is not a mode, and changes nothing. While no other mode is in force that
	// visitors notice, the texts are those of the holder that announces it, if it gives any, and
	// Until is the end that it expects.
	Announced time.Time `json:"announced,omitzero"`

	// Since is when Mode, Anonymous or GetOnly last changed.
	Since time.Time `json:"since"`
	// Epoch counts the changes of the state. It only grows.
	Epoch uint64 `json:"epoch"`
	// Holds are all holds, by name.
	Holds []Hold `json:"holds,omitempty"`

	// GraceUntil is until when transactions that were open when writing was
	// closed may go on writing; zero if they may not.
	GraceUntil time.Time `json:"grace_until,omitzero"`

	closed   uint64    // the epoch in which the mode became ReadOnly, or 0
	closedAt time.Time // when that was
	cuts     uint64    // how often Cut was called, or a lease lapsed, before
	free     bool      // the mode is Off, no lease has to be looked at, and no fence taken
	leases   []*Lease  // of the holds
}

// inherit completes a state by the one that it follows.
func (s *State) inherit(old *State, cuts uint64) {
	s.cuts = cuts
	s.leases = leasesOf(s.Holds)
	s.free = s.Mode == Off && s.leases == nil && !s.Fence
	if s.Mode != ReadOnly {
		return
	}
	s.closed, s.closedAt = old.closed, old.closedAt
	if old.Mode != ReadOnly {
		s.closed, s.closedAt = s.Epoch, time.Now()
	}
	grace := time.Duration(math.MaxInt64)
	for _, h := range s.Holds {
		if h.Mode == ReadOnly {
			grace = min(grace, h.Grace)
		}
	}
	if grace > 0 {
		s.GraceUntil = s.closedAt.Add(grace)
	}
}

// graces reports whether a transaction that began in another state may go on
// writing in this one.
func (s *State) graces(born *State) bool {
	return born != nil && born.Mode != ReadOnly && born.Epoch < s.closed && born.cuts == s.cuts &&
		!s.GraceUntil.IsZero() && time.Now().Before(s.GraceUntil)
}

// On reports whether anything is asked for: a mode other than [Off], Anonymous
// or GetOnly.
func (s State) On() bool { return s.Mode != Off || s.Anonymous || s.GetOnly }

// RetryAfter returns how long it is from now until the expected end, rounded up
// to whole seconds; zero if the end is not known or has passed.
func (s State) RetryAfter(now time.Time) time.Duration {
	if s.Until.IsZero() {
		return 0
	}
	left := s.Until.Sub(now)
	if left <= 0 {
		return 0
	}
	if whole := left.Truncate(time.Second); whole == left || left > math.MaxInt64-time.Second {
		return whole
	}
	return left.Truncate(time.Second) + time.Second
}

// checkName reports what is wrong with a holder's name.
func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("hold name must not be empty")
	case len(name) > 64:
		return fmt.Errorf("hold name must be at most 64 bytes, not %d", len(name))
	}
	return nil
}
