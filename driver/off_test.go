//lint:file-ignore SA1019 Drivers with the deprecated interfaces only must behave as ever.

package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// kinds are drivers with different sets of optional interfaces.
var kinds = map[string]func(*fakeConn) driver.Conn{
	"modern": func(c *fakeConn) driver.Conn { return modern{c} },
	"legacy": func(c *fakeConn) driver.Conn { return legacy{c} },
	"plain":  func(c *fakeConn) driver.Conn { return c },
	"no session": func(c *fakeConn) driver.Conn {
		m := modern{c}
		return struct {
			*fakeConn
			driver.ExecerContext
			driver.QueryerContext
			driver.ConnPrepareContext
			driver.ConnBeginTx
		}{c, m, m, m, m}
	},
	"session": func(c *fakeConn) driver.Conn {
		m := modern{c}
		return struct {
			*fakeConn
			driver.SessionResetter
			driver.Validator
			driver.NamedValueChecker
		}{c, m, m, m}
	},
}

var (
	errDriver  = errors.New("the driver's error")
	errBadConn = fmt.Errorf("wrapped: %w", driver.ErrBadConn)
)

// counting is an argument that counts how often it is converted.
type counting struct{ n *int }

func (c counting) Value() (driver.Value, error) { *c.n++; return int64(*c.n), nil }
func (c counting) String() string               { return "counting" }

// scenarios are calls whose outcome, and whose calls into the driver, must be the
// same with a guard that is off as without one.
var scenarios = map[string]struct {
	errs map[string]error
	run  func(db *sql.DB) []any
}{
	"exec": {run: func(db *sql.DB) []any { return exec(db, "INSERT") }},
	"exec with arguments": {run: func(db *sql.DB) []any {
		n := 0
		return append(exec(db, "INSERT", 1, "a", nil, counting{&n}), n)
	}},
	"exec with a name":    {run: func(db *sql.DB) []any { return exec(db, "INSERT", sql.Named("a", 1)) }},
	"a prepared name":     {run: func(db *sql.DB) []any { return execPrepared(db, "INSERT", sql.Named("a", 1)) }},
	"a query with a name": {run: func(db *sql.DB) []any { return queryRow(db, "SELECT", sql.Named("a", 1)) }},
	"exec that is skipped": {
		errs: map[string]error{"ExecContext INSERT =1": driver.ErrSkip, "Exec INSERT [1]": driver.ErrSkip},
		run:  func(db *sql.DB) []any { return exec(db, "INSERT", 1) },
	},
	"a query that is skipped": {
		errs: map[string]error{"QueryContext SELECT =1": driver.ErrSkip, "Query SELECT [1]": driver.ErrSkip},
		run:  func(db *sql.DB) []any { return queryRow(db, "SELECT", 1) },
	},
	"exec that fails": {
		errs: map[string]error{"ExecContext INSERT": errDriver, "Exec INSERT []": errDriver, "StmtExec INSERT []": errDriver},
		run:  func(db *sql.DB) []any { return exec(db, "INSERT") },
	},
	"exec on a bad connection": {
		errs: map[string]error{"ExecContext INSERT": errBadConn, "Exec INSERT []": errBadConn, "StmtExec INSERT []": errBadConn},
		run:  func(db *sql.DB) []any { return exec(db, "INSERT") },
	},
	"a query on a bad connection": {
		errs: map[string]error{"QueryContext SELECT": driver.ErrBadConn, "Query SELECT []": driver.ErrBadConn, "StmtQuery SELECT []": driver.ErrBadConn},
		run:  func(db *sql.DB) []any { return queryRow(db, "SELECT") },
	},
	"a connection that is not made": {
		errs: map[string]error{"Connect": errDriver},
		run:  func(db *sql.DB) []any { return exec(db, "INSERT") },
	},
	"query row": {run: func(db *sql.DB) []any { return queryRow(db, "SELECT", 1) }},
	"query that is not read to its end": {run: func(db *sql.DB) []any {
		rows, err := db.Query("SELECT")
		return []any{err, rows.Close()}
	}},
	"prepared":           {run: func(db *sql.DB) []any { return execPrepared(db, "INSERT", 1) }},
	"prepared query":     {run: func(db *sql.DB) []any { return queryPrepared(db, "SELECT", 1) }},
	"prepare that fails": {errs: map[string]error{"PrepareContext INSERT": errDriver, "Prepare INSERT": errDriver}, run: func(db *sql.DB) []any { return execPrepared(db, "INSERT") }},
	"ping":               {run: func(db *sql.DB) []any { return []any{db.Ping()} }},
	"ping that fails":    {errs: map[string]error{"Ping": errDriver}, run: func(db *sql.DB) []any { return []any{db.Ping()} }},
	"transaction":        {run: func(db *sql.DB) []any { return inTx(db, nil, (*sql.Tx).Commit) }},
	"rolled back":        {run: func(db *sql.DB) []any { return inTx(db, nil, (*sql.Tx).Rollback) }},
	"read-only":          {run: func(db *sql.DB) []any { return inTx(db, &sql.TxOptions{ReadOnly: true}, (*sql.Tx).Commit) }},
	"serializable": {run: func(db *sql.DB) []any {
		return inTx(db, &sql.TxOptions{Isolation: sql.LevelSerializable}, (*sql.Tx).Commit)
	}},
	"begin that fails":    {errs: map[string]error{"BeginTx 0 false": errDriver, "Begin": errDriver}, run: func(db *sql.DB) []any { return inTx(db, nil, (*sql.Tx).Commit) }},
	"commit that fails":   {errs: map[string]error{"Commit": errDriver}, run: func(db *sql.DB) []any { return inTx(db, nil, (*sql.Tx).Commit) }},
	"rollback that fails": {errs: map[string]error{"Rollback": errBadConn}, run: func(db *sql.DB) []any { return inTx(db, nil, (*sql.Tx).Rollback) }},
	"a statement of the pool in a transaction": {run: func(db *sql.DB) []any {
		stmt, err := db.Prepare("INSERT")
		if err != nil {
			return []any{err}
		}
		tx, err := db.Begin()
		if err != nil {
			return []any{err}
		}
		_, err = tx.Stmt(stmt).Exec(1)
		return []any{err, tx.Commit(), stmt.Close()}
	}},
	"a transaction whose context is cancelled": {run: func(db *sql.DB) []any {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		conn, err := db.Conn(context.Background())
		if err != nil {
			return []any{err}
		}
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return []any{err}
		}
		cancel()
		conn.Close() // waits for the rollback
		return []any{tx.Commit()}
	}},
	"a cancelled context": {run: func(db *sql.DB) []any {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := db.ExecContext(ctx, "INSERT")
		_, berr := db.BeginTx(ctx, nil)
		_, perr := db.PrepareContext(ctx, "INSERT")
		return []any{err, berr, perr}
	}},
	"a session that is used again": {run: func(db *sql.DB) []any {
		return slices.Concat(exec(db, "INSERT"), exec(db, "INSERT"))
	}},
	"a session that is not valid": {
		errs: map[string]error{"IsValid": errDriver},
		run:  func(db *sql.DB) []any { return slices.Concat(exec(db, "INSERT"), exec(db, "INSERT")) },
	},
	"a session that cannot be reset": {
		errs: map[string]error{"ResetSession": driver.ErrBadConn},
		run:  func(db *sql.DB) []any { return slices.Concat(exec(db, "INSERT"), exec(db, "INSERT")) },
	},
	"an argument that is taken away": {
		errs: map[string]error{"Check": driver.ErrRemoveArgument},
		run:  func(db *sql.DB) []any { return exec(db, "INSERT", 1) },
	},
	"an argument that is skipped": {
		errs: map[string]error{"Check": driver.ErrSkip},
		run:  func(db *sql.DB) []any { return exec(db, "INSERT", uint64(1)<<63) },
	},
}

