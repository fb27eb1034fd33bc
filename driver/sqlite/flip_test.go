package sqlite_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	inner "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheFlipOnSQLite(t *testing.T) {
	file := "file:" + filepath.Join(t.TempDir(), "flip.db") + "?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout"
	// Only one can write at a time, so the naps are shorter than with a server.
	enginetest.Flip(t, 8*time.Millisecond, func(g *sqlguard.Guard) *enginetest.FlipEngine { return flipEngine(t, file, g) })
}

// flipEngine returns an engine in this process: no connection can be cut, and no
// commit takes long.
func flipEngine(t *testing.T, file string, g *sqlguard.Guard) *enginetest.FlipEngine {
	if err := napping(); err != nil {
		t.Fatal(err)
	}
	bare, err := sql.Open("sqlite", file+"(0)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Exec("CREATE TABLE flip (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INT, unit INT, parts INT)"); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(file+"(5000)", g)
	if err != nil {
		t.Fatal(err)
	}
	return &enginetest.FlipEngine{
		DB: db, Bare: bare,
		Nap:         nap,
		Wide:        "1", // all is written before the first row comes back
		Prepared:    "INSERT INTO flip (kind, unit, parts) SELECT ?, ?, ?",
		SeveralArgs: []any{},
		Kinds: []enginetest.FlipKind{
			{Name: "savepoints", Write: writeSavepoints},
			{Name: "BEGIN IMMEDIATE by text", Write: writeImmediate},
		},
		Lost:        func(error) bool { return false },
		Interrupted: func(err error) bool { return code(err) == lib.SQLITE_INTERRUPT },
		Conflict:    func(err error) bool { return code(err)&0xff == lib.SQLITE_BUSY },
		Open: func() (int, error) {
			// Whoever can write at once is alone.
			_, err := bare.Exec("BEGIN IMMEDIATE; ROLLBACK")
			return 0, err
		},
	}
}

// napping makes the function nap() known, which takes a millisecond.
var napping = sync.OnceValue(func() error {
	return inner.RegisterScalarFunction("nap", 0, func(*inner.FunctionContext, []sqldriver.Value) (sqldriver.Value, error) {
		time.Sleep(time.Millisecond)
		return int64(1), nil
	})
})

// nap can be interrupted, as any statement that visits many rows.
func nap(d time.Duration) string {
	return fmt.Sprintf(`0 < (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT sum(nap()) FROM n)`, d.Milliseconds())
}

// writeSavepoints writes transactions that a savepoint begins and its release commits.
func writeSavepoints(ctx context.Context, u *enginetest.FlipUnit) (int, error) {
	return writeBetween(ctx, u, "SAVEPOINT a", "RELEASE a")
}

func writeImmediate(ctx context.Context, u *enginetest.FlipUnit) (int, error) {
	return writeBetween(ctx, u, "BEGIN IMMEDIATE", "END")
}

func writeBetween(ctx context.Context, u *enginetest.FlipUnit, begin, end string) (rows int, err error) {
	err = u.Pinned(ctx, func(conn *sql.Conn) error {
		rows, err = u.Texts(ctx, conn, begin, end, 2)
		return err
	})
	return rows, err
}

func code(err error) int {
	var e *inner.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
