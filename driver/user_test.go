package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// user uses a pool as a program does, and notes what comes of it. With a guard
// that is off it must see what it sees without.
type user struct {
	db    *sql.DB
	inner *fake
	ctx   context.Context // of all calls
	seen  []any
}

// runner is a pool, a pinned connection or a transaction.
type runner interface {
	execer
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}

// beginner is a pool or a pinned connection.
type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}

func (u *user) note(values ...any) { u.seen = append(u.seen, values...) }

func (u *user) exec(on runner, query string, args ...any) {
	u.result(on.ExecContext(u.ctx, query, args...))
}

func (u *user) result(result sql.Result, err error) {
	u.note(err)
	if err != nil {
		return
	}
	id, err := result.LastInsertId()
	u.note(id, err)
	n, err := result.RowsAffected()
	u.note(n, err)
}

// query reads all rows of all sets.
func (u *user) query(on runner, query string, args ...any) {
	rows, err := on.QueryContext(u.ctx, query, args...)
	u.note(err)
	u.read(rows)
}

func (u *user) read(rows *sql.Rows) {
	if rows == nil {
		return
	}
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		u.note(fmt.Sprint(columns), err)
		u.columnTypes(rows)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			u.note(rows.Scan(into...))
			u.note(fmt.Sprint(values...))
		}
		u.note(rows.Err())
	}
	u.note(rows.Err(), rows.Close())
}

func (u *user) columnTypes(rows *sql.Rows) {
	types, err := rows.ColumnTypes()
	u.note(len(types), err)
	for _, c := range types {
		length, hasLength := c.Length()
		nullable, hasNullable := c.Nullable()
		precision, scale, hasDecimals := c.DecimalSize()
		u.note(c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, nullable, hasNullable, precision, scale, hasDecimals)
	}
}

// prepare returns a statement, or nil if it cannot be prepared.
func (u *user) prepare(on runner, query string) *sql.Stmt {
	stmt, err := on.PrepareContext(u.ctx, query)
	u.note(err)
	return stmt
}

func (u *user) execStmt(stmt *sql.Stmt, args ...any) {
	if stmt != nil {
		u.result(stmt.ExecContext(u.ctx, args...))
	}
}

func (u *user) queryStmt(stmt *sql.Stmt, args ...any) {
	if stmt != nil {
		rows, err := stmt.QueryContext(u.ctx, args...)
		u.note(err)
		u.read(rows)
	}
}

func (u *user) closeStmt(stmt *sql.Stmt) {
	if stmt != nil {
		u.note(stmt.Close())
	}
}

// begin returns a transaction, or nil if none can be begun.
func (u *user) begin(on beginner, opts *sql.TxOptions) *sql.Tx {
	tx, err := on.BeginTx(u.ctx, opts)
	u.note(err)
	return tx
}

// inTx writes in a transaction, and ends it.
func (u *user) inTx(opts *sql.TxOptions, end func(*sql.Tx) error) {
	if tx := u.begin(u.db, opts); tx != nil {
		u.exec(tx, "INSERT", 1)
		u.note(end(tx), end(tx))
	}
}

// conn returns a pinned connection, or nil if there is none.
func (u *user) conn() *sql.Conn {
	conn, err := u.db.Conn(u.ctx)
	u.note(err)
	return conn
}

// pinned does something with a pinned connection. It waits until all that runs on it is over.
// Where the end of a cancelled transaction takes the connection with it, it is left to
// chance whether Close finds it closed.
func (u *user) pinned(do func(*sql.Conn)) {
	if conn := u.conn(); conn != nil {
		do(conn)
		err := conn.Close()
		if err == sql.ErrConnDone {
			err = nil
		}
		u.note(err)
	}
}

// cancelAt gives the calls a context that is cancelled when the driver is called by
// any of these.
func (u *user) cancelAt(verbs ...string) {
	ctx, cancel := context.WithCancel(u.ctx)
	u.ctx = ctx
	u.at(cancel, verbs...)
}

// at does something when the driver is called by any of these verbs.
func (u *user) at(do func(), verbs ...string) {
	u.inner.onCall = func(call string) {
		if verb, _, _ := strings.Cut(call, " "); slices.Contains(verbs, verb) {
			do()
		}
	}
}

// cancelled gives the calls a context that is cancelled already.
func (u *user) cancelled() {
	ctx, cancel := context.WithCancel(u.ctx)
	cancel()
	u.ctx = ctx
}

// The calls of the driver that come of one call of database/sql.
var (
	execCalls    = []string{"ExecContext", "Exec", "StmtExecContext", "StmtExec"}
	queryCalls   = []string{"QueryContext", "Query", "StmtQueryContext", "StmtQuery"}
	prepareCalls = []string{"PrepareContext", "Prepare"}
	beginCalls   = []string{"BeginTx", "Begin"}
)

// failing returns what makes calls of the driver fail.
func failing(err error, verbs ...string) map[string]error {
	errs := map[string]error{}
	for _, v := range verbs {
		errs[v] = err
	}
	return errs
}

// The errors of a driver.
var (
	errDriver  = errors.New("the driver's error")
	errBadConn = fmt.Errorf("wrapped: %w", driver.ErrBadConn)
)

// counting is an argument that counts how often it is converted.
type counting struct{ n *int }

func (c counting) Value() (driver.Value, error) { *c.n++; return int64(*c.n), nil }
func (c counting) String() string               { return "counting" }
