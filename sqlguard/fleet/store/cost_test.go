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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// counted counts the heartbeats of all that share the counter. It gives the test's hints in place of the store's,
// if there is a channel for them.
type counted struct {
	*store.Store
	beats *atomic.Int64
	hints chan struct{}
}

func (c counted) Heartbeat(ctx context.Context, id, lease string, r fleet.Report) (fleet.Mode, error) {
	c.beats.Add(1)
	return c.Store.Heartbeat(ctx, id, lease, r)
}

func (c counted) Changed() <-chan struct{} {
	if c.hints != nil {
		return c.hints
	}
	return c.Store.Changed()
}

// crowd is a fleet of processes in one, each with a store of its own.
type crowd struct {
	t     *testing.T
	dsn   string
	beats atomic.Int64
	hints []chan struct{}
	leave []func()
	ready sync.WaitGroup
}

// join has n processes join, and waits until all have registered. If they are deaf,
// they hear no hints but the test's.
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
		shared := counted{Store: s, beats: &c.beats}
		if deaf {
			shared.hints = make(chan struct{})
			c.hints = append(c.hints, shared.hints)
		}
		m, err := fleet.Join(context.Background(), guard, shared, fleet.Config{
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

// TestAnIdleFleetCostsLittle counts on the server what the heartbeats of an idle fleet ask of its store. With
// the default heartbeat 200 processes beat at most 200/(4 s · 0.9) = 56 times a second, and the bar is 60 statements. Here each beats when
// it is told to, so that no slow machine has a call time out and another take its place.
func TestAnIdleFleetCostsLittle(t *testing.T) {
	const processes, rounds = 20, 30
	for _, tt := range []struct {
		name  string
		serve func(t *testing.T) (dsn string, count func() int64)
	}{
		{"PostgreSQL", transactions},
		{"MariaDB", questions},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dsn, count := tt.serve(t)
			open(t, dsn).Close()
			// What coming and going costs is not the heartbeats', nor is what only the first one costs, which
			// PostgreSQL prepares; so a fleet that does little else is subtracted.
			fleetOf := func(rounds int) (beats, statements int64) {
				before := count()
				c := join(t, dsn, processes, 7*time.Second, true)
				for range rounds {
					for _, hint := range c.hints {
						hint <- struct{}{}
					}
				}
				c.end()
				return c.beats.Load(), count() - before
			}
			few, small := fleetOf(2)
			many, large := fleetOf(2 + rounds)
			beats, statements := many-few, large-small
			t.Logf("%d heartbeats were %d statements", beats, statements)
			// A server has a few of its own, such as autovacuum's.
			if beats < rounds*processes/2 || statements < beats*98/100 || statements > beats*102/100 {
				t.Error("want one for each, and half as many heartbeats as hints at least")
			}
		})
	}
}

// transactions returns the DSN of a database on PostgreSQL, and a function that counts, from another database, what has ended there.
func transactions(t *testing.T) (dsn string, count func() int64) {
	dsn = testdb.Postgres(t).Database(t)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := config.Database
	config.Database = "postgres"
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { db.Close() })
	return dsn, func() (n int64) {
		// Sessions publish their numbers when they end at the latest, and right before they are listed no more.
		for listed := 1; listed > 0; time.Sleep(10 * time.Millisecond) {
			scan(t, db, &listed, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'", name)
		}
		scan(t, db, &n, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", name)
		return n
	}
}

// questions returns the DSN of a database on MariaDB, and a function that counts what clients have asked the server.
func questions(t *testing.T) (dsn string, count func() int64) {
	dsn = testdb.MariaDB(t).Database(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return "mysql:" + dsn, func() (n int64) {
		scan(t, db, &n, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'QUESTIONS'")
		return n
	}
}

// scan reads the one value that a query returns.
func scan(t *testing.T, db *sql.DB, to any, query string, arguments ...any) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, arguments...).Scan(to); err != nil {
		t.Fatal(err)
	}
}
