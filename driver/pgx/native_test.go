package pgx_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// querier is what sqlc's DBTX asks for.
type querier interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (jackc.Rows, error)
	QueryRow(context.Context, string, ...any) jackc.Row
}

// doer is what a pool, a connection and a transaction have in common.
type doer interface {
	querier
	SendBatch(context.Context, *jackc.Batch) jackc.BatchResults
	CopyFrom(context.Context, jackc.Identifier, []string, jackc.CopyFromSource) (int64, error)
	Begin(context.Context) (jackc.Tx, error)
}

var (
	_ doer = (*pgx.Pool)(nil)
	_ doer = (*pgx.Conn)(nil)
	_ doer = (*pgx.PoolConn)(nil)
	_ doer = jackc.Tx(nil)
)

var execModes = []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}

// native returns an engine, and a native pool of at most two connections on it with the same guard.
func native(t testing.TB, parameters string) (*enginetest.Engine, *pgx.Pool) {
	t.Helper()
	e, dsn := engineAt(t, "")
	pool, err := pgx.NewPool(ctx, with(dsn, "application_name=guarded&pool_max_conns=2"+parameters), e.Guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return e, pool
}

// place is where something is executed.
type place struct {
	name string
	doer
	late bool // whether pgx may tell of a refusal not by Query, but by the rows
}

func TestEachKindOfWriteIsRefusedNatively(t *testing.T) {
	for _, mode := range execModes {
		t.Run(mode, func(t *testing.T) {
			e, pool := native(t, "&default_query_exec_mode="+mode)
			before := e.Dump()
			conn, err := pool.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			e.Set(t, sqlguard.ReadOnly)
			tx, err := pool.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			sessions := e.Sessions()
			for _, c := range corpus.Load(t, "postgres") {
				if c.Blocked == nil || !*c.Blocked || c.Hard || c.EngineOnly {
					continue
				}
				for _, p := range []place{{name: "conn", doer: conn}, {name: "tx", doer: tx}} {
					refused(t, p, c.Text())
				}
			}
			enginetest.Refused(t, "the commit after refusals", tx.Commit(ctx))
			for _, c := range corpus.Load(t, "postgres") {
				if c.Blocked != nil && *c.Blocked && !c.Hard && !c.EngineOnly {
					refused(t, place{name: "pool", doer: pool}, c.Text())
				}
			}
			for _, p := range []place{{name: "conn", doer: conn}, {name: "pool", doer: pool}} {
				_, err := p.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{1}}))
				enginetest.Refused(t, p.name+": CopyFrom", err)
			}
			conn.Release()
			if now := e.Sessions(); len(sessions) != 2 || !slices.Equal(now, sessions) {
				t.Errorf("the sessions are %v, and were %v", now, sessions)
			}
			if !bytes.Equal(e.Dump(), before) {
				t.Error("the database has changed")
			}
		})
	}
}

// refused demands that a text is refused however it is executed.
func refused(t *testing.T, p place, text string) {
	t.Helper()
	refused := enginetest.Refused
	if (postgres.Dialect{}).Classify(text).Class == sqlguard.Unproven {
		refused = func(testing.TB, string, error) {} // the engine judges; that nothing changes is what counts
	}
	what := func(how string) string { return fmt.Sprintf("%s: %s of %.200q", p.name, how, text) }
	_, err := p.Exec(ctx, text)
	refused(t, what("Exec"), err)
	rows, err := p.Query(ctx, text)
	if !p.late || err != nil {
		refused(t, what("Query"), err)
	}
	if rows == nil {
		t.Fatalf("%s gives no rows", what("Query"))
	}
	rows.Close()
	refused(t, what("the rows' Err"), rows.Err())
	var into any
	refused(t, what("QueryRow"), p.QueryRow(ctx, text).Scan(&into))
	var b jackc.Batch
	b.Queue("SELECT 1")
	b.Queue(text)
	br := p.SendBatch(ctx, &b)
	_, err = br.Exec()
	enginetest.Refused(t, what("a batch"), err)
	enginetest.Refused(t, what("a batch's Close"), br.Close())
}

func TestTheNativeFaceIsThatOfPgx(t *testing.T) {
	for _, mode := range execModes {
		for _, guard := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
			t.Run(mode+" "+guard.String(), func(t *testing.T) {
				e, pool := native(t, "&default_query_exec_mode="+mode)
				e.Set(t, guard)
				for _, p := range []doer{pool, acquired(t, pool)} {
					reads(t, p)
				}
				if guard != sqlguard.ReadOnly {
					writes(t, pool)
				}
			})
		}
	}
}

