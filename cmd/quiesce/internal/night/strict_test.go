package night_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
	"github.com/quiescehq/quiesce/internal/tcpproxy"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// TestNoRowIsCommittedBehindTheFence has half of the processes stopped, others killed, and the networks of others cut
// or holding back what they were given, until wait has returned at the level "strict". Then all go on.
func TestNoRowIsCommittedBehindTheFence(t *testing.T) {
	t.Parallel()
	p := build(t)
	for _, e := range engines {
		for n := range fleets {
			t.Run(fmt.Sprintf("%s, fleet %d", e.name, n+1), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, e, p)
				s.fence()
				nights := (rounds(t) + fleets - 1) / fleets
				tally := s.ordeals(operate.Strict, everything, func(n tally) bool { return n.late > 0 || n.proven >= nights })
				if tally.late > 0 {
					t.Errorf("%d rows were committed behind the fence, after:\n%s", tally.late, tally.out)
				}
				t.Logf("%v, with %d rows", tally, s.rows())
			})
		}
	}
}

// TestNothingComesLateFromBeforeTheClosing has networks hold back what was written while the fleet was open, when nobody took the fence, until wait
// has returned.
func TestNothingComesLateFromBeforeTheClosing(t *testing.T) {
	t.Parallel()
	p := build(t)
	for _, e := range engines {
		for _, tt := range []struct {
			name    string
			silence func(*tcpproxy.Proxy)
			replace bool
			code    int
		}{
			{"the processes connect anew", (*tcpproxy.Proxy).SilenceOpen, false, operate.ExitOK},
			{"the processes are replaced", (*tcpproxy.Proxy).SilenceOpen, true, operate.ExitOK},
			{"nothing gets through", (*tcpproxy.Proxy).Silence, false, operate.ExitTimeout},
		} {
			t.Run(e.name+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, e, p, "-single")
				s.fence()
				for range 2 {
					s.follow()
					s.writing()
					for _, p := range s.processes[:2] {
						tt.silence(p.toDB)
						p.isHeld()
						if tt.replace {
							p.replace()
						}
					}
					if tt.replace {
						s.follow()
					}
					code, out := s.closeAndWait(t.Context(), operate.Strict, 20*time.Second)
					before := s.rows()
					s.mend()
					if late := s.rows() - before; code == operate.ExitOK && late > 0 {
						t.Errorf("%d rows were committed behind the fence", late)
					}
					if code != tt.code {
						t.Errorf("exit code %d, not %d\n%s", code, tt.code, out)
					}
					s.open()
				}
			})
		}
	}
}

// TestWithoutTheFenceRowsAreCommitted is TestNoRowIsCommittedBehindTheFence where nobody takes the fence. The writers
// have no transactions, which would be open in the database when their process is stopped, so that nothing would be proven.
func TestWithoutTheFenceRowsAreCommitted(t *testing.T) {
	t.Parallel()
	p := build(t)
	for _, e := range engines {
		for _, tt := range []struct {
			name, level string
			fenced      bool
			arguments   []string
		}{
			{"the fleet does not ask for it", operate.Verified, false, []string{"-single"}},
			{"the writers do not take it", operate.Strict, true, []string{"-single", "-unfenced"}},
		} {
			t.Run(e.name+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, e, p, tt.arguments...)
				if tt.fenced {
					s.fence()
				}
				tally := s.ordeals(tt.level, everything, func(n tally) bool { return n.late > 0 || n.proven >= 30 })
				if tally.late == 0 {
					t.Error("no row was committed after wait had returned: this harness shows nothing")
				}
				t.Logf("%v, with %d late rows", tally, tally.late)
			})
		}
	}
}

// TestWhatAStoppedProcessMayStillWrite measures what the level "cooperative" does not stop: a
// process that is stopped for longer than its lease and the tail, between its last look at the lease
// and the sending of a statement. It prints the rate, and asserts only that it was measured.
func TestWhatAStoppedProcessMayStillWrite(t *testing.T) {
	t.Parallel()
	p := build(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, e, p)
			nights := max(1, rounds(t)/4)
			tally := s.ordeals(operate.Cooperative, lots{stop, stop, stop, stop}, func(n tally) bool { return n.proven >= nights })
			t.Logf("%v; stopped processes committed after %d of them, %d rows in all", tally, tally.broken, tally.late)
		})
	}
}

// fence has the fleet take the fence of its database.
func (s *site) fence() {
	s.t.Helper()
	for _, args := range [][]string{{"fence", "install"}, {"fence", "enable", "--reason", "the test"}} {
		if code, out := s.quiesce(s.t.Context(), args...); code != operate.ExitOK {
			s.t.Fatalf("%v: exit code %d\n%s", args, code, out)
		}
	}
}

// follow waits until all processes have heard of what the fleet's record says.
func (s *site) follow() {
	s.t.Helper()
	from, err := store.Open(s.t.Context(), s.engine.dsn(s.store))
	if err != nil {
		s.t.Fatal(err)
	}
	defer from.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		snapshot, err := from.List(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		n := 0
		for _, i := range snapshot.Instances {
			if i.Epoch == snapshot.Mode.Epoch {
				n++
			}
		}
		switch {
		case n == len(s.processes):
			return
		case time.Now().After(deadline):
			s.t.Fatalf("%d of %d processes follow", n, len(s.processes))
		}
	}
}
