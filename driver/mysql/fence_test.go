package mysql_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	guarded "github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// fenced returns a database on MariaDB, the guarded pool on it and its DSN, a bare pool, and the fence.
func fenced(t *testing.T) (*enginetest.Engine, string, *sql.DB, *fence.Fence) {
	t.Helper()
	e, bare, dsn := engineAt(t, "")
	bare.SetMaxOpenConns(0) // one holds the lock
	f, err := fence.New(bare, fence.MySQL)
	if err != nil {
		t.Fatal(err)
	}
	return e, dsn, bare, f
}

// alwaysFenced returns a pool that takes the fence though nobody asks for it.
func alwaysFenced(t *testing.T, e *enginetest.Engine, dsn string) *sql.DB {
	t.Helper()
	cfg := guarded.Config(e.Guard)
	cfg.Fence = true
	db, err := driver.Open("mysql", dsn, cfg)
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

// fencedTexts are programs for MariaDB.
var fencedTexts = []enginetest.FencedTexts{
	{Name: "a session that commits nothing by itself goes on so", Before: []string{"SET autocommit = 0"}, After: []string{"INSERT", "ROLLBACK", "INSERT", "INSERT", "COMMIT", "INSERT"}, Rows: 2},
	{Name: "with what it has written before", Before: []string{"SET autocommit = 0", "INSERT"}, After: []string{"INSERT", "COMMIT"}, Rows: 2},
	{Name: "and its commit takes the fence", Before: []string{"SET autocommit = 0", "INSERT"}, Closed: true, After: []string{"no: COMMIT"}},
	{Name: "also where it goes back to autocommit", Before: []string{"SET autocommit = 0", "INSERT"}, Closed: true, After: []string{"no: SET autocommit = 1", "no: COMMIT"}},
	{Name: "and where a BEGIN would commit it", Before: []string{"SET autocommit = 0", "INSERT"}, Closed: true, After: []string{"no: START TRANSACTION"}},
	{Name: "one that becomes so takes the fence", After: []string{"SET autocommit = 0", "INSERT", "ROLLBACK", "INSERT", "COMMIT"}, Rows: 1},
	{Name: "a procedure may commit, and waits", After: []string{"no: CALL two()", "BEGIN", "no: CALL two()", "ROLLBACK"}},
	{Name: "so do texts that nobody sees", After: []string{"no: EXECUTE IMMEDIATE 'COMMIT'"}},
	{Name: "a definition commits, and waits", After: []string{"no: CREATE TABLE w (a int)", "BEGIN", "INSERT", "no: CREATE TABLE w (a int)", "no: COMMIT"}},
	{Name: "tables are not locked meanwhile", After: []string{"no: LOCK TABLES u WRITE", "INSERT"}, Rows: 1},
	{Name: "and stay locked that were", Before: []string{"LOCK TABLES u WRITE"}, After: []string{"error: INSERT", "UNLOCK TABLES", "INSERT"}, Rows: 1},
	{Name: "a transaction that is read-only may go on", Before: []string{"START TRANSACTION READ ONLY", "SELECT 1"}, After: []string{"SELECT SLEEP(0)", "COMMIT"}},
	{Name: "and may begin", After: []string{"START TRANSACTION READ ONLY", "SELECT SLEEP(0)", "COMMIT"}},
}

func TestTheFenceAroundTexts(t *testing.T) {
	e, _, _, f := fenced(t)
	enginetest.RunFencedTexts(t, e, f, fencedTexts)
}

func TestAPoolMayTakeTheFenceAlways(t *testing.T) {
	e, dsn, _, f := fenced(t)
	e.DB, e.Sessions = alwaysFenced(t, e, dsn), nil
	enginetest.FencedAlways(t, e, f)
}

// TestATransactionTakesTheFenceInOneRoundTrip counts statements, also where the procedure is not there.
func TestATransactionTakesTheFenceInOneRoundTrip(t *testing.T) {
	e, _, bare, f := fenced(t)
	if err := f.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Guard.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		before string
		asked  int
		closed bool
	}{
		{"with the procedure", "DO 0", 1, false},
		{"where the fence is closed", "DO 0", 2, true},
		{"where there is none", "DROP PROCEDURE quiesce_fence_begin", 3, false},
		{"where there is none, and the fence is closed", "DO 0", 4, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := bare.ExecContext(t.Context(), test.before); err != nil {
				t.Fatal(err)
			}
			if test.closed {
				lock, err := f.Close(t.Context(), nil)
				if err == nil {
					err = lock.Release()
				}
				if err != nil {
					t.Fatal(err)
				}
			} else if err := f.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			conn, err := e.DB.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			questions := func() (n int) {
				var name string
				if err := conn.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(&name, &n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			rows, before := e.Rows(t), questions()
			tx, err := conn.BeginTx(t.Context(), nil)
			asked := questions() - before - 1
			if test.closed {
				enginetest.Refused(t, "BeginTx", err)
			} else if err != nil {
				t.Fatal(err)
			}
			want := 0
			if err == nil {
				if _, err := tx.Exec(e.Insert); err != nil {
					t.Fatal(err)
				}
				if err := tx.Commit(); err != nil {
					t.Fatal(err)
				}
				want = 1
			}
			if asked != test.asked {
				t.Errorf("the server was asked %d times, want %d", asked, test.asked)
			}
			if n := e.Rows(t) - rows; n != want {
				t.Errorf("%d rows were written, want %d", n, want)
			}
			var in int
			if err := conn.QueryRowContext(t.Context(), "SELECT @@in_transaction").Scan(&in); err != nil || in != 0 {
				t.Errorf("afterwards in_transaction is %d, %v", in, err)
			}
		})
	}
}

// TestFencedCost holds what the fence costs to its bar.
func TestFencedCost(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	e, dsn, bare, f := fenced(t)
	for _, text := range []string{
		"CREATE TABLE accounts (id int PRIMARY KEY, n int)",
		"INSERT INTO accounts SELECT seq, 0 FROM seq_1_to_1000",
	} {
		if _, err := bare.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	enginetest.FencedCost(t, 0.85, bare, alwaysFenced(t, e, dsn), "UPDATE accounts SET n = n + 1 WHERE id = ?", "SELECT n FROM accounts WHERE id = ?")
}
