package pgx_test

import (
	"context"
	"sync/atomic"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestAPoolOverAPgxpoolGivesItsConnectionsBack(t *testing.T) {
	pool, err := pgxpool.New(ctx, with(testdb.Postgres(t).Database(t), "pool_max_conns=1"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var resets atomic.Int32
	db, err := pgx.OpenDBFromPool(pool, g, stdlib.OptionResetSession(func(context.Context, *jackc.Conn) error {
		resets.Add(1)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	// back demands that who uses the pgxpool itself finds its only connection free.
	back := func(after string) {
		t.Helper()
		if stats := pool.Stat(); stats.AcquiredConns() != 0 || stats.TotalConns() != 1 || stats.NewConnsCount() != 1 {
			t.Errorf("after %s, %d of %d connections are taken, of %d that were made; want 0 of 1, of 1",
				after, stats.AcquiredConns(), stats.TotalConns(), stats.NewConnsCount())
		}
	}
	if _, err := db.Exec("CREATE TABLE t (a int)"); err != nil {
		t.Fatal(err)
	}
	back("an exec")
	if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("INSERT INTO t VALUES (1)")
	enginetest.Refused(t, "an insert", err)
	back("a refusal")
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec("INSERT INTO t VALUES (2)")
	enginetest.Refused(t, "an insert in a transaction", err)
	enginetest.Refused(t, "its commit", tx.Commit())
	back("a transaction with a refusal")
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Errorf("there are %d rows (%v), want none", n, err)
	}
	back("a query")
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := pool.Ping(ctx); err != nil {
		t.Errorf("the pgxpool, after the pool over it was closed: %v", err)
	}
	if resets.Load() != 0 {
		t.Errorf("a connection was reset %d times, but none is ever used again", resets.Load())
	}
}

func TestAPoolOverNoPgxpoolIsAnError(t *testing.T) {
	if db, err := pgx.OpenDBFromPool(nil, nil); err == nil {
		db.Close()
		t.Error("a pool was opened")
	}
}
