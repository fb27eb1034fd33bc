package enginetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/internal/tcpproxy"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Lossy is a pool of one connection, behind a network that loses it.
type Lossy struct {
	Proxy *tcpproxy.Proxy
	// Open opens the pool, and returns what writes one row by it.
	Open func(t *testing.T, g *sqlguard.Guard) (write func(context.Context) error)
	// Rows returns how many rows there are, past the network.
	Rows func() int
	// Late expects a pool of which sessions cannot be ended.
	Late bool
}

// Lost has the network hold back a write from before the fence was asked for, whose program has gone away, until all that may write
// is said to have taken the fence.
func Lost(t *testing.T, l Lossy) {
	for _, tt := range []struct {
		name     string
		silence  func(*tcpproxy.Proxy)
		expected bool // that the fence may be asked for is known from the beginning
		reached  bool // new connections get through
	}{
		{"a connection that the network has forgotten", (*tcpproxy.Proxy).SilenceOpen, true, true},
		{"one from before anybody thought of the fence", (*tcpproxy.Proxy).SilenceOpen, false, true},
		{"a network that lets nothing through", (*tcpproxy.Proxy).Silence, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := l.late(t, tt.silence, tt.expected, tt.reached)
			for range 20 { // a driver's request to cancel the statement may come first
				if n > 0 || !l.Late {
					break
				}
				n = l.late(t, tt.silence, tt.expected, tt.reached)
			}
			if n > 0 != l.Late {
				t.Errorf("%d rows came later", n)
			}
		})
	}
}

// late returns how many rows came when all that may write had taken the fence.
func (l Lossy) late(t *testing.T, silence func(*tcpproxy.Proxy), expected, reached bool) int {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Config{Tail: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	g.ExpectFence(expected)
	write := l.Open(t, g)
	for range 2 {
		if err := write(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.ExpectFence(true)
	}
	before := l.Rows()
	silence(l.Proxy)
	t.Cleanup(l.Proxy.Mend)
	gone, cancel := context.WithCancel(t.Context())
	written := make(chan error, 1)
	go func() { written <- write(gone) }()
	l.held(t, true)
	cancel()
	if err := <-written; err == nil {
		t.Fatal("what the network holds back was answered")
	}
	if err := g.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
		t.Fatal(err)
	}
	if !reached && !l.Late {
		soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := g.DrainUnfenced(soon); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while nothing gets through: %v", err)
		}
		l.Proxy.Mend()
		before = -1
	}
	if _, err := g.DrainUnfenced(t.Context()); err != nil {
		t.Error(err)
	}
	if before < 0 {
		before = l.Rows() // the network may have been faster
	}
	l.Proxy.Mend()
	l.held(t, false)
	return l.Rows() - before
}

// held waits until the network holds something back, or nothing.
func (l Lossy) held(t *testing.T, something bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); l.Proxy.Held() > 0 != something; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the network holds back what was sent: %t still", !something)
		}
	}
}
