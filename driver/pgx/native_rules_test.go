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

const insert = "INSERT INTO u (a) VALUES (80)"

// rowsIn returns how many rows the tests of this file have written.
func rowsIn(t *testing.T, e *enginetest.Engine) (n int) {
	t.Helper()
	defer e.Set(t, e.Guard.Mode())
	e.Set(t, sqlguard.Off)
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a = 80").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNoHalfTransactionsNatively(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(jackc.Tx) // a refusal in a transaction that has written
	}{
		{"a write is refused", func(tx jackc.Tx) { tx.Exec(ctx, insert) }},
		{"a query that writes is refused", func(tx jackc.Tx) {
			var a int
			tx.QueryRow(ctx, insert+" RETURNING a").Scan(&a)
		}},
		{"a batch is refused", func(tx jackc.Tx) {
			var b jackc.Batch
			b.Queue(insert)
			tx.SendBatch(ctx, &b).Close()
		}},
		{"a copy is refused", func(tx jackc.Tx) {
			tx.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{80}}))
		}},
		{"a write in a savepoint is refused, which is rolled back", func(tx jackc.Tx) {
			inner, err := tx.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			inner.Exec(ctx, insert)
			if err := inner.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
		}},
		{"a write in a savepoint is refused, which is committed", func(tx jackc.Tx) {
			jackc.BeginFunc(ctx, tx, func(inner jackc.Tx) error {
				inner.Exec(ctx, insert)
				return nil
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, pool := native(t, "")
			tx, err := pool.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, insert); err != nil {
				t.Fatal(err)
			}
			e.Set(t, sqlguard.ReadOnly)
			test.run(tx)
			e.Set(t, sqlguard.Off)
			enginetest.Refused(t, "the commit", tx.Commit(ctx))
			if err := tx.Rollback(ctx); err != jackc.ErrTxClosed {
				t.Errorf("after the commit, Rollback gives %v", err)
			}
			if n := rowsIn(t, e); n != 0 {
				t.Errorf("%d rows were committed", n)
			}
			if err := pool.Ping(ctx); err != nil || pool.Stat().TotalConns() != 1 {
				t.Errorf("there are %d connections (%v), want the one", pool.Stat().TotalConns(), err)
			}
			if _, err := pool.Exec(ctx, insert); err != nil {
				t.Errorf("a write in the mode off: %v", err)
			}
		})
	}
}

func TestATransactionByTextOrBatchIsFollowedNatively(t *testing.T) {
	e, pool := native(t, "")
	e.Set(t, sqlguard.Observe)
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, text := range []string{"BEGIN", insert} {
		if _, err := conn.Exec(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err = conn.Exec(ctx, insert)
	enginetest.Refused(t, "a write", err)
	_, err = conn.Exec(ctx, "COMMIT")
	enginetest.Refused(t, "the commit", err)

	for _, flip := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
		e.Set(t, flip)
		var b jackc.Batch
		b.BeginTx(jackc.TxOptions{})
		b.Queue(insert)
		br := pool.SendBatch(ctx, &b)
		if err := br.Close(); err != nil {
			t.Fatal(err)
		}
		tx := br.Tx()
		e.Set(t, sqlguard.ReadOnly)
		_, err := tx.Exec(ctx, insert)
		enginetest.Refused(t, "a write in a batch's transaction", err)
		enginetest.Refused(t, "the commit of a batch's transaction", tx.Commit(ctx))
	}
	if n := rowsIn(t, e); n != 0 {
		t.Errorf("%d rows were committed", n)
	}
	if got := pool.Stat().AcquiredConns(); got != 1 {
		t.Errorf("%d connections are in use, want the one", got)
	}
}

func TestDrainWaitsForWhatIsOpenNatively(t *testing.T) {
	for _, test := range []struct {
		name string
		open func(*testing.T, *pgx.Pool) (end func())
	}{
		{"a transaction", func(t *testing.T, pool *pgx.Pool) func() {
			tx, err := pool.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return func() { tx.Commit(ctx) }
		}},
		{"the rows of an insert", func(t *testing.T, pool *pgx.Pool) func() {
			rows, err := pool.Query(ctx, insert+" RETURNING a")
			if err != nil {
				t.Fatal(err)
			}
			return rows.Close
		}},
		{"a batch", func(t *testing.T, pool *pgx.Pool) func() {
			var b jackc.Batch
			b.Queue(insert)
			br := pool.SendBatch(ctx, &b)
			return func() { br.Close() }
		}},
		{"a copy", func(t *testing.T, pool *pgx.Pool) func() {
			reading, goOn, over := make(chan bool), make(chan bool), make(chan error)
			go func() {
				_, err := pool.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromFunc(func() ([]any, error) {
					reading <- true
					<-goOn
					return nil, nil
				}))
				over <- err
			}()
			<-reading
			return func() { close(goOn); <-over }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, pool := native(t, "")
			end := test.open(t, pool)
			e.Set(t, sqlguard.ReadOnly)
			if open := e.Guard.Pending().Open; len(open) != 1 {
				t.Errorf("%v is open, want one", open)
			}
			end()
			if report, err := e.Guard.Drain(ctx); err != nil || len(report.Unknown) > 0 {
				t.Errorf("after its end: %v, %v", report, err)
			}
		})
	}
}

