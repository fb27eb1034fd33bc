package sqlguard_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// world is a database in which nothing is known but how often it was changed. Workers change it
// through a guard as a driver does; what is admitted has its effect at a moment that
// nobody controls, before it is left.
type world struct {
	guard   *sqlguard.Guard
	changes atomic.Int64
	steps   atomic.Int64 // of all workers, so that a test sees that they go on
	stop    atomic.Bool
}

// worker is a program with one connection.
type worker struct {
	*world
	conn *sqlguard.Conn
	rand *rand.Rand
	ctx  context.Context
}

var (
	insert    = verbs{}.Classify("INSERT a")
	beginning = verbs{}.Classify("BEGIN")
)

// pause lets others run now and then, where the outcome of a race is decided.
func (w *worker) pause() {
	w.steps.Add(1)
	if w.rand.IntN(4) == 0 {
		runtime.Gosched()
	}
}

func (w *worker) work() {
	for !w.stop.Load() {
		switch w.rand.IntN(8) {
		case 0, 1, 2:
			if w.admitted("INSERT a", &insert) {
				w.changes.Add(1) // it commits by itself
				w.leave()
			}
		case 3:
			w.rows()
		case 4, 5:
			w.conn.Begin(w.ctx)
			w.transaction()
		case 6:
			w.begin()
		case 7:
			w.conn.Detach()
			w.conn = &sqlguard.Conn{}
			w.guard.Attach(w.conn, verbs{})
		}
	}
	w.conn.Detach()
}

// admitted enters a statement, and leaves it if it is refused.
func (w *worker) admitted(text string, v *sqlguard.Verdict) bool {
	w.conn.Enter(w.ctx, text)
	w.pause()
	if w.conn.Off() {
		return true
	}
	d, _ := w.conn.Decide(w.ctx, v)
	if d != sqlguard.Pass {
		w.conn.Leave()
		return false
	}
	if w.rand.IntN(2) == 0 {
		w.conn.Stamp()
	}
	w.pause()
	return true
}

// begin has a transaction that a text begins. With the mode off nobody looks at texts.
func (w *worker) begin() {
	w.conn.Enter(w.ctx, "BEGIN")
	if w.conn.Off() {
		w.conn.Leave()
		return
	}
	w.conn.Decide(w.ctx, &beginning)
	w.pause()
	w.conn.Began(w.ctx)
	w.leave()
	w.transaction()
}

func (w *worker) leave() {
	if w.rand.IntN(8) == 0 {
		w.conn.Lost() // after its effect: the tail is none
		return
	}
	w.conn.Leave()
}

// rows has two statements open at once.
func (w *worker) rows() {
	if !w.admitted("INSERT a", &insert) {
		return
	}
	if w.admitted("INSERT b", &insert) {
		w.changes.Add(1)
		w.leave()
	}
	w.pause()
	w.changes.Add(1)
	w.leave()
}

// transaction writes in the transaction that is open, and ends it.
func (w *worker) transaction() {
	wrote, refused, open := false, false, 0
	for range w.rand.IntN(4) {
		if !w.admitted("INSERT a", &insert) {
			refused = true
			break
		}
		wrote = true
		if w.rand.IntN(4) == 0 {
			open++
		} else {
			w.leave()
		}
	}
	w.pause()
	if refused || w.rand.IntN(4) == 0 {
		w.conn.End()
	} else {
		w.commit(wrote)
	}
	for range open {
		w.pause()
		w.conn.Leave()
	}
}

func (w *worker) commit(wrote bool) {
	w.conn.Committing()
	w.pause()
	if w.conn.Cut() {
		w.conn.Leave()
		w.conn.End()
		return
	}
	if wrote {
		w.changes.Add(1)
	}
	w.conn.Committed()
}

// goOn waits until the workers have done some more.
func (w *world) goOn(steps int64) {
	for from := w.steps.Load(); w.steps.Load() < from+steps; {
		runtime.Gosched()
	}
}

// After Drain has returned nil, nothing changes until writing is opened, whatever is done on many
// connections at once, with or without grace and Cut.
func TestNothingChangesAfterDrain(t *testing.T) {
	const workers = 8
	rounds := 2000
	if testing.Short() {
		rounds = 400
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	w := &world{guard: newGuard(t, sqlguard.Config{Tail: -1})}
	var running sync.WaitGroup
	for i := range workers {
		c := &sqlguard.Conn{}
		w.guard.Attach(c, verbs{})
		running.Go(func() {
			(&worker{w, c, rand.New(rand.NewPCG(seed, uint64(i+1))), context.Background()}).work()
		})
	}
	cut, waited := 0, 0
	for round := range rounds {
		hold(t, w.guard, "test", sqlguard.Change{Mode: sqlguard.Mode(random.IntN(2))})
		w.goOn(random.Int64N(40))
		hold(t, w.guard, "test", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: time.Duration(random.IntN(2)) * time.Hour})
		if random.IntN(4) == 0 {
			w.goOn(random.Int64N(4))
			if err := w.guard.Cut(); err != nil {
				t.Fatal(err)
			}
			cut++
		}
		report, err := w.guard.Drain(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		waited += report.Waited
		then := w.changes.Load()
		w.goOn(40)
		if now := w.changes.Load(); now != then {
			t.Fatalf("in round %d, %d changes came after Drain (seed %d)", round, now-then, seed)
		}
	}
	w.stop.Store(true)
	running.Wait()
	if cut == 0 || waited == 0 || w.changes.Load() == 0 {
		t.Errorf("nothing was tried: %d cuts, %d waited for, %d changes", cut, waited, w.changes.Load())
	}
	if report, err := w.guard.Drain(over()); err != nil {
		t.Errorf("all connections are closed, but open is %s", state(report))
	}
}
