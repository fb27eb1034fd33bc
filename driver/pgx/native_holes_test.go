package pgx_test

import (
	"context"
	"errors"
	"testing"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestNoTextIsHiddenFromTheGuardNatively(t *testing.T) {
	for _, test := range []struct {
		name, parameters string
		before           func(*pgx.PoolConn) // while the mode is off
		run              func(*pgx.PoolConn)
	}{
		{name: "in the CommitQuery of a batch", run: func(conn *pgx.PoolConn) {
			var b jackc.Batch
			b.BeginTx(jackc.TxOptions{CommitQuery: insert + "; commit"})
			br := conn.SendBatch(ctx, &b)
			br.Close()
			if err := br.Tx().Commit(ctx); err != nil {
				t.Errorf("a transaction that has not written: %v", err)
			}
		}},
		{name: "in a rewriter that a rewriter returns as an argument", run: func(conn *pgx.PoolConn) {
			conn.Exec(ctx, "SELECT @a::text", jackc.NamedArgs{"a": rewriter(insert)})
		}},
		{name: "in one that it returns in a batch", run: func(conn *pgx.PoolConn) {
			var b jackc.Batch
			b.Queue("SELECT @a::text", jackc.NamedArgs{"a": rewriter(insert)})
			conn.SendBatch(ctx, &b).Close()
		}},
		{name: "in an isolation level", run: func(conn *pgx.PoolConn) {
			commits(conn.BeginTx(ctx, jackc.TxOptions{IsoLevel: "serializable; " + insert + "; --"}))
		}},
		{name: "in a deferrable mode", run: func(conn *pgx.PoolConn) {
			commits(conn.BeginTx(ctx, jackc.TxOptions{DeferrableMode: "deferrable; commit; begin; " + insert}))
		}},
		{name: "under a name that could not be deallocated", before: func(conn *pgx.PoolConn) {
			if _, err := conn.Prepare(ctx, "SELECT 8", insert); err != nil {
				t.Fatal(err)
			}
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if err := conn.Deallocate(gone, "SELECT 8"); err == nil {
				t.Fatal("it was")
			}
		}, run: func(conn *pgx.PoolConn) { conn.Exec(ctx, "SELECT 8") }},
		{name: "that reads as a name, which a batch in the simple protocol does not look up",
			parameters: "&default_query_exec_mode=simple_protocol",
			before: func(conn *pgx.PoolConn) {
				if _, err := conn.Prepare(ctx, insert, "SELECT 8"); err != nil {
					t.Fatal(err)
				}
			},
			run: func(conn *pgx.PoolConn) {
				var b jackc.Batch
				b.Queue(insert)
				conn.SendBatch(ctx, &b).Close()
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, pool := native(t, test.parameters)
			conn, err := pool.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			if test.before != nil {
				test.before(conn)
			}
			e.Set(t, sqlguard.ReadOnly)
			test.run(conn)
			if n := rowsIn(t, e); n != 0 {
				t.Errorf("%d rows were written", n)
			}
			if err := conn.Ping(ctx); err != nil {
				t.Errorf("the connection is lost: %v", err)
			}
		})
	}
}

func commits(tx jackc.Tx, err error) {
	if err == nil {
		tx.Commit(ctx)
	}
}

func TestTheArgumentsOfARewriterAreNoOptions(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
		e, pool := native(t, "")
		e.Set(t, mode)
		var got int32
		named := jackc.NamedArgs{"a": jackc.QueryExecModeExec, "b": 2}
		err := pool.QueryRow(ctx, "SELECT @a::int + @b::int", jackc.QueryExecModeExec, named).Scan(&got)
		if err != nil || got != int32(jackc.QueryExecModeExec)+2 {
			t.Errorf("%s: %d, %v", mode, got, err)
		}
	}
}

func TestEachNetHasItsOwnGuard(t *testing.T) {
	e, config := configured(t, "cache_statement")
	other, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(pgx.Instrument(config, other), pgx.Instrument(config, e.Guard)); err != nil {
		t.Fatal(err)
	}
	pool := opened(t, config)
	tx := begun(t, pool)
	e.Set(t, sqlguard.ReadOnly)
	if open := e.Guard.Pending().Open; len(open) != 1 {
		t.Errorf("%v is open, want one", open)
	}
	_, err = tx.Exec(ctx, insert)
	enginetest.Refused(t, "a write that the other guard lets pass", err)
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if open := e.Guard.Pending().Open; len(open) > 0 {
		t.Errorf("%v is open", open)
	}
}

// asker asks the connection for what it makes of a text.
type asker struct{ conn *pgx.PoolConn }

func (a asker) RewriteQuery(ctx context.Context, _ *jackc.Conn, sql string, args []any) (string, []any, error) {
	var n int
	err := a.conn.QueryRow(ctx, "SELECT $1::int", 7).Scan(&n)
	return sql, append(args, n), err
}

func TestARewriterMayUseTheConnection(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
		e, pool := native(t, "")
		e.Set(t, mode)
		conn, err := pool.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		var one, other int
		if err := conn.QueryRow(ctx, "SELECT $1::int", asker{conn}).Scan(&one); err != nil {
			t.Errorf("%s: a query: %v", mode, err)
		}
		var b jackc.Batch
		b.Queue("SELECT 1")
		b.Queue("SELECT $1::int", asker{conn}).QueryRow(func(row jackc.Row) error { return row.Scan(&other) })
		if err := conn.SendBatch(ctx, &b).Close(); err != nil || one != 7 || other != 7 {
			t.Errorf("%s: %d, and %d of a batch: %v", mode, one, other, err)
		}
		tag, err := conn.Exec(ctx, "INSERT INTO u (a) VALUES ($1)", asker{conn})
		if mode == sqlguard.ReadOnly {
			enginetest.Refused(t, "a write", err)
		} else if err != nil {
			t.Errorf("%s: a write: %v", mode, err)
		}
		if (err == nil) != (tag.RowsAffected() == 1) {
			t.Errorf("%s: the tag is %v", mode, tag)
		}
		if open := e.Guard.Pending().Open; len(open) > 0 {
			t.Errorf("%s: %v is open", mode, open)
		}
	}
}
