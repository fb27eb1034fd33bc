package pgx_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

// netted returns an engine, and a pool of pgx's own under a net.
func netted(t *testing.T) (*enginetest.Engine, *pgxpool.Pool) {
	t.Helper()
	e, config := configured(t, "cache_statement")
	if err := pgx.Instrument(config, e.Guard); err != nil {
		t.Fatal(err)
	}
	return e, opened(t, config)
}

func begun(t *testing.T, pool *pgxpool.Pool) jackc.Tx {
	t.Helper()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func copied(pool interface {
	CopyFrom(context.Context, jackc.Identifier, []string, jackc.CopyFromSource) (int64, error)
}, table string, rows jackc.CopyFromSource) error {
	_, err := pool.CopyFrom(ctx, jackc.Identifier{table}, []string{"a"}, rows)
	return err
}

func TestDrainWaitsForWhatTheNetLetPass(t *testing.T) {
	for _, test := range []struct {
		name    string
		open    func(*testing.T, *pgxpool.Pool) (end func())
		unknown int // how many outcomes, at the end
	}{
		{"a transaction that has written", func(t *testing.T, pool *pgxpool.Pool) func() {
			tx := begun(t, pool)
			if _, err := tx.Exec(ctx, insert); err != nil {
				t.Fatal(err)
			}
			return func() { tx.Commit(ctx) }
		}, 0},
		{"a transaction that is rolled back", func(t *testing.T, pool *pgxpool.Pool) func() {
			tx := begun(t, pool)
			return func() { tx.Rollback(ctx) }
		}, 0},
		{"a transaction by text, on a connection that is closed", func(t *testing.T, pool *pgxpool.Pool) func() {
			conn, err := pool.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(ctx, "BEGIN; "+insert); err != nil {
				t.Fatal(err)
			}
			return func() {
				conn.Release() // to the pool, which drops it
				for pool.Stat().TotalConns() > 0 {
					runtime.Gosched()
				}
			}
		}, 1},
		{"the rows of an insert", func(t *testing.T, pool *pgxpool.Pool) func() {
			rows, err := pool.Query(ctx, insert+" RETURNING a")
			if err != nil {
				t.Fatal(err)
			}
			return rows.Close
		}, 0},
		{"a batch", func(t *testing.T, pool *pgxpool.Pool) func() {
			var b jackc.Batch
			b.Queue(insert)
			br := pool.SendBatch(ctx, &b)
			return func() { br.Close() }
		}, 0},
		{"a copy", func(t *testing.T, pool *pgxpool.Pool) func() {
			reading, goOn, over := make(chan bool), make(chan bool), make(chan error)
			go func() {
				over <- copied(pool, "u", jackc.CopyFromFunc(func() ([]any, error) {
					reading <- true
					<-goOn
					return nil, nil
				}))
			}()
			<-reading
			return func() { close(goOn); <-over }
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, pool := netted(t)
			end := test.open(t, pool)
			e.Set(t, sqlguard.ReadOnly)
			if open := e.Guard.Pending().Open; len(open) != 1 {
				t.Errorf("%v is open, want one", open)
			}
			if err := e.Guard.Cut(); err != nil {
				t.Fatal(err)
			}
			if open := e.Guard.Pending().Open; len(open) != 1 {
				t.Errorf("after a cut, which nobody tells pgx of, %v is open, want one", open)
			}
			end()
			if p := e.Guard.Pending(); len(p.Open) > 0 || len(p.Unknown) != test.unknown {
				t.Errorf("after its end: %v, want %d unknown", p, test.unknown)
			}
		})
	}
}

func TestDrainDoesNotWaitForWhatTheNetRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *enginetest.Engine, *pgxpool.Pool)
	}{
		{"a write", func(t *testing.T, e *enginetest.Engine, pool *pgxpool.Pool) {
			e.Set(t, sqlguard.ReadOnly)
			_, err := pool.Exec(ctx, insert)
			enginetest.Refused(t, "a write", err)
		}},
		{"a copy", func(t *testing.T, e *enginetest.Engine, pool *pgxpool.Pool) {
			e.Set(t, sqlguard.ReadOnly)
			enginetest.Refused(t, "a copy", copied(pool, "u", jackc.CopyFromRows([][]any{{80}})))
		}},
		{"a copy that the server refused", func(t *testing.T, e *enginetest.Engine, pool *pgxpool.Pool) {
			if err := copied(pool, "nowhere", jackc.CopyFromRows([][]any{{80}})); err == nil {
				t.Error("there is no such table")
			}
			e.Set(t, sqlguard.ReadOnly)
		}},
		{"a transaction that began afterwards", func(t *testing.T, e *enginetest.Engine, pool *pgxpool.Pool) {
			e.Set(t, sqlguard.ReadOnly)
			tx := begun(t, pool)
			t.Cleanup(func() { tx.Rollback(ctx) })
			_, err := tx.Exec(ctx, insert)
			enginetest.Refused(t, "a write", err)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, pool := netted(t)
			test.run(t, e, pool)
			if open := e.Guard.Pending().Open; len(open) > 0 {
				t.Errorf("%v is open", open)
			}
		})
	}
}

func TestAPoolClosesWhenALeaseLapses(t *testing.T) {
	for _, test := range []struct {
		name string
		open func(*testing.T) (*enginetest.Engine, querier)
	}{
		{"a native one", func(t *testing.T) (*enginetest.Engine, querier) {
			e, pool := native(t, "")
			return e, pool
		}},
		{"one under a net", func(t *testing.T) (*enginetest.Engine, querier) {
			e, pool := netted(t)
			return e, pool
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, pool := test.open(t)
			lease := sqlguard.NewLease(time.Now(), time.Hour)
			if err := e.Guard.Hold("fleet", sqlguard.Change{Lease: lease}); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(ctx, insert); err != nil {
				t.Fatal(err)
			}
			lease.End()
			_, err := pool.Exec(ctx, insert)
			enginetest.Refused(t, "a write under a lease that has lapsed", err)
		})
	}
}

// bomb is a rewriter that panics.
type bomb struct{}

func (bomb) RewriteQuery(context.Context, *jackc.Conn, string, []any) (string, []any, error) {
	panic(errors.New("a rewriter's own"))
}

func TestAPanicLeavesNothingOpen(t *testing.T) {
	e, pool := native(t, "")
	func() {
		defer func() { recover() }()
		pool.Exec(ctx, insert, bomb{})
		t.Error("no panic")
	}()
	e.Set(t, sqlguard.ReadOnly)
	if p := e.Guard.Pending(); len(p.Open) > 0 || len(p.Unknown) > 0 {
		t.Errorf("pending: %v", p)
	}
}

// mine is a destination that panics.
type mine struct{}

func (mine) Scan(any) error { panic(errors.New("a destination's own")) }

func TestAPanicOfADestinationGivesTheConnectionBack(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
		e, pool := native(t, "")
		e.Set(t, mode)
		func() {
			defer func() { recover() }()
			pool.QueryRow(ctx, "SELECT 'a'").Scan(&mine{})
			t.Error("no panic")
		}()
		for pool.Stat().AcquiredConns() > 0 {
			runtime.Gosched() // the pool drops it
		}
		if p := e.Guard.Pending(); len(p.Open) > 0 {
			t.Errorf("%s: pending: %v", mode, p)
		}
	}
}
