package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// run runs one schedule, and returns what became of the operation: nil if the fleet was proven
// quiet as often as it was asked for.
func (w *world) run() error {
	processes := 1 + int(w.float()*3)
	for n := range processes {
		w.group.Go(func() { w.live(&process{world: w, id: fmt.Sprintf("p%d", n)}) })
	}
	if w.draw(0.1) {
		w.group.Go(w.failOver)
	}
	err := w.operate()
	w.over.Store(true)
	w.group.Wait()
	time.Sleep(simTail) // for what is on its way still
	return err
}

// live is the life of a process: its network may be cut, it may die, and another take its place.
func (w *world) live(p *process) {
	if w.draw(0.2) {
		time.Sleep(w.between(0, 6*time.Second))
	}
	switch {
	case w.draw(0.3):
		p.cutOff(w.between(0, 12*time.Second))
	case w.draw(0.4):
		w.group.Go(func() { // when it matters
			for w.store.now().State == Open && !w.over.Load() {
				time.Sleep(w.between(0, 400*time.Millisecond))
			}
			p.cutOff(w.between(0, 1500*time.Millisecond))
		})
	}
	w.stops(p)
	w.start(p)
	if !w.draw(0.3) {
		return
	}
	p.idle(w.between(time.Second, 25*time.Second))
	p.dead.Store(true)
	if w.draw(0.5) {
		time.Sleep(w.between(0, 10*time.Second))
		if !w.over.Load() {
			w.start(&process{world: w, id: p.id + "b"})
		}
	}
}

// cutOff cuts the network to the store some time from now, for a while.
func (p *process) cutOff(in time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutFrom = time.Now().Add(in)
	p.cutTo = p.cutFrom.Add(p.world.between(time.Second, 40*time.Second))
}

// failOver has the store lose an epoch or two, some time after something has changed.
func (w *world) failOver() {
	for epoch := w.store.now().Epoch; w.store.now().Epoch < epoch+1+uint64(w.float()*2); {
		if w.over.Load() {
			return
		}
		time.Sleep(w.between(0, time.Second))
	}
	for wait := w.draw(0.5); wait && !w.quiet.Load(); { // when it is least convenient
		if w.over.Load() {
			return
		}
		time.Sleep(w.between(0, time.Second))
	}
	time.Sleep(w.between(0, 4*time.Second))
	w.failed.Store(true)
	w.store.failOver(1 + int(w.float()*2))
}

// operate closes the fleet, once or twice, and looks on for a while each time.
func (w *world) operate() error {
	o, err := NewOperator(&link{simStore: w.store, world: w, cut: func() bool { return false }},
		OperatorConfig{Actor: "sim", Poll: 200 * time.Millisecond})
	if err != nil {
		return err
	}
	o.omit = w.omit
	time.Sleep(w.between(time.Second, 4*time.Second))
	rounds := 1
	if w.draw(0.2) {
		rounds = 2
	}
	for range rounds {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		closed, err := o.Close(ctx, 0, sqlguard.Change{Reason: "simulated"}, Terms{Tail: simTail})
		if err == nil {
			_, err = o.Wait(ctx, closed, Terms{Tail: simTail})
		}
		cancel()
		if err != nil {
			return err
		}
		looks := w.between(5*time.Second, 10*time.Second)
		if w.strict {
			w.closeFence()
			looks = w.between(20*time.Second, 40*time.Second)
		}
		w.quiet.Store(true)
		time.Sleep(looks)
		w.quiet.Store(false)
		if w.strict {
			w.fence.set(false)
		}
		if _, err := o.Open(context.Background(), 0, "simulated"); err != nil {
			return err
		}
		time.Sleep(w.between(0, 3*time.Second))
	}
	return nil
}

// outcome counts what became of schedules.
type outcome struct {
	proven, refused, late, other, commits int
	violations                            []string
}

