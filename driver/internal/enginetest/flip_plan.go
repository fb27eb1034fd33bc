package enginetest

import (
	"slices"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// flipPlan is what a round is to be like.
type flipPlan struct {
	deck  []int // the kinds that write, in the order in which they are dealt
	conns int   // how many connections there may be; 0 for no limit
	// hesitation is what comes before writing is closed: texts are looked at then, and what
	// began in one mode ends in another.
	hesitation []sqlguard.Mode
	grace      time.Duration // for transactions that are open
	cuts       bool          // those that are open are cut
	waits      bool          // for a transaction that sits out the flip
	// outlived is the moment that is the hardest: nobody waits for a statement any more, but the
	// server runs it.
	outlived bool
}

var hesitations = [5][]sqlguard.Mode{
	2: {sqlguard.Observe},
	4: {sqlguard.ReadOnly, sqlguard.Off},
}

// plan makes rounds that differ. What one writer has Drain wait for hides what it fails to
// wait for of another. So in half of the rounds writers of one kind are among themselves,
// and in some those who are disturbed.
func (f *flipTest) plan(n int) flipPlan {
	p := flipPlan{
		conns:      n / 2 % 2 * (flipWriters - 2), // then some writers wait for one
		hesitation: hesitations[n%len(hesitations)],
		cuts:       n%3 == 2,
		outlived:   n%4 == 3 && f.Cut != nil,
	}
	if p.outlived {
		p.hesitation, p.cuts = nil, false // nothing may come between
	} else if n%3 == 1 {
		p.grace = f.nap + time.Duration(f.rng.Int64N(8*int64(f.nap)))
	}
	disturbed := func(kind int) bool { return f.kinds[kind].Disturbed }
	p.deck = f.rng.Perm(len(f.kinds))
	switch {
	case n%2 == 0:
		if len(f.solos) == 0 {
			f.solos = slices.DeleteFunc(slices.Clone(p.deck), disturbed)
		}
		p.deck, f.solos = f.solos[:1], f.solos[1:]
	case p.outlived:
		p.deck = slices.DeleteFunc(p.deck, func(kind int) bool { return !disturbed(kind) })
	default:
		p.waits = p.cuts || p.grace > 0
	}
	return p
}
