package pgx_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// acquisitions is a tracer of the application's own.
type acquisitions struct{ queries, acquired int }

func (a *acquisitions) TraceQueryStart(ctx context.Context, _ *jackc.Conn, _ jackc.TraceQueryStartData) context.Context {
	return ctx
}

func (a *acquisitions) TraceQueryEnd(context.Context, *jackc.Conn, jackc.TraceQueryEndData) {
	a.queries++
}

func (a *acquisitions) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	a.acquired++
	return ctx
}

func (a *acquisitions) TraceAcquireEnd(context.Context, *pgxpool.Pool, pgxpool.TraceAcquireEndData) {}

// configured returns an engine, and the configuration of a pool of one connection on it.
func configured(t *testing.T, mode string) (*enginetest.Engine, *pgxpool.Config) {
	t.Helper()
	e, dsn := engineAt(t, "")
	config, err := pgxpool.ParseConfig(with(dsn, "application_name=guarded&pool_max_conns=1&default_query_exec_mode="+mode))
	if err != nil {
		t.Fatal(err)
	}
	return e, config
}

// controls reports whether a text controls a transaction, which the net leaves alone.
func controls(text string) bool {
	v := postgres.Dialect{}.Classify(text)
	return v.Tx != sqlguard.TxNone && v.Class == sqlguard.Escape && len(v.Parts) == 0
}

func opened(t *testing.T, config *pgxpool.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestEachKindOfWriteIsCaughtByTheNet(t *testing.T) {
	for _, mode := range execModes {
		t.Run(mode, func(t *testing.T) {
			e, config := configured(t, mode)
			var own acquisitions
			config.ConnConfig.Tracer = &own
			if err := pgx.Instrument(config, e.Guard); err != nil {
				t.Fatal(err)
			}
			pool := opened(t, config)
			if _, err := pool.Exec(ctx, "INSERT INTO u (a) VALUES ($1)", 1); err != nil {
				t.Fatal(err)
			}
			e.Set(t, sqlguard.ReadOnly)
			before, sessions := e.Dump(), e.Sessions()
			for _, c := range corpus.Load(t, "postgres") {
				if mode == "simple_protocol" && strings.Contains(c.Text(), "$1") {
					continue // pgx itself has an error for it, without an argument, and sends nothing
				}
				if c.Blocked != nil && *c.Blocked && !c.Hard && !c.EngineOnly && !controls(c.Text()) {
					refused(t, place{"pool", pool, true}, c.Text())
				}
			}
			tx, err := pool.BeginTx(ctx, jackc.TxOptions{AccessMode: jackc.ReadWrite})
			if err != nil {
				t.Fatal(err)
			}
			refused(t, place{"tx", tx, true}, insert)
			lo := tx.LargeObjects()
			_, err = lo.Create(ctx, 0)
			enginetest.Refused(t, "a large object", err)
			_, err = tx.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{1}}))
			enginetest.Refused(t, "a copy", err)
			_, err = tx.Exec(ctx, "SELECT 1", rewriter(insert))
			enginetest.Refused(t, "a rewriter", err)
			var a string
			if err := tx.QueryRow(ctx, "SELECT a FROM t WHERE id = @id", jackc.NamedArgs{"id": 1}).Scan(&a); err != nil {
				t.Errorf("a read: %v", err)
			}
			if err := tx.Commit(ctx); err != nil {
				t.Errorf("the commit: %v", err)
			}
			if now := e.Sessions(); len(now) != 1 || !slices.Equal(now, sessions) {
				t.Errorf("the sessions are %v, and were %v", now, sessions)
			}
			if !bytes.Equal(e.Dump(), before) {
				t.Error("the database has changed")
			}
			if own.queries == 0 || own.acquired == 0 {
				t.Errorf("the application's tracer saw %+v", own)
			}
			if _, err := pgx.OpenDBFromPool(pool, e.Guard); err == nil {
				t.Error("an instrumented pool is opened for database/sql")
			}
		})
	}
}

func TestTheNetLetsPassWhatThePoolAboveItDoes(t *testing.T) {
	e, config := configured(t, "cache_statement")
	if err := pgx.Instrument(config, e.Guard); err != nil {
		t.Fatal(err)
	}
	pool, err := pgx.NewPoolWithConfig(ctx, config, e.Guard)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	e.Set(t, sqlguard.ReadOnly)
	var n int
	if err := pool.QueryRow(ctx, "SELECT f_r()").Scan(&n); err != nil || n != 2 {
		t.Errorf("what the engine judges: %d, %v", n, err)
	}
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	_, err = tx.Conn().Exec(ctx, insert)
	enginetest.Refused(t, "a write past the pool", err)
}

func TestSessionsAreArmedOncePerFlip(t *testing.T) {
	e, config := configured(t, "cache_statement")
	if err := errors.Join(pgx.Instrument(config, e.Guard), pgx.ArmSessions(config, e.Guard)); err != nil {
		t.Fatal(err)
	}
	pool := opened(t, config)
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly, sqlguard.Off} {
		e.Set(t, mode)
		want := map[bool]string{true: "on", false: "off"}[mode == sqlguard.ReadOnly]
		var got string
		if err := pool.QueryRow(ctx, "SELECT current_setting('default_transaction_read_only')").Scan(&got); err != nil || got != want {
			t.Errorf("mode %s: the setting is %q (%v), want %q", mode, got, err, want)
		}
	}
	//lint:ignore SA1019 it is refused
	config.BeforeAcquire = func(context.Context, *jackc.Conn) bool { return true }
	if err := pgx.ArmSessions(config, e.Guard); err == nil {
		t.Error("a configuration with BeforeAcquire is taken")
	}
}
