package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// counted counts the heartbeats of all that share the counter, and may keep hints to itself.
type counted struct {
	*store.Store
	beats *atomic.Int64
	deaf  bool
}

func (c counted) Heartbeat(ctx context.Context, id, lease string, r fleet.Report) (fleet.Mode, error) {
	c.beats.Add(1)
	return c.Store.Heartbeat(ctx, id, lease, r)
}

func (c counted) Changed() <-chan struct{} {
	if c.deaf {
		return nil
	}
	return c.Store.Changed()
}

// crowd is a fleet of processes in one, each with a store of its own.
type crowd struct {
	t     *testing.T
	dsn   string
	beats atomic.Int64
	leave []func()
	ready sync.WaitGroup
}

// join has n processes join, and waits until all have registered.
func join(t *testing.T, dsn string, n int, heartbeat time.Duration, deaf bool) *crowd {
	t.Helper()
	c := &crowd{t: t, dsn: dsn}
	for i := range n {
		guard, err := sqlguard.New(sqlguard.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		m, err := fleet.Join(context.Background(), guard, counted{s, &c.beats, deaf}, fleet.Config{
			Service: "crowd", Instance: fmt.Sprintf("crowd-%d", i), Heartbeat: heartbeat,
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		c.ready.Go(func() { m.Ready(t.Context()) })
		c.leave = append(c.leave, func() {
			if err := m.Leave(context.Background()); err != nil {
				t.Error(err)
			}
			s.Close()
		})
	}
	c.ready.Wait()
	return c
}

// end has all leave.
func (c *crowd) end() {
	var all sync.WaitGroup
	for _, leave := range c.leave {
		all.Go(leave)
	}
	all.Wait()
}

// close closes the fleet and waits until all have drained. It returns how long that took.
func (c *crowd) close() time.Duration {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), c.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	defer s.Close()
	o, err := fleet.NewOperator(s, fleet.OperatorConfig{Actor: "the test"})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	terms := fleet.Terms{MinInstances: len(c.leave)}
	began := time.Now()
	closed, err := o.Close(ctx, 0, sqlguard.Change{Reason: "measured"}, terms)
	if err == nil {
		_, err = o.Wait(ctx, closed, terms)
	}
	took := time.Since(began)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := o.Open(ctx, 0, "measured"); err != nil {
		c.t.Fatal(err)
	}
	return took
}

// benchmarking reports whether times are held to their bars, on a machine that is quiet enough.
func benchmarking() bool { return os.Getenv("QUIESCE_BENCH") != "" }

func TestTheDelayOfClosing(t *testing.T) {
	many := 20
	if benchmarking() {
		many = 200
	}
	postgres := func(t *testing.T) string {
		return testdb.PostgresWith(t, "-c", "max_connections=500").Database(t)
	}
	const heartbeat = time.Second // the bar is in heartbeats
	for _, tt := range []struct {
		name  string
		dsn   func(t *testing.T) string
		n     int
		deaf  bool
		limit time.Duration
	}{
		{"PostgreSQL with LISTEN, 8 processes", postgres, 8, false, time.Second},
		{"PostgreSQL with LISTEN, many processes", postgres, many, false, 2 * time.Second},
		{"PostgreSQL without LISTEN", postgres, 8, true, 2*heartbeat + time.Second},
		{"MariaDB", func(t *testing.T) string { return "mysql:" + testdb.MariaDB(t).Database(t) }, 8, false, 2*heartbeat + time.Second},
		{"SQLite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "fleet.db") }, 8, false, 2*heartbeat + time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dsn := tt.dsn(t)
			open(t, dsn)
			every := heartbeat
			if tt.limit <= 2*time.Second {
				every = 0 // the default: nobody waits for it
			}
			c := join(t, dsn, tt.n, every, tt.deaf)
			defer c.end()
			var least time.Duration
			rounds := 1
			if benchmarking() {
				rounds = 3
			}
			for range rounds {
				if took := c.close(); least == 0 || took < least {
					least = took
				}
			}
			t.Logf("%d processes were closed and drained after %s", tt.n, least.Round(time.Millisecond))
			if benchmarking() && least > tt.limit {
				t.Errorf("%s, want at most %s", least, tt.limit)
			}
		})
	}
}

// TestAnIdleFleetCostsLittle counts on the server what an idle fleet asks of its store. With the
// default heartbeat 200 processes beat at most 200/(4 s · 0.9) = 56 times a second, and the bar is 60 statements.
func TestAnIdleFleetCostsLittle(t *testing.T) {
	const processes, heartbeat, bar = 20, 50 * time.Millisecond, 60.0 / (200 / (4 * 0.9))
	for _, tt := range []struct {
		name, driver string
		dsn          func(t *testing.T) (dsn, direct string)
		statements   string
	}{
		{"PostgreSQL", "pgx", func(t *testing.T) (string, string) {
			dsn := testdb.Postgres(t).Database(t)
			return dsn, dsn
		}, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"},
		{"MariaDB", "mysql", func(t *testing.T) (string, string) {
			dsn := testdb.MariaDB(t).Database(t)
			return "mysql:" + dsn, dsn
		}, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'QUESTIONS'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dsn, direct := tt.dsn(t)
			open(t, dsn)
			db, err := sql.Open(tt.driver, direct)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			count := func() (n int64) {
				if err := db.QueryRow(tt.statements).Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			// What coming and going costs is not the heartbeats'; and PostgreSQL counts exactly only what
			// sessions did that have ended.
			fleetOf := func(heartbeats int64) (beats, statements int64) {
				before := settled(t, count)
				c := join(t, dsn, processes, heartbeat, false)
				for c.beats.Load() < heartbeats {
					time.Sleep(heartbeat)
				}
				c.end()
				return c.beats.Load(), settled(t, count) - before
			}
			few, small := fleetOf(0)
			many, large := fleetOf(600)
			counted := many - few
			each := float64(large-small) / float64(counted)
			t.Logf("%.3f statements for each of %d heartbeats", each, counted)
			if each > bar {
				t.Errorf("more than %.3f", bar)
			}
		})
	}
}

// settled waits until a counter of the server does not move any more but by the asking.
func settled(t *testing.T, count func() int64) int64 {
	t.Helper()
	last := count()
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		now := count()
		if now-last <= 1 {
			return now
		}
		last = now
	}
	t.Fatal("the counter does not come to rest")
	return 0
}
