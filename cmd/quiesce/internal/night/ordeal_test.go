package night_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
	"github.com/quiescehq/quiesce/internal/tcpproxy"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// lots are what a night has for processes, one each. All of it lasts until wait has returned; who was killed is
// started again before.
type lots []func(context.Context, *process)

// everything has something for each of the processes.
var everything = lots{
	stop, stop, stop, stopWithNetwork,
	func(ctx context.Context, p *process) {
		p.kill()
		wait(ctx, 2*time.Second)
		p.start()
	},
	func(_ context.Context, p *process) {
		[]func(*tcpproxy.Proxy){(*tcpproxy.Proxy).Sever, (*tcpproxy.Proxy).Silence}[rand.IntN(2)](p.toStore)
	},
	func(_ context.Context, p *process) { p.toDB.Sever() },
	func(_ context.Context, p *process) { p.toDB.Silence() },
}

func stop(_ context.Context, p *process) { p.stop() }

// stopWithNetwork is what becomes of a machine that is suspended: what it had sent may not have arrived.
func stopWithNetwork(ctx context.Context, p *process) {
	p.toDB.Silence()
	wait(ctx, 50*time.Millisecond)
	p.stop()
}

// tally is what has become of nights.
type tally struct {
	proven, incomplete, unproven int
	late                         int64 // rows that were committed after wait had returned
	broken                       int   // nights that have such rows
	out                          string
}

func (n tally) String() string {
	return fmt.Sprintf("%d nights were proven, %d incomplete, %d not proven otherwise", n.proven, n.incomplete, n.unproven)
}

// ordeals has nights until there are enough.
func (s *site) ordeals(level string, what lots, enough func(tally) bool) (n tally) {
	s.t.Helper()
	for !enough(n) {
		if n.incomplete+n.unproven > 10+2*n.proven {
			s.t.Fatalf("%v; the last said:\n%s", n, n.out)
		}
		s.writing()
		code, late := 0, int64(0)
		switch code, late, n.out = s.ordeal(level, what); code {
		case operate.ExitOK:
			n.proven++
			if n.late += late; late > 0 {
				n.broken++
			}
			if n.proven%25 == 0 { // for whoever waits for a soak
				s.t.Logf("so far %v, with %d late rows", n, n.late)
			}
		case operate.ExitIncomplete:
			n.incomplete++
		case operate.ExitTimeout, operate.ExitNotQuiet:
			n.unproven++
			s.t.Log(n.out)
		default:
			s.t.Fatalf("exit code %d\n%s", code, n.out)
		}
	}
	return n
}

// ordeal is one night. It returns how many rows were committed after wait had returned.
func (s *site) ordeal(level string, what lots) (code int, late int64, out string) {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	bound := s.bound(ctx)
	var all sync.WaitGroup
	for lot, n := range rand.Perm(processes)[:len(what)] {
		p := s.processes[n]
		all.Go(func() {
			if moment(ctx, bound[p.name]) {
				what[lot](ctx, p)
			}
		})
	}
	// A transaction that has begun and not taken the fence yet when its process is stopped keeps the database from being
	// quiet, so it is not waited for long.
	code, out = s.closeAndWait(context.Background(), level, 12*time.Second)
	end()
	all.Wait()
	before := s.rows()
	for _, p := range s.processes { // they are stopped for longer than the lease and the tail
		if !p.stoppedAt.IsZero() {
			time.Sleep(time.Until(p.stoppedAt.Add(ttl + tail)))
		}
	}
	s.mend()
	if code == operate.ExitOK {
		late = s.rows() - before
	}
	s.open()
	return code, late, out
}

// moment waits for a random moment, mostly after the process is bound to the operation, and half of the time soon: if it falls
// silent before, the night is incomplete, and nobody is told that writing is over; and long after, it does not write any more. It
// reports whether the moment has come before ctx ended.
func moment(ctx context.Context, bound <-chan struct{}) bool {
	if rand.IntN(50) == 0 {
		return wait(ctx, 3*time.Second)
	}
	select {
	case <-bound:
		return wait(ctx, []time.Duration{50 * time.Millisecond, time.Second}[rand.IntN(2)])
	case <-ctx.Done():
		return false
	}
}

// bound returns a channel for each process, which is closed when it is bound to the operation that is about to begin.
func (s *site) bound(ctx context.Context) map[string]<-chan struct{} {
	s.t.Helper()
	waiting, all := map[string]chan struct{}{}, map[string]<-chan struct{}{}
	for _, p := range s.processes {
		c := make(chan struct{})
		waiting[p.name], all[p.name] = c, c
	}
	from, err := store.Open(ctx, s.engine.dsn(s.store))
	if err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer from.Close()
		for len(waiting) > 0 && ctx.Err() == nil {
			snapshot, _ := from.List(ctx) // empty, if ctx is over
			for _, i := range snapshot.Instances {
				if c := waiting[i.ID]; c != nil && snapshot.Mode.State != fleet.Open && i.Bound == snapshot.Mode.Op {
					close(c)
					delete(waiting, i.ID)
				}
			}
			wait(ctx, 50*time.Millisecond)
		}
	}()
	return all
}
