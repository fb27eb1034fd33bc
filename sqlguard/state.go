package sqlguard

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
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

	// Grace is for how long transactions that were open when writing was closed
	// may go on writing, rather than have their next write refused. If zero, they may not. It
	// is for Mode ReadOnly alone, and of several holders the shortest counts.
	Grace time.Duration `json:"grace_ns,omitempty"`
}

// check reports what is wrong with a change, naming the field.
func (c Change) check() error {
	if c.Mode > ReadOnly {
		return fmt.Errorf("the field Change.Mode must be Off, Observe or ReadOnly, not %s", c.Mode)
	}
	if c.Until.UTC().Year() > 9998 || c.Until.UTC().Year() < 0 {
		return errors.New("the field Change.Until must be before the year 9999, or JSON could not hold it")
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

// same reports whether both changes ask for the same. Times are equal although
// they were read in different zones.
func (c Change) same(other Change) bool {
	equal := c.Until.Equal(other.Until)
	c.Until, other.Until = time.Time{}, time.Time{}
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

	// Reason, Message and By are those of the strictest holder that gives one;
	// among equals the one that has held longest.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	By      string `json:"by,omitempty"`

	// Until is the latest end among the strictest holders; zero if any of them
	// gives none.
	Until time.Time `json:"until,omitzero"`

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
	cuts     uint64    // how often Cut was called before
}

// inherit completes a state by the one that it follows.
func (s *State) inherit(old *State, cuts uint64) {
	s.cuts = cuts
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

// strictness orders holds: the mode first, then what they ask of the HTTP layer.
func (h Hold) strictness() int {
	n := int(h.Mode) * 4
	if h.Anonymous {
		n++
	}
	if h.GetOnly {
		n++
	}
	return n
}

// merge makes the state that results of holds, which are sorted by name. It
// leaves Since and Epoch to the caller.
func merge(holds []Hold) State {
	s := State{Holds: holds}
	for _, h := range holds {
		s.Mode = max(s.Mode, h.Mode)
		s.Anonymous = s.Anonymous || h.Anonymous
		s.GetOnly = s.GetOnly || h.GetOnly
	}
	byStrictness := slices.Clone(holds)
	slices.SortStableFunc(byStrictness, func(a, b Hold) int {
		return cmp.Or(cmp.Compare(b.strictness(), a.strictness()), a.Since.Compare(b.Since))
	})
	openEnd := false
	for _, h := range byStrictness {
		if h.strictness() == 0 {
			break // it asks for nothing, so it explains nothing
		}
		s.Reason = cmp.Or(s.Reason, h.Reason)
		s.Message = cmp.Or(s.Message, h.Message)
		s.By = cmp.Or(s.By, h.By)
		if h.Mode != s.Mode {
			continue
		}
		openEnd = openEnd || h.Until.IsZero()
		if h.Until.After(s.Until) {
			s.Until = h.Until
		}
	}
	if openEnd {
		s.Until = time.Time{}
	}
	return s
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
