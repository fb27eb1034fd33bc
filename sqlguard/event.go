package sqlguard

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
)

// Kind says what an [Event] tells of.
type Kind uint8

const (
	// Flipped: the state has changed; Event.State is the new one.
	Flipped Kind = iota + 1
	// Rejected: a statement was refused.
	Rejected
	// Skipped: a statement was dropped, and its caller saw success.
	Skipped
	// Observed: a statement passed in [Observe] mode that [ReadOnly] would have
	// rejected or skipped.
	Observed
	// Bypassed: a statement passed by [WithBypass].
	Bypassed
	// Graced: a statement passed because its transaction was open when writing
	// was closed, and [Change.Grace] is not over.
	Graced
	// Drained: [Guard.Drain] has returned.
	Drained
)

var kindNames = [...]string{
	Flipped: "flipped", Rejected: "rejected", Skipped: "skipped",
	Observed: "observed", Bypassed: "bypassed", Graced: "graced", Drained: "drained",
}

// String returns the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Event is one thing that the guard did. It holds no text of a statement but
// names of tables and functions, and no argument values.
type Event struct {
	// Kind, Mode and Epoch are always set.
	Kind  Kind
	Mode  Mode
	Epoch uint64

	// State is the new state; only for Flipped.
	State State

	// Drain is how the draining went; only for Drained.
	Drain *DrainReport

	// Dialect, Class, Op, Tables and Why are those of the statement; for all
	// kinds but Flipped and Drained. Tables are shared: do not change them.
	Dialect string
	Class   Class
	Op      Op
	Tables  []Table
	Why     string

	// Would is what would have become of the statement: Refuse, Drop or Ask; only
	// for Observed, Bypassed and Graced.
	Would Decision

	// Reason is the reason given for the bypass; only for Bypassed, and for Observed
	// where [ReadOnly] would have let the statement pass by it.
	Reason string
}

// Observer is told what a [Guard] does.
type Observer interface {
	// Observe is called for each event, by the goroutine that caused it, possibly
	// by several at once; it must return quickly. Flips are told one at a time, in order of
	// their epochs, while the guard's switch is held: do not call Hold, Release or
	// Subscribe from within. ctx is the statement's; where that is the background
	// context, that of its transaction; and otherwise the background context.
	Observe(ctx context.Context, e Event)
}

// Observers returns an observer that tells each of the given ones, in their
// order. Nil ones are left out.
func Observers(observers ...Observer) Observer {
	var kept observerList
	for _, o := range observers {
		if o != nil {
			kept = append(kept, o)
		}
	}
	return kept
}

type observerList []Observer

func (l observerList) Observe(ctx context.Context, e Event) {
	for _, o := range l {
		o.Observe(ctx, e)
	}
}

// SetObserver replaces the observer of [Config.Observer]. If o is nil, nobody is told from
// then on but those of [Guard.AddObserver].
func (g *Guard) SetObserver(o Observer) {
	if o == nil {
		g.observer.Store(nil)
		return
	}
	g.observer.Store(&o)
}

// AddObserver has o told of every event too, after the observer of [Guard.SetObserver], which
// replaces none that is added: for metrics and tests, beside a program's own log. Call remove when
// done; it may be called more than once, and what is being told meanwhile may still come. A nil o is not
// told.
func (g *Guard) AddObserver(o Observer) (remove func()) {
	if o == nil {
		return func() {}
	}
	added := &o // tells it from others that are equal to it
	g.changeAdded(func(list []*Observer) []*Observer { return append(list, added) })
	return func() {
		g.changeAdded(func(list []*Observer) []*Observer {
			return slices.DeleteFunc(list, func(other *Observer) bool { return other == added })
		})
	}
}

// changeAdded replaces the added observers by what change makes of a copy.
func (g *Guard) changeAdded(change func([]*Observer) []*Observer) {
	for {
		old := g.added.Load()
		var list []*Observer
		if old != nil {
			list = slices.Clone(*old)
		}
		if list = change(list); g.added.CompareAndSwap(old, &list) {
			return
		}
	}
}

func (g *Guard) tell(ctx context.Context, e Event) {
	if o := g.observer.Load(); o != nil {
		(*o).Observe(ctx, e)
	}
	if list := g.added.Load(); list != nil {
		for _, o := range *list {
			(*o).Observe(ctx, e)
		}
	}
}

// Counts are how many statements a guard has dealt with since it was made.
// What merely passed is not counted.
type Counts struct {
	Rejected uint64 `json:"rejected"`
	Skipped  uint64 `json:"skipped"`
	Observed uint64 `json:"observed"`
	Bypassed uint64 `json:"bypassed"`
	Graced   uint64 `json:"graced"`
}

// Counts returns the counts as they are now.
func (g *Guard) Counts() Counts {
	return Counts{
		Rejected: g.counts[Rejected].Load(),
		Skipped:  g.counts[Skipped].Load(),
		Observed: g.counts[Observed].Load(),
		Bypassed: g.counts[Bypassed].Load(),
		Graced:   g.counts[Graced].Load(),
	}
}

// counters counts events by their kind.
type counters [len(kindNames)]atomic.Uint64

func (c *counters) add(k Kind) { c[k].Add(1) }
