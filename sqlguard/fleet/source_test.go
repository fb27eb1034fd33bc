package fleet

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// board is a source in memory.
type board struct {
	mu      sync.Mutex
	mode    Mode
	err     error
	changed chan struct{}
}

func (b *board) Mode(context.Context) (Mode, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mode, b.err
}

func (b *board) Changed() <-chan struct{} { return b.changed }

// say changes what it says, and gives a hint of that if hint is set.
func (b *board) say(m Mode, err error, hint bool) {
	b.mu.Lock()
	b.mode, b.err = m, err
	b.mu.Unlock()
	if hint {
		b.changed <- struct{}{}
	}
}

func TestFollowingASource(t *testing.T) {
	epoch := func(m Mode, n uint64) Mode {
		m.Epoch = n
		return m
	}
	synctest.Test(t, func(t *testing.T) {
		guard, err := sqlguard.New(sqlguard.Config{})
		if err != nil {
			t.Fatal(err)
		}
		b := &board{err: errDown, changed: make(chan struct{}, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		cfg := FollowConfig{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		if err := Follow(ctx, guard, b, cfg); err != nil {
			t.Fatal(err)
		}
		conn := openTx(guard)
		defer conn.Detach()
		for _, step := range []struct {
			name string
			mode Mode
			err  error
			hint bool
			want sqlguard.Mode
		}{
			{"what cannot be read at first closes", Mode{}, errDown, false, sqlguard.ReadOnly},
			{"open opens, at the next look", epoch(opened, 1), nil, false, sqlguard.Off},
			{"closed closes, at once by a hint", epoch(closed, 2), nil, true, sqlguard.ReadOnly},
			{"cut is closed", epoch(cutOff, 2), nil, true, sqlguard.ReadOnly},
			{"what cannot be read later changes nothing", Mode{}, errDown, true, sqlguard.ReadOnly},
			{"nor does what is malformed", Mode{State: Open}, nil, true, sqlguard.ReadOnly},
			{"armed is closed", epoch(armed, 3), nil, true, sqlguard.ReadOnly},
			{"observing is observing", epoch(Mode{State: Open, Change: sqlguard.Change{Mode: sqlguard.Observe}}, 4), nil, true, sqlguard.Observe},
			{"open opens", epoch(opened, 5), nil, true, sqlguard.Off},
			{"what cannot be read does not close what is open", Mode{}, errDown, true, sqlguard.Off},
		} {
			b.say(step.mode, step.err, step.hint)
			if !step.hint {
				time.Sleep(10 * time.Second)
			}
			synctest.Wait()
			if step.mode.Cut && !conn.Cut() {
				t.Errorf("%s: a transaction is not cut off", step.name)
			}
			if got := guard.Mode(); got != step.want {
				t.Errorf("%s: the mode is %s, want %s", step.name, got, step.want)
			}
		}
		b.say(epoch(closed, 6), nil, true)
		synctest.Wait()
		cancel()
		b.say(epoch(opened, 7), nil, false)
		time.Sleep(time.Minute)
		if guard.Mode() != sqlguard.ReadOnly {
			t.Error("it follows after the end")
		}
	})
}

func TestAFollowConfigThatIsWrong(t *testing.T) {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		guard *sqlguard.Guard
		cfg   FollowConfig
		says  string
	}{
		{"no guard", nil, FollowConfig{}, "needs a guard"},
		{"a negative time", guard, FollowConfig{Poll: -1}, "FollowConfig.Poll"},
		{"too long a name", guard, FollowConfig{Hold: strings.Repeat("x", 65)}, "FollowConfig.Hold"},
	} {
		if err := Follow(t.Context(), tt.guard, &board{}, tt.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: the error is %v", tt.name, err)
		}
	}
	if guard.Mode() != sqlguard.Off {
		t.Error("the guard was closed all the same")
	}
}

// openTx returns a connection on which a transaction is open.
func openTx(g *sqlguard.Guard) *sqlguard.Conn {
	c := new(sqlguard.Conn)
	g.Attach(c, simDialect{})
	c.Begin(context.Background())
	return c
}
