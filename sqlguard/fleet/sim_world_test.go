package fleet

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Rules that are kept by the guard and by the driver, beside those of rules.go. The
// writers of the simulation do what the driver does, and can leave them out.
const (
	markFirst rule = 1 << (iota + 16)
	commitLooks
	noRevival
)

// Times of the simulation. A statement is over, whatever becomes of its client, simTail after
// it was sent at the latest.
const (
	simTTL  = 15 * time.Second
	simTail = 5 * time.Second
)

// world is one schedule: processes that write, a store, an operator, and what goes wrong.
type world struct {
	omit  without
	store *simStore
	loss  float64
	slow  float64 // how often a message takes long

	strict  bool        // processes are stopped
	fence   *simFence   // that of the database; nil if it has none
	closing atomic.Bool // the operator closes the fence

	mu     sync.Mutex
	random *rand.Rand

	group     sync.WaitGroup
	over      atomic.Bool
	failed    atomic.Bool // the store has lost an epoch
	quiet     atomic.Bool // wait has returned, and nobody has opened since
	commits   atomic.Int64
	violation atomic.Pointer[string]
}

func newWorld(seed uint64, omit without) *world {
	w := &world{omit: omit, random: rand.New(rand.NewPCG(seed, 1))}
	w.store = newSimStore(1 + (w.float()-0.5)/50) // one per cent fast or slow
	if w.draw(0.5) {
		w.loss = w.float() / 10
	}
	if w.draw(0.5) {
		w.slow = w.float() / 4
	}
	return w
}

func (w *world) float() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.Float64()
}

// draw reports true with a probability.
func (w *world) draw(p float64) bool { return w.float() < p }

// between returns a time, to the nanosecond, so that hardly ever two things happen at once.
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.float()*float64(to-from)) + 1
}

func (w *world) networkDelay() time.Duration {
	if w.draw(w.slow) {
		return w.between(0, 3*time.Second)
	}
	return w.between(time.Millisecond, 20*time.Millisecond)
}

// statementTime returns how long a statement takes: at most the tail, and often nearly that.
func (w *world) statementTime() time.Duration {
	if w.draw(0.2) {
		return w.between(simTail*97/100, simTail)
	}
	return w.between(time.Millisecond, 100*time.Millisecond)
}

// process is one process of a site, with writers.
type process struct {
	world *world
	id    string
	guard *sqlguard.Guard
	dead  atomic.Bool
	early atomic.Bool // it has registered before the store lost an epoch

	mu      sync.Mutex
	cutFrom time.Time // the network to the store is cut then
	cutTo   time.Time

	stopFrom, stopTo time.Time // the process is stopped then
}

func (p *process) cut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return p.dead.Load() || now.After(p.cutFrom) && now.Before(p.cutTo)
}

// start starts a process.
func (w *world) start(p *process) {
	guard, err := sqlguard.New(sqlguard.Config{Tail: simTail})
	if err != nil {
		panic(err)
	}
	p.guard = guard
	member, err := join(context.Background(), guard, &link{simStore: w.store, world: w, cut: p.cut, hang: p.hang}, Config{
		Service: "sim", Instance: p.id, TTL: simTTL, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}, w.omit)
	if err != nil {
		panic(err)
	}
	w.group.Go(func() {
		select {
		case <-member.ready:
			p.early.Store(!w.failed.Load())
		case <-member.stopped:
		}
	})
	w.group.Go(func() {
		for !p.gone() {
			time.Sleep(w.between(0, 2*time.Second))
		}
		p.dead.Store(true)
		member.stop()
		<-member.stopped
	})
	for range 2 {
		w.group.Go(p.write)
	}
}

func (p *process) gone() bool { return p.dead.Load() || p.world.over.Load() }

