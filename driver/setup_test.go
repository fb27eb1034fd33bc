package driver_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// newGuard returns a guard that is off.
func newGuard(t testing.TB, policy sqlguard.Policy) *sqlguard.Guard {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Config{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// set puts a guard into a mode.
func set(t testing.TB, g *sqlguard.Guard, mode sqlguard.Mode) {
	t.Helper()
	if err := g.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
		t.Fatal(err)
	}
}

// open returns a guarded pool over a fake driver.
func open(t testing.TB, f *fake, g *sqlguard.Guard) *sql.DB {
	t.Helper()
	db, err := driver.OpenDB(f, driver.Config{Guard: g, Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// pin returns one guarded connection of a fake driver.
func pin(t testing.TB, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// execer is a pool, a pinned connection or a transaction.
type execer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// mustRun runs a statement that must pass.
func mustRun(t testing.TB, on execer, query string) {
	t.Helper()
	if _, err := on.ExecContext(context.Background(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// mustRefuse runs a statement that the guard must refuse.
func mustRefuse(t testing.TB, on execer, query string) *sqlguard.BlockedError {
	t.Helper()
	_, err := on.ExecContext(context.Background(), query)
	return refused(t, query, err)
}

// refused demands the guard's error.
func refused(t testing.TB, what string, err error) *sqlguard.BlockedError {
	t.Helper()
	var blocked *sqlguard.BlockedError
	if !errors.Is(err, sqlguard.ErrReadOnly) || !errors.As(err, &blocked) {
		t.Fatalf("%s: got error %v, want the guard's", what, err)
	}
	return blocked
}

// sent demands what the fake driver was asked to do since it was last asked.
func sent(t testing.TB, f *fake, want string) {
	t.Helper()
	if got := f.did(); got != want {
		t.Fatalf("the driver was asked: %q\nwant: %q", got, want)
	}
}

// nothingOpen demands that nothing is marked as open any more, by closing writing.
func nothingOpen(t testing.TB, g *sqlguard.Guard) {
	t.Helper()
	set(t, g, sqlguard.ReadOnly)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if report, err := g.Drain(ctx); err != nil {
		t.Errorf("something is open: %v", report)
	}
}