func exec(db *sql.DB, query string, args ...any) []any {
	result, err := db.Exec(query, args...)
	return outcome(result, err)
}

func execPrepared(db *sql.DB, query string, args ...any) []any {
	stmt, err := db.Prepare(query)
	if err != nil {
		return []any{err}
	}
	defer stmt.Close()
	result, err := stmt.Exec(args...)
	return outcome(result, err)
}

func outcome(result sql.Result, err error) []any {
	if err != nil {
		return []any{err}
	}
	n, err := result.LastInsertId()
	return []any{n, err}
}

func queryRow(db *sql.DB, query string, args ...any) []any {
	var s string
	err := db.QueryRow(query, args...).Scan(&s)
	return []any{s, err}
}

func queryPrepared(db *sql.DB, query string, args ...any) []any {
	stmt, err := db.Prepare(query)
	if err != nil {
		return []any{err}
	}
	defer stmt.Close()
	var s string
	err = stmt.QueryRow(args...).Scan(&s)
	return []any{s, err}
}

func inTx(db *sql.DB, opts *sql.TxOptions, end func(*sql.Tx) error) []any {
	tx, err := db.BeginTx(context.Background(), opts)
	if err != nil {
		return []any{err}
	}
	_, err = tx.Exec("INSERT")
	return []any{err, end(tx)}
}

// Transparent.
func TestWithTheModeOffNothingIsDifferent(t *testing.T) {
	for kind, wrap := range kinds {
		for name, s := range scenarios {
			t.Run(kind+": "+name, func(t *testing.T) {
				bare := &fake{wrap: wrap, errs: s.errs}
				db := sql.OpenDB(bare)
				want := s.run(db)
				db.Close()

				inner := &fake{wrap: wrap, errs: s.errs}
				db, err := guarded.OpenDB(inner, guarded.Config{Guard: newGuard(t, nothing), Dialect: panicking{}})
				if err != nil {
					t.Fatal(err)
				}
				got := s.run(db)
				db.Close()

				if !slices.EqualFunc(got, want, alike) {
					t.Errorf("got %v, without a guard %v", got, want)
				}
				if asked, bare := inner.take(), bare.take(); !slices.Equal(asked, bare) {
					t.Errorf("the driver was asked %q, without a guard %q", asked, bare)
				}
			})
		}
	}
}

// alike compares outcomes; errors that a driver made must be the very same.
func alike(got, want any) bool {
	if got == want {
		return true
	}
	g, ok := got.(error)
	w, alsoOK := want.(error)
	return ok && alsoOK && g.Error() == w.Error() && !errors.Is(w, errDriver) && !errors.Is(w, errBadConn)
}

// panicking is a dialect that must not be asked.

type panicking struct{ keywords }

func (panicking) Classify(string) sqlguard.Verdict { panic("a text was judged while the mode is off") }
