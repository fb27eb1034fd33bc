package pgx_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// fenced returns a database on PostgreSQL, the guarded pool on it and its DSN, and the fence.
func fenced(t *testing.T) (*enginetest.Engine, string, *sql.DB, *fence.Fence) {
	t.Helper()
	e, dsn := engineAt(t, "")
	bare, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bare.Close() })
	f, err := fence.New(bare, fence.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return e, dsn, bare, f
}

// alwaysFenced returns a pool that takes the fence though nobody asks for it.
func alwaysFenced(t *testing.T, e *enginetest.Engine, dsn string) *sql.DB {
	t.Helper()
	cfg := pgx.Config(e.Guard)
	cfg.Fence = true
	db, err := driver.Open("pgx", dsn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestTheFence(t *testing.T) {
	e, _, _, f := fenced(t)
	enginetest.Fenced(t, e, f)
}

// fencedTexts are programs for PostgreSQL.
var fencedTexts = []enginetest.FencedTexts{
	{Name: "what commits in the midst of a text is refused", After: []string{"BEGIN", "no: INSERT INTO u (a) VALUES (1); COMMIT; INSERT INTO u (a) VALUES (2)", "ROLLBACK"}},
	{Name: "several statements that only write are one", After: []string{"INSERT INTO u (a) VALUES (1); INSERT INTO u (a) VALUES (2)"}, Rows: 2},
	{Name: "what goes on after a savepoint from before the fence is refused", Before: []string{"BEGIN", "SAVEPOINT s"}, After: []string{"INSERT", "no: ROLLBACK TO SAVEPOINT s; COMMIT", "ROLLBACK"}},
	{Name: "what runs in no transaction is refused", After: []string{"no: VACUUM u", "no: CREATE INDEX CONCURRENTLY i ON u (a)", "INSERT"}, Rows: 1},
	{Name: "what would commit later is refused", After: []string{"no: PREPARE TRANSACTION 'p'", "BEGIN", "no: PREPARE TRANSACTION 'p'", "ROLLBACK"}},
	{Name: "what is not understood is refused", After: []string{"no: FROBNICATE; COMMIT"}},
	{Name: "a block writes within the fence", After: []string{"DO 'BEGIN INSERT INTO u (a) VALUES (1); END'"}, Rows: 1},
	{Name: "and cannot commit on the way", After: []string{"error: DO 'BEGIN INSERT INTO u (a) VALUES (1); COMMIT; INSERT INTO u (a) VALUES (1); END'"}},
	{Name: "a function that may write takes it", Closed: true, After: []string{"no: SELECT f_w()"}},
	{Name: "in a read-only transaction it need not", After: []string{"BEGIN READ ONLY", "error: SELECT f_w()", "ROLLBACK"}},
	{Name: "in one from before it can be taken", Before: []string{"BEGIN READ ONLY", "SELECT 1"}, After: []string{"error: SELECT f_w()", "ROLLBACK"}},
	{Name: "in one of a frozen snapshot it sees that the fence was closed", Before: []string{"BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT 1"}, Closed: true, After: []string{"no: INSERT", "ROLLBACK"}},
	{Name: "and is taken there", Before: []string{"BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1"}, After: []string{"INSERT", "COMMIT"}, Rows: 1},
	{Name: "one that was made to write takes it", Before: []string{"BEGIN READ ONLY"}, Closed: true, After: []string{"SET TRANSACTION READ WRITE", "no: INSERT", "no: COMMIT"}},
}

func TestTheFenceAroundTexts(t *testing.T) {
	e, dsn, _, f := fenced(t)
	enginetest.RunFencedTexts(t, e, f, fencedTexts)
	t.Run("where the driver does not say whether a transaction is open", func(t *testing.T) {
		cfg := pgx.Config(e.Guard)
		cfg.Idle, cfg.BeginWith, cfg.Together = nil, nil, false
		db, err := driver.Open("pgx", dsn, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		silent := *e
		silent.DB = db
		enginetest.RunFencedTexts(t, &silent, f, fencedTexts)
	})
}

func TestAPoolMayTakeTheFenceAlways(t *testing.T) {
	e, dsn, _, f := fenced(t)
	e.DB, e.Sessions = alwaysFenced(t, e, dsn), nil
	enginetest.FencedAlways(t, e, f)
}

// TestASavepointDoesNotTakeTheFenceAway has a transaction join after a savepoint, to which it goes back while the
// operator waits: PostgreSQL lets go of the lock then.
func TestASavepointDoesNotTakeTheFenceAway(t *testing.T) {
	e, _, bare, f := fenced(t)
	if err := f.Install(ctx); err != nil {
		t.Fatal(err)
	}
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(text string) error { _, err := tx.Exec(text); return err }
	err = errors.Join(exec(e.Insert), exec("SAVEPOINT s"), e.Guard.Hold("fleet", sqlguard.Change{Fence: true}), exec(e.Insert))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		lock, err := f.Close(ctx, nil)
		if err == nil {
			err = lock.Release()
		}
		done <- err
	}()
	ask := func(query string) (yes bool) {
		if err := bare.QueryRow(query).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		return yes
	}
	for !ask("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')") {
	}
	// Who comes first, then: the operator, or the transaction that takes the fence again?
	refused := exec("ROLLBACK TO SAVEPOINT s") != nil
	if !refused && !ask("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'quiesce_closed.fence'::regclass AND mode = 'RowShareLock' AND granted)") {
		t.Error("the transaction has lost the fence with the savepoint, and can be committed")
	}
	rows := 1
	if err := tx.Commit(); refused {
		rows = 0
		enginetest.Refused(t, "the commit without the fence", err)
	} else if err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var n int
	if err := bare.QueryRow("SELECT count(*) FROM u WHERE a = 1 AND id > 1").Scan(&n); err != nil || n != rows {
		t.Errorf("%d rows were committed (%v), want %d", n, err, rows)
	}
}

// TestAnErrorOfTheCommitIsTheStatements writes what PostgreSQL refuses when it is committed, by single
// statements, each of which is then in a transaction of the guard's own.
func TestAnErrorOfTheCommitIsTheStatements(t *testing.T) {
	e, dsn, bare, f := fenced(t)
	err := f.Install(ctx)
	if err == nil {
		_, err = bare.Exec("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO late VALUES (1)")
	}
	if err == nil {
		err = e.Guard.Hold("fleet", sqlguard.Change{Fence: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgx.NewPool(ctx, dsn, e.Guard)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const again = "INSERT INTO late VALUES (1)"
	for _, test := range []struct {
		name string
		do   func() error
	}{
		{"Exec", func() error { _, err := e.DB.Exec(again); return err }},
		{"Query", func() error {
			rows, err := e.DB.Query(again + " RETURNING id")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		}},
		{"QueryRow", func() error { var id int; return e.DB.QueryRow(again + " RETURNING id").Scan(&id) }},
		{"Exec, natively", func() error { _, err := pool.Exec(ctx, again); return err }},
		{"Query, natively", func() error {
			rows, _ := pool.Query(ctx, again+" RETURNING id")
			for rows.Next() {
			}
			return rows.Err()
		}},
		{"QueryRow, natively", func() error { var id int; return pool.QueryRow(ctx, again+" RETURNING id").Scan(&id) }},
		{"a batch", func() error {
			var b jackc.Batch
			b.Queue(again)
			return pool.SendBatch(ctx, &b).Close()
		}},
		{"a copy", func() error {
			_, err := pool.CopyFrom(ctx, jackc.Identifier{"late"}, []string{"id"}, jackc.CopyFromRows([][]any{{1}}))
			return err
		}},
	} {
		var refused *pgconn.PgError
		if err := test.do(); !errors.As(err, &refused) || refused.Code != "23505" {
			t.Errorf("%s: got %v, want the server's unique_violation", test.name, err)
		}
	}
}

// TestFencedCost holds what the fence costs to its bar.
func TestFencedCost(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	e, dsn, bare, f := fenced(t)
	_, err := bare.Exec("CREATE TABLE accounts (id int PRIMARY KEY, n int); INSERT INTO accounts SELECT g, 0 FROM generate_series(1, 1000) g")
	if err = errors.Join(err, f.Install(ctx)); err != nil {
		t.Fatal(err)
	}
	enginetest.FencedCost(t, 0.85, bare, alwaysFenced(t, e, dsn), "UPDATE accounts SET n = n + 1 WHERE id = $1", "SELECT n FROM accounts WHERE id = $1")
}

// TestTheNetRefusesWhatItCannotFence writes under a net while the fence is asked for, with the mode off.
func TestTheNetRefusesWhatItCannotFence(t *testing.T) {
	e, config := configured(t, "simple_protocol")
	if err := pgx.Instrument(config, e.Guard); err != nil {
		t.Fatal(err)
	}
	pool := opened(t, config)
	before := e.Rows(t)
	over, cancel := context.WithCancel(ctx)
	cancel()
	write := func() error { _, err := pool.Exec(ctx, e.Insert); return err }
	if err := write(); err != nil {
		t.Fatal(err)
	}
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if err := e.Guard.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(ctx, e.Insert)
	enginetest.Refused(t, "a write in a transaction from before", err)
	if report, err := e.Guard.DrainUnfenced(over); err == nil || len(report.Open) != 1 {
		t.Errorf("while a transaction from before is open: %v, %v", report, err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	enginetest.Refused(t, "a write outside of one", write())
	var b jackc.Batch
	b.Queue(e.Insert)
	enginetest.Refused(t, "a batch", pool.SendBatch(ctx, &b).Close())
	_, err = pool.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{1}}))
	enginetest.Refused(t, "a copy", err)
	_, err = pool.Exec(ctx, "SELECT f_w()")
	enginetest.Refused(t, "a function that may write", err)
	if _, err := pool.Exec(ctx, "SELECT count(*) FROM u"); err != nil {
		t.Errorf("a read: %v", err)
	}
	e.Guard.Release("fleet")
	if err := write(); err != nil {
		t.Errorf("after the fence: %v", err)
	}
	if n := e.Rows(t) - before; n != 2 {
		t.Errorf("%d rows were written, want 2", n)
	}
}