func TestACutTransactionCanOnlyRollBackNatively(t *testing.T) {
	e, pool := native(t, "")
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, insert); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	if err := e.Guard.Cut(); err != nil {
		t.Fatal(err)
	}
	enginetest.Refused(t, "the commit", tx.Commit(ctx))
	if n := rowsIn(t, e); n != 0 {
		t.Errorf("%d rows were committed", n)
	}
}

func TestAnOutcomeIsUnknownNativelyWhereTheConnectionIsLost(t *testing.T) {
	e, pool := native(t, "")
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	giveUp, cancel := context.WithCancel(ctx)
	running := make(chan error)
	go func() {
		_, err := conn.Exec(giveUp, "SELECT pg_sleep(60)")
		running <- err
	}()
	for n := 0; n == 0; {
		if err := e.DB.QueryRow(`SELECT count(*) FROM pg_stat_activity
			WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-running; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	if unknown := e.Guard.Pending().Unknown; len(unknown) != 1 {
		t.Errorf("the outcome of %v is unknown, want one", unknown)
	}
}

func TestWhatIsDroppedNativelyLooksLikeNothing(t *testing.T) {
	e, pool := native(t, "")
	err := e.Guard.SetPolicy(sqlguard.Policy{Rules: []sqlguard.Rule{
		{Tables: []string{"u"}, Action: sqlguard.Skip},
		{Tables: []string{"u"}, Ops: []sqlguard.Op{"COPY"}, Action: sqlguard.Skip},
	}})
	if err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	if tag, err := pool.Exec(ctx, insert); err != nil || tag.RowsAffected() != 0 {
		t.Errorf("Exec: %v, %v", tag, err)
	}
	rows, err := pool.Query(ctx, insert+" RETURNING a")
	if err != nil || rows.FieldDescriptions() != nil {
		t.Errorf("Query: %v", err)
	}
	if got, err := jackc.CollectRows(rows, jackc.RowTo[int]); err != nil || len(got) != 0 {
		t.Errorf("rows: %v, %v", got, err)
	}
	var a int
	if err := pool.QueryRow(ctx, insert+" RETURNING a").Scan(&a); err != jackc.ErrNoRows {
		t.Errorf("QueryRow: %v", err)
	}
	n, err := pool.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{80}}))
	if err != nil || n != 0 {
		t.Errorf("CopyFrom: %d, %v", n, err)
	}
	var b jackc.Batch
	called := false
	b.Queue(insert).Query(func(rows jackc.Rows) error { called = !rows.Next(); return rows.Err() })
	b.Queue(insert)
	if err := pool.SendBatch(ctx, &b).Close(); err != nil || !called {
		t.Errorf("a batch: %v, its function called %t", err, called)
	}
	if _, err := pool.Exec(ctx, "INSERT INTO t VALUES (9)"); !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("another table: %v", err)
	}
	if n := rowsIn(t, e); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

func TestTheEngineJudgesNatively(t *testing.T) {
	for _, mode := range execModes {
		e, pool := native(t, "&default_query_exec_mode="+mode)
		e.Set(t, sqlguard.ReadOnly)
		var n int
		if err := pool.QueryRow(ctx, "SELECT f_w()").Scan(&n); !sqlguard.IsReadOnly(err) {
			t.Errorf("%s: a function that writes: %v", mode, err)
		}
		if err := pool.QueryRow(ctx, "SELECT f_r()").Scan(&n); err != nil || n != 2 {
			t.Errorf("%s: a function that reads: %d, %v", mode, n, err)
		}
		for _, o := range []jackc.TxOptions{
			{}, {AccessMode: jackc.ReadWrite}, {BeginQuery: "begin isolation level serializable"},
		} {
			tx, err := pool.BeginTx(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "SELECT f_w()"); !sqlguard.IsReadOnly(err) {
				t.Errorf("%s: a function that writes, in a transaction with %+v: %v", mode, o, err)
			}
			enginetest.Refused(t, "the commit", tx.Commit(ctx))
		}
		if got := pool.Stat().TotalConns(); got != 1 {
			t.Errorf("%s: there are %d connections, want the one", mode, got)
		}
	}
}

func TestATextInTxOptionsMayOnlyBeginOrCommit(t *testing.T) {
	e, pool := native(t, "")
	late, err := pool.BeginTx(ctx, jackc.TxOptions{CommitQuery: insert + "; commit"})
	if err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	for _, o := range []jackc.TxOptions{
		{BeginQuery: "begin read write"}, {BeginQuery: "commit"}, {BeginQuery: "begin; " + insert}, {CommitQuery: insert + "; commit"},
	} {
		tx, err := pool.BeginTx(ctx, o)
		if err == nil {
			tx.Rollback(ctx) // or the pool could not be closed
		}
		enginetest.Refused(t, o.BeginQuery+o.CommitQuery, err)
	}
	enginetest.Refused(t, "a commit that writes", late.Commit(ctx))
	if n := rowsIn(t, e); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	if got := pool.Stat().AcquiredConns(); got != 0 {
		t.Errorf("%d connections are in use", got)
	}
}

func TestLargeObjectsAreClosedWhileWritingIs(t *testing.T) {
	e, pool := native(t, "")
	e.Set(t, sqlguard.ReadOnly)
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	lo := tx.LargeObjects()
	if _, err := lo.Create(ctx, 0); !errors.Is(err, jackc.ErrTxClosed) {
		t.Errorf("Create gives %v", err)
	}
}
