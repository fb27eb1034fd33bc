package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// said is what a command says, which may be asked for while it runs.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until something has been said.
func (s *said) await(t *testing.T, text string) {
	t.Helper()
	for began := time.Now(); !strings.Contains(s.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("%q is not said after a minute; it says:\n%s", text, s)
		}
	}
}

// busyFleet makes a fleet of one process, which has a transaction open all the time.
func busyFleet(t *testing.T) {
	t.Helper()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "fleet.db")
	t.Setenv("QUIESCE_STORE", dsn)
	var out bytes.Buffer
	if code := exec(t.Context(), []string{"init"}, nil, &out, &out); code != exitOK {
		t.Fatalf("init: %d\n%s", code, &out)
	}
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	guard, err := sqlguard.New(sqlguard.Config{Tail: -1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := fleet.Join(context.Background(), guard, s, fleet.Config{
		Service: "web", Instance: "web-1", TTL: 10 * time.Second, Heartbeat: 100 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	var conn sqlguard.Conn
	guard.Attach(&conn, dialect{})
	conn.Begin(context.Background())
	t.Cleanup(func() {
		conn.Detach()
		if err := m.Leave(context.Background()); err != nil {
			t.Error(err)
		}
		s.Close()
	})
}

// state says what the fleet is.
func state(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	if code := exec(t.Context(), []string{"status"}, nil, &out, &out); code != exitOK {
		t.Fatalf("status: %d\n%s", code, &out)
	}
	first, _, _ := strings.Cut(out.String(), " ")
	return first
}

func TestTheFirstInterruptUndoesWhatWasBegun(t *testing.T) {
	for _, tt := range []struct {
		name  string
		args  []string
		says  string
		after string
	}{
		{"of wait", []string{"wait"}, "0/1 drained", "open"},
		{"of wait that is to keep the fleet closed", []string{"wait", "--on-timeout", "keep"}, "0/1 drained", "closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			busyFleet(t)
			var out bytes.Buffer
			if code := exec(t.Context(), []string{"on", "--reason", "moving"}, nil, &out, &out); code != exitOK {
				t.Fatalf("on: %d\n%s", code, &out)
			}
			var err said
			signals := make(chan os.Signal)
			std := streams{out: io.Discard, err: &err, signals: signals, exit: func(int) { t.Error("it ended at once") }}
			done := make(chan int)
			go func() { done <- std.exec(context.Background(), tt.args) }()
			err.await(t, tt.says)
			signals <- os.Interrupt
			if code := <-done; code != operate.ExitInterrupted || !strings.Contains(err.String(), "interrupted") {
				t.Errorf("exit code %d, and it says:\n%s", code, &err)
			}
			if got := state(t); got != tt.after {
				t.Errorf("the fleet is %s, want %s", got, tt.after)
			}
			exec(t.Context(), []string{"off", "--reason", "over"}, nil, io.Discard, io.Discard)
		})
	}
}

func TestAnInterruptBetweenTheStepsUndoesWhatWasBegun(t *testing.T) {
	busyFleet(t)
	signals, undoing := make(chan os.Signal), make(chan struct{})
	var err said
	std := streams{out: io.Discard, signals: signals, exit: func(int) { t.Error("it ended at once") }}
	std.err = hook{&err, func(text string) {
		switch {
		case strings.Contains(text, `"action":"close"`):
			signals <- os.Interrupt
			<-undoing
		case strings.Contains(text, "interrupted: undoing"):
			close(undoing)
		}
	}}
	code := std.exec(context.Background(), []string{"run", "--reason", "moving", "--audit", "-", "--", "false"})
	if code != operate.ExitInterrupted || !strings.Contains(err.String(), "the fleet is open") {
		t.Errorf("exit code %d, and it says:\n%s", code, &err)
	}
	if got := state(t); got != "open" {
		t.Errorf("the fleet is %s, want open", got)
	}
	exec(t.Context(), []string{"off", "--reason", "over"}, nil, io.Discard, io.Discard)
}

// hook is called after each write.
type hook struct {
	io.Writer
	call func(text string)
}

func (h hook) Write(p []byte) (int, error) {
	n, err := h.Writer.Write(p)
	h.call(string(p))
	return n, err
}

func TestTheSecondInterruptSaysWhatIsLeft(t *testing.T) {
	busyFleet(t)
	var err said
	signals := make(chan os.Signal)
	exited := make(chan int, 1)
	std := streams{out: io.Discard, err: &err, signals: signals, exit: func(code int) { exited <- code }}
	done := make(chan int)
	go func() {
		done <- std.exec(context.Background(), []string{"run", "--reason", "moving", "--on-timeout", "cut", "--timeout", "3s", "--", "sleep", "60"})
	}()
	err.await(t, "running sleep")
	signals <- os.Interrupt // which sleep would end by, if the second were not faster
	signals <- os.Interrupt
	if code := <-exited; code != operate.ExitInterrupted || !strings.Contains(err.String(), "stopped; the state left behind:\nclosed · epoch ") {
		t.Errorf("exit code %d, and it says:\n%s", code, &err)
	}
	<-done
	exec(t.Context(), []string{"off", "--reason", "over"}, nil, io.Discard, io.Discard)
}
