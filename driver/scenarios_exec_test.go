package driver_test

import (
	"database/sql"
	"database/sql/driver"
	"io"
	"slices"
	"time"
)

// execScenarios run texts.
var execScenarios = []scenario{
	{name: "exec", run: execOnce},
	{name: "exec with arguments", run: execOne},
	{name: "exec that is skipped", errs: failing(driver.ErrSkip, "ExecContext", "Exec"), run: execOne},
	{name: "exec that fails", errs: failing(errDriver, execCalls...), run: execOnce},
	{name: "exec that fails with an error that database/sql knows otherwise", errs: failing(io.EOF, execCalls...), run: execOnce},
	{name: "exec on a bad connection", errs: failing(driver.ErrBadConn, execCalls...), run: execOnce},
	{name: "exec on a connection that is bad by a wrapped error", errs: failing(errBadConn, execCalls...), run: execOnce},
	{name: "exec on a connection that is bad once", errs: failing(errBadConn, execCalls...), times: 1, run: execOnce},
	{name: "exec on connections that are bad from the pool", errs: failing(driver.ErrBadConn, execCalls...), times: 2, run: func(u *user) {
		warm(u)
		u.exec(u.db, "INSERT")
	}},
	{name: "a result that fails", errs: failing(errDriver, "LastInsertId", "RowsAffected"), run: execOnce},
	{name: "a query", run: queryOne},
	{name: "a query without arguments", run: queryOnce},
	{name: "a query that is skipped", errs: failing(driver.ErrSkip, "QueryContext", "Query"), run: queryOne},
	{name: "a query that fails", errs: failing(errDriver, queryCalls...), run: queryOnce},
	{name: "a query on a bad connection", errs: failing(driver.ErrBadConn, queryCalls...), run: queryOnce},
	{name: "a query on a connection that is bad once", errs: failing(errBadConn, queryCalls...), times: 1, run: queryOnce},
	{name: "one row", run: func(u *user) {
		var s string
		u.note(u.db.QueryRowContext(u.ctx, "SELECT", 1).Scan(&s))
		u.note(s)
	}},
	{name: "one row into the wrong type", run: func(u *user) {
		var n int
		u.note(u.db.QueryRowContext(u.ctx, "SELECT", 1).Scan(&n))
	}},
	{name: "one row that fails", errs: failing(errDriver, queryCalls...), run: func(u *user) {
		u.note(u.db.QueryRowContext(u.ctx, "SELECT", 1).Scan())
	}},
}

func execOnce(u *user)  { u.exec(u.db, "INSERT") }
func execOne(u *user)   { u.exec(u.db, "INSERT", 1) }
func queryOnce(u *user) { u.query(u.db, "SELECT") }
func queryOne(u *user)  { u.query(u.db, "SELECT", 1) }

// warm leaves two connections in the pool.
func warm(u *user) {
	for _, c := range []*sql.Conn{u.conn(), u.conn()} {
		if c != nil {
			u.note(c.Close())
		}
	}
}

type named string

var number = 7

// argumentScenarios are about arguments and who converts them.
var argumentScenarios = []scenario{
	{name: "arguments of all types", run: func(u *user) {
		all := []any{nil, 1, int8(2), uint32(3), 1.5, true, "s", []byte("b"), time.Unix(5, 0), named("n"), sql.NullInt64{}, &number}
		u.exec(u.db, "INSERT", all...)
		u.query(u.db, "SELECT", all...)
		u.execStmt(u.prepare(u.db, "INSERT"), all...)
	}},
	{name: "an argument of no type that there is", run: everywhere(struct{}{})},
	{name: "an argument with its high bit set", run: everywhere(uint64(1) << 63)},
	{name: "an argument that returns a value", run: everywhere(sql.Out{Dest: &number})},
	{name: "an argument that fails to be converted", run: everywhere(failingValuer{})},
	{name: "an argument with a name", run: everywhere(sql.Named("a", 1))},
	{name: "an argument that counts its conversions", run: countConversions},
	{name: "an argument that counts its conversions, when the driver skips", errs: failing(driver.ErrSkip, "ExecContext", "Exec", "QueryContext", "Query"), run: countConversions},
	{name: "an argument that counts its conversions, when connections are bad", errs: failing(driver.ErrBadConn, slices.Concat(execCalls, queryCalls)...), times: 2, run: countConversions},
	{name: "a checker that takes arguments away", errs: failing(driver.ErrRemoveArgument, "Check", "StmtCheck"), run: everywhere(1, 2)},
	{name: "a checker that takes the first argument away", errs: failing(driver.ErrRemoveArgument, "Check", "StmtCheck"), times: 1, run: everywhere(1, 2)},
	{name: "a checker that skips", errs: failing(driver.ErrSkip, "Check", "StmtCheck"), run: everywhere(1, uint64(1)<<63)},
	{name: "a checker that fails", errs: failing(errDriver, "Check", "StmtCheck"), run: everywhere(1)},
	{name: "a converter that fails", errs: failing(errDriver, "Convert"), run: everywhere(1)},
	{name: "a bad connection while an argument is checked", errs: failing(errBadConn, "Check", "StmtCheck", "Convert"), run: everywhere(1)},
	{name: "the right number of arguments", run: numbered(2)},
	{name: "too few arguments", run: numbered(1)},
	{name: "too many arguments", run: numbered(3)},
	{name: "too few arguments, when the driver skips", errs: failing(driver.ErrSkip, "ExecContext", "Exec", "QueryContext", "Query"), run: numbered(1)},
}

// everywhere uses the same arguments in each kind of call.
func everywhere(args ...any) func(*user) {
	return func(u *user) {
		u.exec(u.db, "INSERT", args...)
		u.query(u.db, "SELECT", args...)
		stmt := u.prepare(u.db, "INSERT")
		u.execStmt(stmt, args...)
		u.queryStmt(stmt, args...)
		u.closeStmt(stmt)
	}
}

func countConversions(u *user) {
	n := 0
	everywhere(counting{&n}, counting{&n})(u)
	u.note(n)
}

// numbered gives n arguments to texts with places for two.
func numbered(n int) func(*user) {
	args := []any{1, 2, 3}[:n]
	return func(u *user) {
		u.exec(u.db, "INSERT ? ?", args...)
		u.query(u.db, "SELECT ? ?", args...)
		stmt := u.prepare(u.db, "INSERT ? ?")
		u.execStmt(stmt, args...)
		u.queryStmt(stmt, args...)
		u.closeStmt(stmt)
	}
}

type failingValuer struct{}

func (failingValuer) Value() (driver.Value, error) { return nil, errDriver }
