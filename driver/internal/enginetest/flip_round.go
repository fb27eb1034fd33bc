package enginetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// flipWriters is how many write at a time.
const flipWriters = 8

// drainTimeout is far more than the tail and all that the writers do.
const drainTimeout = time.Minute

// flipRound is one flip, with the writers around it.
type flipRound struct {
	*flipTest
	plan flipPlan
	calm bool // nobody cancels or cuts

	dealt      atomic.Int64
	promises   promises
	closing    atomic.Bool // writing is about to be closed, so the guard may refuse
	closed     atomic.Bool // writing is closed, so the guard must refuse
	began      time.Time   // when it was about to be closed
	approached time.Time   // the same, before anybody hesitated
	report     sqlguard.DrainReport
	over       chan struct{}
	all        chan struct{} // closed when each kind has ended a unit
	lost       chan struct{} // gets the outlived units, if somebody waits for one
	flipped    chan struct{} // closed when writing was closed, and cut if it is to be
	across     chan struct{} // gets the transactions that wait for the flip, as lost does

	mu struct {
		sync.Mutex
		units []*flipUnit
		ended map[int]bool // kinds
	}
}

func (f *flipTest) newRound(p flipPlan) *flipRound {
	r := &flipRound{
		flipTest: f, plan: p,
		over: make(chan struct{}), all: make(chan struct{}), lost: make(chan struct{}),
		across: make(chan struct{}), flipped: make(chan struct{}),
	}
	r.mu.ended = make(map[int]bool)
	return r
}

// round lets writers write, closes writing, and looks whether it is closed.
func (f *flipTest) round(n int) {
	f.hold(sqlguard.Change{})
	r := f.newRound(f.plan(n))
	f.DB.SetMaxOpenConns(r.plan.conns)
	var writers sync.WaitGroup
	for range flipWriters {
		rng := rand.New(rand.NewPCG(f.rng.Uint64(), 0))
		writers.Go(func() { r.write(rng) })
	}
	r.await(r.all, "all kinds have written")
	if r.plan.waits {
		r.await(r.across, "a transaction waits for the flip")
	}
	if r.plan.outlived {
		r.await(r.lost, "a statement has outlived its connection")
	} else {
		time.Sleep(rand.N(2 * f.nap)) // the random moment
	}
	r.flip()
	close(r.over)
	writers.Wait()
	r.drain() // or the next one would wait for what was disturbed in this round
	r.compare()
	r.leftBehind()
	f.totals.add(r)
}

// flip closes writing as planned.
func (r *flipRound) flip() {
	r.approached = time.Now()
	r.closing.Store(true)
	for _, mode := range r.plan.hesitation {
		r.hold(sqlguard.Change{Mode: mode})
		time.Sleep(rand.N(2 * r.nap))
	}
	r.began = time.Now()
	r.hold(sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: r.plan.grace})
	r.promises.close(r.guard.State().GraceUntil)
	r.closed.Store(true)
	if r.plan.cuts {
		cut := make(chan error, 1)
		time.AfterFunc(rand.N(2*r.nap), func() {
			defer close(r.flipped)
			cut <- r.cut()
		})
		defer func() {
			if err := <-cut; err != nil {
				r.t.Errorf("cut: %v", err)
			}
		}()
	} else {
		close(r.flipped)
	}
	r.drainAndLookOn()
}

func (r *flipRound) cut() error {
	err := r.guard.Cut()
	now := time.Now()
	r.promises.cut.Store(&now)
	return err
}

func (r *flipRound) await(event <-chan struct{}, what string) {
	select {
	case <-event:
	case <-time.After(drainTimeout):
		r.t.Errorf("within %s it did not come to this: %s", drainTimeout, what)
	}
}

// drainAndLookOn is what the test is about.
func (r *flipRound) drainAndLookOn() {
	var drained bool
	if r.report, drained = r.drain(); !drained {
		return
	}
	before := r.committed()
	time.Sleep(quiet)
	if after := r.committed(); after != before {
		r.t.Errorf("after Drain returned %+v were committed, %s later %+v: %s", before, quiet, after, r.rowsAfter(before))
	}
}

func (r *flipRound) drain() (report sqlguard.DrainReport, drained bool) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	report, err := r.guard.Drain(ctx)
	if err != nil {
		r.t.Errorf("drain: %v", err)
	}
	return report, err == nil
}

// rowsAfter says who wrote what was committed after Drain had returned, as far as the
// highest row shows.
func (r *flipRound) rowsAfter(m mark) (s string) {
	rows, err := r.Bare.Query(fmt.Sprintf("SELECT id, kind, unit FROM flip WHERE id > %d", m.highest))
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	for rows.Next() {
		var id, kind, unit int
		if err := rows.Scan(&id, &kind, &unit); err != nil {
			return err.Error()
		}
		s += fmt.Sprintf("row %d of unit %d (%s); ", id, unit, r.kinds[kind].Name)
	}
	return s
}

// atOnce is always readable.
var atOnce = func() <-chan time.Time {
	ch := make(chan time.Time)
	close(ch)
	return ch
}()

// write writes units of one kind after the other, until the round is over.
func (r *flipRound) write(rng *rand.Rand) {
	for {
		kind := r.plan.deck[int(r.dealt.Add(1)-1)%len(r.plan.deck)]
		u := r.next(kind, rng)
		rows, err := u.run()
		r.ended(u, rows, err)
		var again <-chan time.Time
		if sqlguard.IsReadOnly(err) {
			again = time.After(rand.N(20 * time.Millisecond)) // as whoever is refused
		} else {
			again = atOnce
		}
		select {
		case <-r.over:
			return
		case <-again:
		}
	}
}

// next makes the next unit.
func (r *flipRound) next(kind int, rng *rand.Rand) *flipUnit {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unit++
	u := &flipUnit{
		flipRound: r, kind: kind, number: r.unit, rng: rand.New(rand.NewPCG(rng.Uint64(), 0)),
		late: r.closed.Load(),
	}
	r.mu.units = append(r.mu.units, u)
	return u
}

// ended judges how a unit has ended.
func (r *flipRound) ended(u *flipUnit, rows int, err error) {
	name := r.kinds[u.kind].Name
	refused := sqlguard.IsReadOnly(err)
	switch {
	case refused && !r.closing.Load():
		r.t.Errorf("%s: refused before writing was closed: %v", name, err)
	case err == nil && u.late && rows > 0:
		r.t.Errorf("%s: wrote %d rows after writing was closed", name, rows)
	case err != nil && !u.tolerates(err):
		r.t.Errorf("%s: %v", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || u.disturbed() {
		r.mu.ended[u.kind] = true
	}
	if len(r.mu.ended) == len(r.plan.deck) {
		select {
		case <-r.all:
		default:
			close(r.all)
		}
	}
}
