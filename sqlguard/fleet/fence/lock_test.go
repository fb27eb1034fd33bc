package fence_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// engines are the servers that have a fence. Backup is how a program that copies begins, which the lock is not to hold up, copies
// how one goes on that closing does not wait for, and kill ends a session.
var engines = []struct {
	name, driver, dialect string
	server                func(testing.TB) *testdb.Server
	take                  []string
	backup                string
	copies                []string
	self, kill            string
}{
	{
		"PostgreSQL", "pgx", fence.Postgres, testdb.Postgres,
		[]string{"BEGIN", "LOCK TABLE quiesce_open.fence IN ROW SHARE MODE NOWAIT"},
		"LOCK TABLE quiesce.fence IN ACCESS SHARE MODE",
		[]string{"BEGIN ISOLATION LEVEL REPEATABLE READ", "LOCK TABLE quiesce.fence IN ACCESS SHARE MODE", "SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = 'quiesce_open.fence'::regclass"},
		"SELECT pid FROM pg_locks WHERE relation = 'quiesce_closed.fence'::regclass AND mode = 'ExclusiveLock'", "SELECT pg_terminate_backend($1)",
	},
	{
		"MariaDB", "mysql", fence.MySQL, testdb.MariaDB,
		[]string{"START TRANSACTION", "UPDATE quiesce_fence SET closed = FALSE"},
		"LOCK TABLES quiesce_fence READ",
		[]string{"START TRANSACTION WITH CONSISTENT SNAPSHOT", "SELECT * FROM quiesce_fence"},
		"SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_tables_locked > 0", "KILL ?",
	},
}

func TestTheLock(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			dsn := e.server(t).Database(t)
			db, err := sql.Open(e.driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			f, err := fence.New(db, e.dialect)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Lock(t.Context()); !errors.Is(err, fence.ErrNotInstalled) {
				t.Errorf("of no fence: %v", err)
			}
			if err := f.Install(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Lock(t.Context()); !errors.Is(err, fence.ErrOpen) {
				t.Errorf("of an open fence: %v", err)
			}
			first, err := f.Close(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := first.Release(); err != nil {
				t.Fatal(err)
			}
			lock, err := f.Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := lock.Held(t.Context()); err != nil {
				t.Errorf("it is held: %v", err)
			}
			if !waits(t, db, e.take...) {
				t.Error("somebody has got past the lock")
			}
			if waits(t, db, "BEGIN", e.backup) {
				t.Error("a backup is held up by the lock")
			}
			var session int64
			if err := db.QueryRow(e.self).Scan(&session); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(e.kill, session); err != nil {
				t.Fatal(err)
			}
			for err = nil; err == nil; { // the server ends it in its own time
				err = lock.Held(t.Context())
			}
			if lock.Release() == nil {
				t.Error("a lock that was lost was released")
			}
			if closed, err := f.Closed(t.Context()); !closed || err != nil {
				t.Errorf("without the lock, closed is %t, %v", closed, err)
			}
		})
	}
}

// waits reports whether statements are refused, or not done at once, in a session of their own.
func waits(t *testing.T, db *sql.DB, texts ...string) bool {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, limit := range []string{"SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1", "SET lock_timeout = 1000"} {
		conn.ExecContext(t.Context(), limit) // one of which each server knows
	}
	defer conn.ExecContext(context.Background(), "ROLLBACK")
	defer conn.ExecContext(context.Background(), "UNLOCK TABLES")
	for _, text := range texts {
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Log(text, err)
			return true
		}
	}
	return false
}
