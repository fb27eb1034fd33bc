package night_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
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

// closeAndWait closes the fleet and waits for a level, each for so long at most.
func (s *site) closeAndWait(ctx context.Context, level string, most time.Duration) (code int, out string) {
	terms := []string{"--tail", tail.String(), "--timeout", most.String(), "--min-instances", strconv.Itoa(processes)}
	code, out = s.quiesce(ctx, append([]string{"on", "--reason", "a night"}, terms...)...)
	if code == operate.ExitOK {
		code, out = s.quiesce(ctx, append([]string{"wait", "--level", level, "--still", "1s"}, terms...)...)
	}
	return code, out
}

// open opens the fleet, whatever became of the night.
func (s *site) open() {
	s.t.Helper()
	if code, out := s.quiesce(context.Background(), "off", "--reason", "the night is over", "--timeout", "30s"); code != operate.ExitOK {
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
	t.Parallel()
	p := build(t)
	for _, e := range engines {
		for n := range fleets {
			t.Run(fmt.Sprintf("%s, fleet %d", e.name, n+1), func(t *testing.T) {
				t.Parallel()
				newSite(t, e, p).nights((rounds(t) + fleets - 1) / fleets)
			})
		}
	}
}

// fleets is how many share the nights of an engine.
const fleets = 2

// nights has nights amid trouble, until so many have been proven.
func (s *site) nights(enough int) {
	s.t.Helper()
	var proven, incomplete, late, notQuiet int
	for proven < enough && !s.t.Failed() {
		if incomplete+late+notQuiet > 10+2*proven {
			s.t.Fatalf("%d nights were proven quiet, but %d incomplete, %d late, %d not quiet", proven, incomplete, late, notQuiet)
		}
		s.writing()
		switch code, out := s.night(); code {
		case operate.ExitOK:
			proven++
		case operate.ExitIncomplete:
			incomplete++
		case operate.ExitTimeout:
			late++
			s.t.Log(out)
		case operate.ExitNotQuiet:
			notQuiet++
			s.t.Log(out)
		default:
			s.t.Fatalf("exit code %d\n%s", code, out)
		}
	}
	s.t.Logf("%d nights proven quiet, with %d rows; %d were incomplete, %d late, %d not quiet", proven, s.rows(), incomplete, late, notQuiet)
}

// night closes the fleet amid trouble, and looks whether anybody writes afterwards.
func (s *site) night() (code int, out string) {
	ctx, end := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.trouble(ctx)
	}()
	wait(ctx, 2*time.Second)
	code, out = s.closeAndWait(context.Background(), operate.Verified, 40*time.Second)
	before := s.rows()
	if code == operate.ExitOK {
		time.Sleep(2 * time.Second) // amid trouble still
	}
	end()
	<-over
	s.mend()
	if code == operate.ExitOK {
		if after := s.rows(); after != before {
			s.t.Errorf("%d rows were committed after wait had returned", after-before)
		}
	}
	s.open()
	return code, out
}
