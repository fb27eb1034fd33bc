package fleettest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Race holds a store to what it promises where several processes use it at once. open
// returns three clients of one new store, with connections of their own; it is called for each test anew.
func Race(t *testing.T, open func(t testing.TB) []fleet.Coordinator) {
	for _, one := range []struct {
		name string
		run  func(t *testing.T, clients []fleet.Coordinator)
	}{
		{"of concurrent swaps exactly one wins", oneWins},
		{"a list is one consistent read while the mode changes", consistent},
		{"what one client writes the next call of another sees", seen},
		{"of two registrations of one id the last one counts", lastCounts},
		{"concurrent heartbeats all succeed", heartbeats},
	} {
		t.Run(one.name, func(t *testing.T) { one.run(t, open(t)) })
	}
}

func oneWins(t *testing.T, clients []fleet.Coordinator) {
	epoch := uint64(1)
	for round := range 20 {
		var wins, conflicts, failures []string
		var written fleet.Mode
		var lock sync.Mutex
		together(6, func(n int) {
			op := fmt.Sprintf("op %d of round %d", n, round)
			m, err := clients[n%len(clients)].Swap(t.Context(), epoch, armed(op))
			var conflict *fleet.ConflictError
			lock.Lock()
			defer lock.Unlock()
			switch {
			case err == nil:
				wins, written = append(wins, op), m
			case errors.As(err, &conflict) && conflict.Current.Epoch > epoch:
				conflicts = append(conflicts, conflict.Current.Op)
			default:
				failures = append(failures, err.Error())
			}
		})
		if len(wins) != 1 || len(failures) > 0 {
			t.Fatalf("winners %q, failures %q, want one and none", wins, failures)
		}
		for _, op := range conflicts {
			if op != wins[0] {
				t.Errorf("a conflict shows %q, want the winner's %q", op, wins[0])
			}
		}
		if written.Op != wins[0] {
			t.Errorf("the winner got %q back, want %q", written.Op, wins[0])
		}
		same(t, "the mode", must[fleet.Mode](t)(clients[0].Mode(t.Context())), written)
		epoch = written.Epoch
	}
}

// together runs f at the same time with 0 … n-1, and returns when all are done.
func together(n int, f func(int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; f(i) })
	}
	close(start)
	all.Wait()
}

// consistent has one writer change the mode, then the record, then the mode …, and others
// read. Each pair that they read must have been there at some time.
func consistent(t *testing.T, clients []fleet.Coordinator) {
	type pair struct{ mode, record uint64 }
	writer, i := clients[0], instance("a")
	must[fleet.Mode](t)(writer.Register(t.Context(), i))
	were := []pair{{1, 1}}
	done := make(chan struct{})
	var read []pair
	var lock sync.Mutex
	var readers sync.WaitGroup
	for n := range 4 {
		readers.Go(func() {
			for over := false; !over; {
				select {
				case <-done:
					over = true // with one more
				default:
				}
				all, err := clients[1+n%(len(clients)-1)].List(t.Context())
				if err != nil || len(all.Instances) != 1 {
					t.Errorf("the list is %+v (%v), want one record", all, err)
					return
				}
				lock.Lock()
				read = append(read, pair{all.Mode.Epoch, all.Instances[0].Epoch})
				lock.Unlock()
			}
		})
	}
	func() {
		defer close(done)
		last := pair{1, 1}
		for range 60 {
			m := must[fleet.Mode](t)(writer.Swap(t.Context(), last.mode, opened()))
			were = append(were, pair{m.Epoch, last.record}, pair{m.Epoch, m.Epoch})
			must[fleet.Mode](t)(writer.Heartbeat(t.Context(), "a", i.Lease, fleet.Report{Epoch: m.Epoch}))
			last = pair{m.Epoch, m.Epoch}
		}
	}()
	readers.Wait()
	for _, p := range read {
		if !slices.Contains(were, p) {
			t.Fatalf("a list has the mode with epoch %d and a record with epoch %d, which never were there together", p.mode, p.record)
		}
	}
}

// seen changes the mode by one client and asks the others, of which none may answer with
// what it has seen before.
func seen(t *testing.T, clients []fleet.Coordinator) {
	for n, c := range clients {
		must[fleet.Mode](t)(c.Register(t.Context(), instance(fmt.Sprint(n))))
	}
	for round, next := range []fleet.Mode{armed("a"), closed("a"), opened(), opened(), armed("b")} {
		want := swap(t, clients[round%len(clients)], next)
		for n, c := range clients {
			id := fmt.Sprint(n)
			same(t, "what a heartbeat returns", must[fleet.Mode](t)(c.Heartbeat(t.Context(), id, "lease of "+id, fleet.Report{})), want)
			same(t, "the mode", must[fleet.Mode](t)(c.Mode(t.Context())), want)
		}
	}
}

func lastCounts(t *testing.T, clients []fleet.Coordinator) {
	together(6, func(n int) {
		i := instance("a")
		i.Lease = fmt.Sprint(n)
		if _, err := clients[n%len(clients)].Register(t.Context(), i); err != nil {
			t.Error(err)
		}
	})
	all, r := list(t, clients[0], "a")
	if len(all.Instances) != 1 {
		t.Fatalf("there are %d records, want 1", len(all.Instances))
	}
	for n := range 6 {
		if lease := fmt.Sprint(n); lease != r.Lease {
			refused(t, clients[n%len(clients)], "a", lease)
		}
	}
	must[fleet.Mode](t)(clients[1].Heartbeat(t.Context(), "a", r.Lease, fleet.Report{}))
}

// heartbeats has several processes send theirs while the mode changes. What each is
// told never goes back.
func heartbeats(t *testing.T, clients []fleet.Coordinator) {
	together(6, func(n int) {
		c := clients[n%len(clients)]
		if n == 0 {
			for range 20 {
				m, err := c.Mode(t.Context())
				if err == nil {
					_, err = c.Swap(t.Context(), m.Epoch, opened())
				}
				if err != nil {
					t.Error(err)
				}
			}
			return
		}
		i := instance(fmt.Sprint(n))
		m, err := c.Register(t.Context(), i)
		for range 20 {
			last := m.Epoch
			if err == nil {
				m, err = c.Heartbeat(t.Context(), i.ID, i.Lease, fleet.Report{Epoch: last})
			}
			if err != nil || m.Epoch < last {
				t.Errorf("a heartbeat returned epoch %d after %d (%v)", m.Epoch, last, err)
				return
			}
		}
	})
}