// simulate runs schedules of worlds from a seed on, until enough is done.
func simulate(t *testing.T, of func(uint64, without) *world, seed uint64, omit without, enough func(*outcome, int) bool) outcome {
	var all outcome
	for n := 0; !enough(&all, n); n++ {
		synctest.Test(t, func(t *testing.T) {
			w := of(seed+uint64(n), omit)
			err := w.run()
			var incomplete *IncompleteError
			switch {
			case err == nil:
				all.proven++
			case errors.As(err, &incomplete):
				all.refused++
			case errors.Is(err, context.DeadlineExceeded):
				all.late++
			default:
				all.other++
			}
			all.commits += int(w.commits.Load())
			if v := w.violation.Load(); v != nil {
				all.violations = append(all.violations, fmt.Sprintf("seed %d: %s", seed+uint64(n), *v))
			}
		})
	}
	return all
}

// schedules returns how many to run.
func schedules(t *testing.T) int {
	text := os.Getenv("QUIESCE_SCHEDULES")
	if text == "" {
		switch {
		case raceDetector:
			return 200 // Go 1.26's detector itself does not survive many thousand bubbles
		case testing.Short():
			return 2000
		}
		return 50000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("QUIESCE_SCHEDULES must be a number, not %q", text)
	}
	return n
}

func TestNothingIsCommittedAfterWait(t *testing.T) {
	t.Parallel()
	holds(t, newWorld, 4)
}

// holds demands that no schedule of such worlds is violated, of which at least one in so many comes to a proof.
func holds(t *testing.T, of func(uint64, without) *world, in int64) {
	t.Helper()
	const shards = 2
	total := schedules(t)
	var proven atomic.Int64
	t.Run("all rules", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprintf("shard %d", shard), func(t *testing.T) {
				t.Parallel()
				o := simulate(t, of, uint64(shard)<<32, 0, func(o *outcome, n int) bool { return n >= total/shards })
				for _, v := range o.violations {
					t.Error(v)
				}
				proven.Add(int64(o.proven))
				t.Logf("%d proven quiet, %d refused as incomplete, %d too late, %d changed by others, %d commits, %d violations",
					o.proven, o.refused, o.late, o.other, o.commits, len(o.violations))
			})
		}
	})
	if proven.Load() < int64(total)/in {
		t.Errorf("only %d of %d schedules came to an end that proves anything", proven.Load(), total)
	}
}

func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	isNeeded(t, newWorld, []neededRule{
		{"a lease is trusted from before the heartbeat was sent", trustFromSending},
		{"a lease is trusted for less than its time by a margin", trustWithMargin},
		{"what is acknowledged is that all has ended", ackWhenDrained},
		{"a process starts closed", startClosed},
		{"armed opens nothing that was closed", armedOpensNothing},
		{"epochs never go back", epochsNeverGoBack},
		{"a lease that lapses closes", lapseCloses},
		{"everybody is armed before the fleet is closed", everybodyArmed},
		{"wait waits for the tail", waitForTail},
		{"acknowledgements count at their epoch", oneEpoch},
		{"mark first, then read the mode", markFirst},
		{"a commit looks at the lease", commitLooks},
		{"what was admitted under a lapsed lease is not revived", noRevival},
	})
}

type neededRule struct {
	name string
	rule rule
}

// isNeeded demands that a schedule of such worlds is violated without each of the rules.
func isNeeded(t *testing.T, of func(uint64, without) *world, rules []neededRule) {
	t.Helper()
	if raceDetector {
		t.Skip("it takes tens of thousands of schedules, which the race detector cannot take")
	}
	for _, tt := range rules {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const limit = 100000 // some are violated once in thousands
			var n int
			o := simulate(t, of, 7<<40, without(tt.rule), func(o *outcome, done int) bool {
				n = done
				return len(o.violations) > 0 || done >= limit
			})
			t.Logf("found after %d schedules: %v", n, o.violations)
			if len(o.violations) == 0 {
				t.Errorf("without this rule no violation was found in %d schedules", n)
			}
		})
	}
}
