package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// silent is a driver that does nothing and allocates nothing.
type silent struct{}

type silentConn struct{ silent }

var result driver.Result = driver.RowsAffected(1)

func (s silent) Connect(context.Context) (driver.Conn, error) { return silentConn{}, nil }
func (s silent) Driver() driver.Driver                        { return s }
func (s silent) Open(string) (driver.Conn, error)             { return silentConn{}, nil }

func (silentConn) Prepare(string) (driver.Stmt, error)                          { return silent{}, nil }
func (silentConn) PrepareContext(context.Context, string) (driver.Stmt, error)  { return silent{}, nil }
func (silentConn) Begin() (driver.Tx, error)                                    { return silent{}, nil }
func (silentConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return silent{}, nil }
func (silentConn) Close() error                                                 { return nil }
func (silentConn) ResetSession(context.Context) error                           { return nil }
func (silentConn) IsValid() bool                                                { return true }
func (silentConn) CheckNamedValue(*driver.NamedValue) error                     { return nil }

func (silentConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return result, nil
}

func (silentConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return emptyRows{}, nil
}

func (silent) Commit() error                              { return nil }
func (silent) Rollback() error                            { return nil }
func (silent) Close() error                               { return nil }
func (silent) NumInput() int                              { return -1 }
func (silent) Exec([]driver.Value) (driver.Result, error) { return result, nil }
func (silent) Query([]driver.Value) (driver.Rows, error)  { return emptyRows{}, nil }

func (silent) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return result, nil
}

func (silent) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return emptyRows{}, nil
}

// memory is what one run of something allocates.
type memory struct{ allocations, bytes uint64 }

func allocated(run func()) memory {
	const runs = 50
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	run()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	return memory{(after.Mallocs - before.Mallocs) / runs, (after.TotalAlloc - before.TotalAlloc) / runs}
}

// least returns what each of two runs allocates, as the least of many rounds in turn:
// other goroutines only add to it. It ends as soon as the second takes no more than the
// first and some.
func least(first, second func(), some memory) (a, b memory) {
	a = memory{math.MaxUint64, math.MaxUint64}
	b = a
	for range 100 {
		x, y := allocated(first), allocated(second)
		a = memory{min(a.allocations, x.allocations), min(a.bytes, x.bytes)}
		b = memory{min(b.allocations, y.allocations), min(b.bytes, y.bytes)}
		if b.allocations <= a.allocations+some.allocations && b.bytes <= a.bytes+some.bytes {
			break
		}
	}
	return a, b
}

// Off is free.
func TestWithTheModeOffAGuardAllocatesNothing(t *testing.T) {
	bare := sql.OpenDB(silent{})
	defer bare.Close()
	db, err := guarded.OpenDB(silent{}, guarded.Config{Guard: newGuard(t, nothing), Dialect: panicking{}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prepared := map[*sql.DB]*sql.Stmt{}
	for _, pool := range []*sql.DB{bare, db} {
		stmt, err := pool.Prepare(write)
		must(err)
		prepared[pool] = stmt
	}
	for _, op := range []struct {
		name string
		more memory // allowed on top of what the bare driver allocates
		run  func(*sql.DB)
	}{
		{"Exec", memory{}, func(db *sql.DB) { _, err := db.Exec(write, 1, "a"); must(err) }},
		{"Query", memory{}, func(db *sql.DB) {
			rows, err := db.Query(write)
			must(err)
			must(rows.Close())
		}},
		{"QueryRow", memory{}, func(db *sql.DB) {
			if db.QueryRow(write).Scan() != sql.ErrNoRows {
				t.Fatal("a row was found")
			}
		}},
		{"prepared Exec", memory{}, func(db *sql.DB) { _, err := prepared[db].Exec(1); must(err) }},
		{"Tx", memory{}, func(db *sql.DB) {
			tx, err := db.Begin()
			must(err)
			_, err = tx.Exec(write)
			must(err)
			must(tx.Commit())
		}},
		{"prepared Query", memory{}, func(db *sql.DB) { must(okay(prepared[db].Query(1)).Close()) }},
		{"two Rows at once", memory{}, func(db *sql.DB) {
			// On a connection each: a second one on the same may allocate.
			a, b := okay(db.Query(write)), okay(db.Query(write))
			must(a.Close())
			must(b.Close())
		}},
		{"Prepare", memory{1, 112}, func(db *sql.DB) {
			stmt, err := db.Prepare(write)
			must(err)
			must(stmt.Close())
		}},
	} {
		want, got := least(func() { op.run(bare) }, func() { op.run(db) }, op.more)
		if got.allocations > want.allocations+op.more.allocations || got.bytes > want.bytes+op.more.bytes {
			t.Errorf("%s: %+v, without a guard %+v", op.name, got, want)
		}
	}
}

// A reject is quiet.
func TestARejectAllocatesNothingButItsError(t *testing.T) {
	g := newGuard(t, nothing)
	c, err := guarded.WrapConnector(silent{}, guarded.Config{Guard: g, Dialect: heads{asked: new(int)}})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stmt, err := conn.Prepare(write)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	set(t, g, sqlguard.ReadOnly)
	long := "INSERT INTO t VALUES " + strings.Repeat("(1), ", 10_000) + "(1)"
	for _, op := range []struct {
		name string
		want uint64
		run  func() error
	}{
		{"a write", 1, func() error { _, err := conn.(driver.ExecerContext).ExecContext(background, write, nil); return err }},
		{"a long write", 1, func() error { _, err := conn.(driver.ExecerContext).ExecContext(background, long, nil); return err }},
		{"a write by Query", 1, func() error { _, err := conn.(driver.QueryerContext).QueryContext(background, write, nil); return err }},
		{"a prepared write", 1, func() error { _, err := stmt.(driver.StmtExecContext).ExecContext(background, nil); return err }},
		{"a read", 0, func() error {
			_, err := conn.(driver.QueryerContext).QueryContext(background, "SELECT 1", nil)
			return err
		}},
	} {
		op.run() // a text is kept when it is seen for the second time
		op.run()
		some := memory{op.want, op.want * 512}
		if _, got := least(func() {}, func() { op.run() }, some); got.allocations != op.want || got.bytes > some.bytes {
			t.Errorf("%s: %+v, want %v allocations", op.name, got, op.want)
		}
		if refused := errors.Is(op.run(), sqlguard.ErrReadOnly); refused != (op.want == 1) {
			t.Errorf("%s: refused is %t", op.name, refused)
		}
	}
}