func acquired(t *testing.T, pool *pgx.Pool) doer {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Release)
	return conn
}

func reads(t *testing.T, p doer) {
	t.Helper()
	var a string
	if err := p.QueryRow(ctx, "SELECT a FROM t WHERE id = $1", 2).Scan(&a); err != nil || a != "two" {
		t.Errorf("a row: %q, %v", a, err)
	}
	named := jackc.NamedArgs{"id": 1}
	if err := p.QueryRow(ctx, "SELECT a FROM t WHERE id = @id", named).Scan(&a); err != nil || a != "one" {
		t.Errorf("a row by a named argument: %q, %v", a, err)
	}
	if err := p.QueryRow(ctx, "SELECT a FROM t WHERE id = 9").Scan(&a); err != jackc.ErrNoRows {
		t.Errorf("no row: %v", err)
	}
	rows, err := p.Query(ctx, "SELECT id FROM t ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := jackc.CollectRows(rows, jackc.RowTo[int])
	if err != nil || !slices.Equal(ids, []int{1, 2}) {
		t.Errorf("rows: %v, %v", ids, err)
	}
	tag, err := p.Exec(ctx, "SELECT id FROM t WHERE id < $1", 3)
	if err != nil || tag.String() != "SELECT 2" {
		t.Errorf("a read by Exec: %v, %v", tag, err)
	}
	var b jackc.Batch
	var sum int
	b.Queue("SELECT $1::int", 1).QueryRow(func(row jackc.Row) error { return row.Scan(&sum) })
	b.Queue("SELECT count(*) FROM t")
	if err := p.SendBatch(ctx, &b).Close(); err != nil || sum != 1 {
		t.Errorf("a batch of reads: %d, %v", sum, err)
	}
	if err := p.QueryRow(ctx, "SELECT nothing").Scan(&a); err == nil {
		t.Error("an error of the server's is not returned")
	}
	err = jackc.BeginFunc(ctx, p, func(tx jackc.Tx) error {
		return tx.QueryRow(ctx, "SELECT a FROM t WHERE id = 1").Scan(&a)
	})
	if err != nil || a != "one" {
		t.Errorf("a transaction that reads: %q, %v", a, err)
	}
}

func writes(t *testing.T, p doer) {
	t.Helper()
	tag, err := p.Exec(ctx, "INSERT INTO u (a) VALUES ($1), ($2)", 50, 51)
	if err != nil || tag.RowsAffected() != 2 {
		t.Errorf("an insert: %v, %v", tag, err)
	}
	n, err := p.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{52}, {53}}))
	if err != nil || n != 2 {
		t.Errorf("a copy: %d, %v", n, err)
	}
	err = jackc.BeginFunc(ctx, p, func(tx jackc.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO u (a) VALUES (54)"); err != nil {
			return err
		}
		inner, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := inner.Exec(ctx, "INSERT INTO u (a) VALUES (55)"); err != nil {
			return err
		}
		if err := inner.Rollback(ctx); err != nil {
			return err
		}
		if _, err := inner.Exec(ctx, "SELECT 1"); err != jackc.ErrTxClosed {
			t.Errorf("after a rollback a savepoint gives %v", err)
		}
		lo := tx.LargeObjects()
		_, err = lo.Create(ctx, 0)
		return err
	})
	if err != nil {
		t.Errorf("a transaction: %v", err)
	}
	var b jackc.Batch
	b.BeginTx(jackc.TxOptions{})
	b.Queue("INSERT INTO u (a) VALUES (56)")
	br := p.SendBatch(ctx, &b)
	if err := br.Close(); err != nil {
		t.Fatal(err)
	}
	if err := br.Tx().Commit(ctx); err != nil {
		t.Errorf("the commit of a batch's transaction: %v", err)
	}
	rows, _ := p.Query(ctx, "SELECT a FROM u WHERE a > 49 ORDER BY a")
	got, err := jackc.CollectRows(rows, jackc.RowTo[int])
	if want := []int{50, 51, 52, 53, 54, 56}; err != nil || !slices.Equal(got, want) {
		t.Errorf("there are %v (%v), want %v", got, err, want)
	}
}
