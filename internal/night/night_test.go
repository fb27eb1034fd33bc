package night_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// initialise makes the store's tables.
func (s *site) initialise() {
	s.t.Helper()
	if err := store.Init(s.t.Context(), s.engine.store(s.store)); err != nil {
		s.t.Fatal(err)
	}
}

// operator returns an operator whose own way to the store is never severed.
func (s *site) operator() *fleet.Operator {
	s.t.Helper()
	c, err := store.Open(s.t.Context(), s.engine.store(s.store))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	o, err := fleet.NewOperator(c, fleet.OperatorConfig{Actor: "the test"})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

var terms = fleet.Terms{Tail: tail, MinInstances: processes}

// closeAndWait closes the fleet and waits for the level verified.
func (s *site) closeAndWait(ctx context.Context, o *fleet.Operator) error {
	closed, err := o.Close(ctx, 0, sqlguard.Change{Reason: "a night"}, terms)
	if err != nil {
		return err
	}
	if _, err := o.Wait(ctx, closed, terms); err != nil {
		return err
	}
	dialect := verify.MySQL
	if s.engine.driver == "pgx" {
		dialect = verify.Postgres
	}
	v, err := verify.New(verify.Config{DB: s.direct, Dialect: dialect, Still: time.Second})
	if err != nil {
		return err
	}
	_, err = v.Wait(ctx, nil)
	return err
}

// rounds returns how many nights there are.
func rounds(t *testing.T) int {
	text := os.Getenv("QUIESCE_NIGHTS")
	switch {
	case text == "" && testing.Short():
		return 2
	case text == "":
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("QUIESCE_NIGHTS must be a number, not %q", text)
	}
	return n
}

func TestNoRowIsCommittedAfterWait(t *testing.T) {
	writer := buildWriter(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, e, writer)
			o := s.operator()
			proven, incomplete, late := 0, 0, 0
			for nights := rounds(t); proven < nights; {
				if incomplete+late > nights {
					t.Fatalf("of %d nights %d were incomplete, and %d late", proven+incomplete+late, incomplete, late)
				}
				s.writing()
				switch err := s.night(o); {
				case err == nil:
					proven++
				case errors.As(err, new(*fleet.IncompleteError)):
					incomplete++
				case errors.Is(err, context.DeadlineExceeded):
					late++
				default:
					t.Fatal(err)
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d nights proven quiet, with %d rows; %d were incomplete, %d late", proven, s.rows(), incomplete, late)
		})
	}
}

// night closes the fleet amid trouble, and looks whether anybody writes afterwards.
func (s *site) night(o *fleet.Operator) error {
	ctx, end := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.trouble(ctx)
	}()
	defer func() {
		end()
		<-over
		for _, p := range s.processes {
			p.mend()
		}
		if _, err := o.Open(context.Background(), 0, "the night is over"); err != nil {
			s.t.Error(err)
		}
	}()
	wait(ctx, 2*time.Second)
	limit, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	if err := s.closeAndWait(limit, o); err != nil {
		return err
	}
	before := s.rows()
	time.Sleep(2 * time.Second)
	if after := s.rows(); after != before {
		s.t.Errorf("%d rows were committed after wait had returned", after-before)
	}
	return nil
}

// TestWhatAStoppedProcessMayStillWrite measures what the level "cooperative" does not stop: a
// process that is stopped for longer than its lease and the tail, between its last look at the lease
// and the sending of a statement. It prints the rate, and asserts only that it was measured.
func TestWhatAStoppedProcessMayStillWrite(t *testing.T) {
	writer := buildWriter(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, e, writer)
			o := s.operator()
			measured, violations, rows := 0, 0, int64(0)
			for nights := max(1, rounds(t)/4); measured < nights; {
				s.writing()
				switch late, err := s.stopped(o); {
				case errors.As(err, new(*fleet.IncompleteError)):
				case err != nil:
					t.Fatal(err)
				default:
					measured++
					if rows += late; late > 0 {
						violations++
					}
				}
			}
			t.Logf("after %d of %d nights stopped processes committed, %d rows in all", violations, measured, rows)
		})
	}
}

// stopped is a night in which half of the processes are stopped while the fleet is closed, and go
// on after wait has returned. It returns how many rows were committed then.
func (s *site) stopped(o *fleet.Operator) (late int64, err error) {
	stopped := s.processes[:processes/2]
	defer func() {
		for _, p := range stopped {
			p.signal(syscall.SIGCONT)
		}
		if _, openErr := o.Open(context.Background(), 0, "the night is over"); openErr != nil {
			s.t.Error(openErr)
		}
	}()
	done := make(chan struct{})
	time.AfterFunc(time.Second, func() {
		defer close(done)
		for _, p := range stopped {
			p.signal(syscall.SIGSTOP)
			time.Sleep(7 * time.Millisecond)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	closed, err := o.Close(ctx, 0, sqlguard.Change{Reason: "a night"}, terms)
	if err == nil {
		_, err = o.Wait(ctx, closed, terms)
	}
	<-done
	if err != nil {
		return 0, err
	}
	before := s.rows()
	for _, p := range stopped {
		p.signal(syscall.SIGCONT)
	}
	time.Sleep(2 * time.Second)
	return s.rows() - before, nil
}
