package fleet

import (
	"cmp"
	"fmt"
	"time"
)

// Standing says how far a process is in an operation.
type Standing string

// Standings, the best first. Those before Waiting need not be waited for.
const (
	// Drained: all that it had admitted has ended, and it admits nothing.
	Drained Standing = "drained"
	// Bound: it does not write without a valid lease. That is all that arming asks for.
	Bound Standing = "bound"
	// Lapsed: it was bound to this operation, and its lease has been over for longer than the
	// tail. What it had admitted has ended, or can only be rolled back.
	Lapsed Standing = "lapsed"
	// Waiting: it is alive, and not there yet.
	Waiting Standing = "waiting"
	// Lapsing: it has fallen silent. It was bound, so it is only a matter of time.
	Lapsing Standing = "lapsing"
	// Lost: it has fallen silent, and was never bound to this operation: it writes on, for all
	// that is known. Nothing but a person who is certain that it is no more can help.
	Lost Standing = "lost"
	// Foreign: it speaks another version of the protocol.
	Foreign Standing = "foreign"
)

// Position is where one process stands.
type Position struct {
	Instance
	Standing Standing `json:"standing"`
	// Left is how long it is until its lease, and the tail after it, are over; where the
	// standing is Lapsing.
	Left time.Duration `json:"left_ns,omitempty"`
}

// String says it in words: "web-7f (2 open, the oldest for 8.1s: transaction, last UPDATE (orders))".
func (p Position) String() string {
	switch {
	case p.Standing == Lapsing:
		return fmt.Sprintf("%s (silent, its lease and the tail are over in %s)", p.ID, p.Left.Round(time.Second))
	case p.Standing == Lost:
		return fmt.Sprintf("%s (silent for %s, and never heard of this operation)", p.ID, (p.TTL - p.ExpiresIn).Round(time.Second))
	case p.Standing == Foreign:
		return fmt.Sprintf("%s (speaks version %d of the protocol, not %d)", p.ID, p.Protocol, Protocol)
	case p.Standing == Waiting && p.Open > 0:
		return fmt.Sprintf("%s (%d open, the oldest for %s: %s)", p.ID, p.Open, p.Oldest.Round(100*time.Millisecond), p.Work)
	case p.Standing == Waiting:
		return p.ID + " (has not answered yet)"
	}
	return fmt.Sprintf("%s (%s)", p.ID, p.Standing)
}

// Terms are what an operator asks of a fleet.
type Terms struct {
	// Tail is how long after the end of a lease a statement may still end that was sent
	// before; at least the longest statement and the network's delay. Of it and of what the process itself says
	// the longer counts. If zero, [DefaultTail].
	Tail time.Duration
	// MinInstances is how many processes there have to be. If zero, 1: an empty fleet proves
	// nothing.
	MinInstances int
}

// DefaultTail is the tail where [Terms] do not say.
const DefaultTail = 5 * time.Second

// Assessment is where a fleet stands, by one snapshot.
type Assessment struct {
	// Reached is whether all of it is where it should be.
	Reached bool `json:"reached"`
	// Hopeless is whether waiting cannot help: a process is lost.
	Hopeless bool `json:"hopeless"`
	// Ready is how many processes are where they should be; Missing how many there are too few.
	Ready   int `json:"ready"`
	Missing int `json:"missing,omitempty"`
	// Positions are those of all processes, in the order of the snapshot.
	Positions []Position `json:"positions"`
}

// AssessArmed says whether every process is bound to the operation, so that the fleet may be
// closed: whoever falls silent from now on closes by itself.
func (s Snapshot) AssessArmed(op string, t Terms) Assessment {
	return s.assess(t, func(i Instance) Standing {
		switch {
		case op != "" && i.Bound == op:
			return Bound
		case i.ExpiresIn <= 0:
			return Lost
		}
		return Waiting
	})
}

// AssessClosed says whether nothing that was admitted by any process before the
// operation closed can still be committed. It is only ever reached in the state Closed.
func (s Snapshot) AssessClosed(op string, t Terms) Assessment {
	return s.assessClosed(op, t, 0)
}

func (s Snapshot) assessClosed(op string, t Terms, omit without) Assessment {
	closed := s.Mode.State == Closed && s.Mode.Op == op && op != ""
	a := s.assess(t, func(i Instance) Standing {
		tail := max(cmp.Or(t.Tail, DefaultTail), i.Tail)
		if !omit.keeps(waitForTail) {
			tail = 0
		}
		bound := i.Bound == op || !omit.keeps(everybodyArmed)
		switch {
		case closed && (i.Drained == s.Mode.Epoch || i.Drained > 0 && !omit.keeps(oneEpoch)):
			return Drained
		case closed && bound && i.ExpiresIn <= -tail:
			return Lapsed
		case closed && bound && i.ExpiresIn <= 0:
			return Lapsing
		case i.ExpiresIn <= 0:
			return Lost
		}
		return Waiting
	})
	for n := range a.Positions {
		if p := &a.Positions[n]; p.Standing == Lapsing {
			p.Left = p.ExpiresIn + max(cmp.Or(t.Tail, DefaultTail), p.Tail)
		}
	}
	a.Reached = a.Reached && closed
	return a
}

func (s Snapshot) assess(t Terms, of func(Instance) Standing) Assessment {
	var a Assessment
	for _, i := range s.Instances {
		p := Position{Instance: i, Standing: of(i)}
		if i.Protocol != Protocol {
			p.Standing = Foreign
		}
		switch p.Standing {
		case Drained, Bound, Lapsed:
			a.Ready++
		case Lost, Foreign:
			a.Hopeless = true
		}
		a.Positions = append(a.Positions, p)
	}
	a.Missing = max(0, max(1, t.MinInstances)-len(s.Instances))
	a.Reached = a.Ready == len(s.Instances) && a.Missing == 0
	return a
}

// Stragglers are the positions that are waited for.
func (a Assessment) Stragglers() []Position {
	var list []Position
	for _, p := range a.Positions {
		switch p.Standing {
		case Drained, Bound, Lapsed:
		default:
			list = append(list, p)
		}
	}
	return list
}