// write commits one transaction after the other, as the driver does.
func (p *process) write() {
	var c sqlguard.Conn
	p.guard.Attach(&c, simDialect{})
	defer c.Detach()
	for !p.gone() {
		time.Sleep(p.world.between(0, 800*time.Millisecond))
		p.hang()
		if p.world.strict && p.world.draw(0.5) {
			p.single(&c)
			continue
		}
		if !p.begin(&c) {
			continue
		}
		tx := new(simTx)
		if p.takeFence(&c, tx) && p.statement(&c) {
			p.idle(p.world.between(0, time.Second))
			p.dawdle()
			p.commit(&c, tx)
		} else {
			p.world.ended(tx)
		}
		c.End()
	}
}

// begin begins a transaction, and reports whether it may write.
func (p *process) begin(c *sqlguard.Conn) bool {
	ctx := context.Background()
	if !p.world.omit.keeps(markFirst) {
		ok := p.admitted(c)
		time.Sleep(p.world.between(0, 20*time.Millisecond))
		c.Begin(ctx)
		return ok
	}
	c.Begin(ctx)
	time.Sleep(p.world.between(0, 20*time.Millisecond))
	if p.admitted(c) {
		return true
	}
	c.End()
	return false
}

// dawdle puts a commit off until the lease is nearly over, as bad luck would have it, if the store
// cannot be reached.
func (p *process) dawdle() {
	for _, h := range p.guard.State().Holds {
		if h.Lease != nil && p.cut() && p.world.draw(0.5) {
			p.idle(h.Lease.Left() - p.world.between(0, 50*time.Millisecond))
		}
	}
}

// admitted reports whether the guard lets a write through.
func (p *process) admitted(c *sqlguard.Conn) bool {
	if c.Off() {
		return true
	}
	decision, _ := c.Decide(context.Background(), &sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert})
	return decision == sqlguard.Pass
}

// statement runs a statement, and reports whether it was let through.
func (p *process) statement(c *sqlguard.Conn) bool {
	c.Enter(context.Background(), "INSERT")
	defer c.Leave()
	if p.world.omit.keeps(markFirst) && !p.admitted(c) {
		return false
	}
	p.hang()
	p.idle(p.world.statementTime())
	return !p.gone()
}

// commit commits, unless the guard is against it.
func (p *process) commit(c *sqlguard.Conn, tx *simTx) {
	c.Committing()
	defer c.Leave()
	p.hang()
	if p.gone() || p.refuses(c) {
		p.world.ended(tx)
		return
	}
	p.stopHere()
	takes := p.world.statementTime()
	// Whatever becomes of the process by then.
	time.AfterFunc(takes, func() {
		if p.world.ended(tx) {
			p.world.committed(p)
		}
	})
	p.idle(takes)
}

// ended ends a transaction in the database, and reports whether it may be committed.
func (w *world) ended(tx *simTx) bool { return w.fence == nil || w.fence.end(tx) }

func (p *process) refuses(c *sqlguard.Conn) bool {
	switch {
	case !p.world.omit.keeps(commitLooks):
		return false
	case p.world.omit.keeps(noRevival):
		return c.Cut()
	}
	for _, h := range p.guard.State().Holds {
		if h.Lease != nil && !h.Lease.Valid() {
			return true
		}
	}
	return false
}

// idle sleeps, or until the process is gone.
func (p *process) idle(d time.Duration) {
	for end := time.Now().Add(d); !p.gone() && time.Now().Before(end); {
		time.Sleep(min(time.Until(end), 500*time.Millisecond))
	}
}

// committed notes that the database has committed.
func (w *world) committed(p *process) {
	w.commits.Add(1)
	if !w.quiet.Load() || w.failed.Load() && !p.early.Load() {
		return
	}
	text := fmt.Sprintf("%s committed after wait had returned", p.id)
	w.violation.CompareAndSwap(nil, &text)
}

type simDialect struct{}

func (simDialect) Name() string                     { return "sim" }
func (simDialect) Classify(string) sqlguard.Verdict { return sqlguard.Verdict{Class: sqlguard.Write} }
