package night_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
)

// initialise makes the store's tables.
func (s *site) initialise() {
	s.t.Helper()
	if code, out := s.quiesce(s.t.Context(), "init"); code != operate.ExitOK {
		s.t.Fatalf("init: exit code %d\n%s", code, out)
	}
}

// quiesce runs the command, and returns its exit code and all that it said. When ctx ends it is interrupted.
func (s *site) quiesce(ctx context.Context, args ...string) (code int, out string) {
	cmd := exec.CommandContext(ctx, s.programs.quiesce, args...)
	cmd.Env = append(os.Environ(), "QUIESCE_STORE="+s.engine.dsn(s.store), "QUIESCE_DATABASE="+s.engine.dsn(s.db), "QUIESCE_ACTOR=the test")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return operate.ExitOK, string(text)
	case errors.As(err, &exit):
		return exit.ExitCode(), string(text)
	}
	s.t.Errorf("quiesce %v: %v", args, err)
	return -1, string(text)
}

var terms = []string{"--tail", tail.String(), "--timeout", "40s", "--min-instances", strconv.Itoa(processes)}

// closeAndWait closes the fleet and waits for a level.
func (s *site) closeAndWait(ctx context.Context, level string) (code int, out string) {
	code, out = s.quiesce(ctx, append([]string{"on", "--reason", "a night"}, terms...)...)
	if code == operate.ExitOK {
		code, out = s.quiesce(ctx, append([]string{"wait", "--level", level, "--still", "1s"}, terms...)...)
	}
	return code, out
}

// open opens the fleet, whatever became of the night.
func (s *site) open() {
	s.t.Helper()
	if code, out := s.quiesce(context.Background(), "off", "--reason", "the night is over", "--timeout", "5s"); code != operate.ExitOK {
		s.t.Errorf("off: exit code %d\n%s", code, out)
	}
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
	p := build(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, e, p)
			var proven, incomplete, late, notQuiet int
			for nights := rounds(t); proven < nights; {
				if incomplete+late+notQuiet > nights {
					t.Fatalf("%d nights were proven quiet, but %d incomplete, %d late, %d not quiet", proven, incomplete, late, notQuiet)
				}
				s.writing()
				switch code, out := s.night(); code {
				case operate.ExitOK:
					proven++
				case operate.ExitIncomplete:
					incomplete++
				case operate.ExitTimeout:
					late++
					t.Log(out)
				case operate.ExitNotQuiet:
					notQuiet++
					t.Log(out)
				default:
					t.Fatalf("exit code %d\n%s", code, out)
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d nights proven quiet, with %d rows; %d were incomplete, %d late, %d not quiet", proven, s.rows(), incomplete, late, notQuiet)
		})
	}
}

// night closes the fleet amid trouble, and looks whether anybody writes afterwards.
func (s *site) night() (code int, out string) {
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
		s.open()
	}()
	wait(ctx, 2*time.Second)
	if code, out = s.closeAndWait(context.Background(), operate.Verified); code != operate.ExitOK {
		return code, out
	}
	before := s.rows()
	time.Sleep(2 * time.Second)
	if after := s.rows(); after != before {
		s.t.Errorf("%d rows were committed after wait had returned", after-before)
	}
	return code, out
}

// TestWhatAStoppedProcessMayStillWrite measures what the level "cooperative" does not stop: a
// process that is stopped for longer than its lease and the tail, between its last look at the lease
// and the sending of a statement. It prints the rate, and asserts only that it was measured.
func TestWhatAStoppedProcessMayStillWrite(t *testing.T) {
	p := build(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, e, p)
			measured, violations, rows := 0, 0, int64(0)
			for nights := max(1, rounds(t)/4); measured < nights; {
				s.writing()
				switch late, code, out := s.stopped(); code {
				case operate.ExitOK:
					measured++
					if rows += late; late > 0 {
						violations++
					}
				case operate.ExitIncomplete:
				default:
					t.Fatalf("exit code %d\n%s", code, out)
				}
			}
			t.Logf("after %d of %d nights stopped processes committed, %d rows in all", violations, measured, rows)
		})
	}
}

// stopped is a night in which half of the processes are stopped while the fleet is closed, and go
// on after wait has returned. It returns how many rows were committed then.
func (s *site) stopped() (late int64, code int, out string) {
	stopped := s.processes[:processes/2]
	done := make(chan struct{})
	time.AfterFunc(time.Duration(rand.Int64N(int64(time.Second))), func() {
		defer close(done)
		for _, p := range stopped {
			p.signal(syscall.SIGSTOP)
			time.Sleep(7 * time.Millisecond)
		}
	})
	code, out = s.closeAndWait(context.Background(), operate.Cooperative)
	<-done
	before := s.rows()
	for _, p := range stopped {
		p.signal(syscall.SIGCONT)
	}
	if code == operate.ExitOK {
		time.Sleep(2 * time.Second)
		late = s.rows() - before
	}
	s.open()
	return late, code, out
}
