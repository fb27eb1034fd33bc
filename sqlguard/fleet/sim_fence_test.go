package fleet

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Rules of the fence, beside that of rules.go.
const (
	takesFence rule = 1 << (iota + 24)
	lockBeforeRead
	closeWithLock
	holdersEnd
)

// simFence is the fence of the simulation's database.
type simFence struct {
	mu        sync.Mutex
	closed    bool // what is committed
	exclusive bool // the operator has the strong lock, or waits for it
	holders   map[*simTx]struct{}
}

// simTx is a transaction as the database sees it.
type simTx struct {
	fenced bool
	ended  bool // by the operator
}

func (f *simFence) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// lock takes the weak lock, at once or not at all.
func (f *simFence) lock(tx *simTx) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.exclusive {
		return false
	}
	tx.fenced = true
	f.holders[tx] = struct{}{}
	return true
}

// end ends a transaction, and reports whether it may be committed.
func (f *simFence) end(tx *simTx) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.holders, tx)
	return !tx.ended
}

func (f *simFence) set(closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = closed
}

// closeFence closes the fence as the operator does.
func (w *world) closeFence() {
	w.closing.Store(true)
	defer w.closing.Store(false)
	time.Sleep(w.between(0, 500*time.Millisecond))
	w.fence.exclude(true)
	time.Sleep(w.between(0, time.Second)) // for those who are about to end
	if w.omit.keeps(holdersEnd) {
		w.fence.endHolders()
	}
	if !w.omit.keeps(closeWithLock) {
		w.fence.exclude(false)
		time.Sleep(w.between(0, 3*time.Second))
	}
	w.fence.set(true)
	w.fence.exclude(false)
}

func (f *simFence) exclude(all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exclusive = all
}

func (f *simFence) endHolders() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for tx := range f.holders {
		tx.ended = true
	}
	clear(f.holders)
}

// stop stops the whole process some time from now, for longer than the lease and the tail.
func (p *process) stop(in time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopFrom = time.Now().Add(in)
	p.stopTo = p.stopFrom.Add(p.world.between(time.Second, 45*time.Second))
}

// hang sleeps while the process is stopped. Half of them go on when it is least convenient: about when the
// operator closes the fence.
func (p *process) hang() {
	p.mu.Lock()
	from, to := p.stopFrom, p.stopTo
	p.mu.Unlock()
	now := time.Now()
	if now.Before(from) || now.After(to) {
		return
	}
	time.Sleep(time.Until(to))
	if p.world.draw(0.5) {
		for n := 0; !p.world.closing.Load() && !p.gone() && n < 400; n++ {
			time.Sleep(p.world.between(0, 200*time.Millisecond))
		}
		time.Sleep(p.world.between(0, 2*time.Second))
	}
}

// stopHere has the process stopped right between a look at the guard and what is sent after it, as bad luck would
// have it.
func (p *process) stopHere() {
	w := p.world
	if w.strict && w.store.now().State != Open && w.draw(0.03) {
		p.stop(-1)
	}
	p.hang()
}

// stops has a process stopped, half of the time when it matters.
func (w *world) stops(p *process) {
	if !w.strict || !w.draw(0.4) {
		return
	}
	if w.draw(0.2) {
		p.stop(w.between(0, 12*time.Second))
		return
	}
	w.group.Go(func() {
		for w.store.now().State != Closed && !w.over.Load() {
			time.Sleep(w.between(0, 100*time.Millisecond))
		}
		p.stop(w.between(0, 1500*time.Millisecond))
	})
}

// single writes by a single statement, which is sent without another look once it is admitted.
func (p *process) single(c *sqlguard.Conn) {
	tx := new(simTx)
	c.Begin(context.Background())
	defer c.End()
	if !p.admitted(c) || !p.takeFence(c, tx) {
		p.world.ended(tx)
		return
	}
	p.stopHere()
	takes := p.world.statementTime()
	time.AfterFunc(takes, func() {
		if p.world.ended(tx) {
			p.world.committed(p)
		}
	})
	p.idle(takes)
}

// takeFence takes the fence for a transaction that has begun, if the guard asks for it, and reports whether
// it may write.
func (p *process) takeFence(c *sqlguard.Conn, tx *simTx) bool {
	if !c.Fences() || c.Fenced() {
		return true
	}
	w := p.world
	if !w.omit.keeps(takesFence) {
		c.Fence(true)
		return true
	}
	p.idle(w.between(0, 20*time.Millisecond))
	p.stopHere()
	steps := []func() bool{func() bool { return w.fence.lock(tx) }, func() bool { return !w.fence.isClosed() }}
	if !w.omit.keeps(lockBeforeRead) {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if !step() {
			w.fence.end(tx)
			return false
		}
		time.Sleep(w.between(0, 1200*time.Millisecond)) // the server is slow
	}
	c.Fence(true)
	return true
}

func strictWorld(fenced bool) func(seed uint64, omit without) *world {
	return func(seed uint64, omit without) *world {
		w := newWorld(seed, omit)
		w.strict, w.fence = true, &simFence{holders: map[*simTx]struct{}{}}
		w.store.mode.Fence = fenced
		return w
	}
}

func TestNothingIsCommittedBehindTheFence(t *testing.T) {
	t.Parallel()
	holds(t, strictWorld(true), 10) // most fail, because a process is stopped too early
}

func TestWithoutTheFenceStoppedProcessesCommit(t *testing.T) {
	t.Parallel()
	const limit = 100000
	o := simulate(t, strictWorld(false), 9<<40, 0, func(o *outcome, done int) bool { return len(o.violations) > 0 || done >= limit })
	t.Logf("%d proven quiet before: %v", o.proven, o.violations)
	if len(o.violations) == 0 {
		t.Error("no violation was found: this simulation stops no process when it matters")
	}
}

func TestEachRuleOfTheFenceIsNeeded(t *testing.T) {
	t.Parallel()
	isNeeded(t, strictWorld(true), []neededRule{
		{"whatever may write takes the fence", takesFence},
		{"a process is bound only when all that it has open has the fence", boundIsFenced},
		{"a writer takes the lock, then looks whether the fence is closed", lockBeforeRead},
		{"the operator closes the fence before the strong lock is given back", closeWithLock},
		{"the operator waits for those who have the lock, or ends them", holdersEnd},
	})
}
