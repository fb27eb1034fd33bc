package driver_test

import (
	"database/sql"
	"database/sql/driver"
	"slices"
)

// stmtScenarios prepare texts.
var stmtScenarios = []scenario{
	{name: "prepared", run: preparedOnce},
	{name: "prepared and used again", run: func(u *user) {
		stmt := u.prepare(u.db, "INSERT")
		u.execStmt(stmt)
		u.execStmt(stmt, 1)
		u.queryStmt(stmt, "a")
		u.closeStmt(stmt)
		u.closeStmt(stmt)
		u.execStmt(stmt)
	}},
	{name: "prepare that fails", errs: failing(errDriver, prepareCalls...), run: preparedOnce},
	{name: "prepare that answers ErrSkip, which it must not", errs: failing(driver.ErrSkip, prepareCalls...), run: preparedOnce},
	{name: "prepare on a bad connection", errs: failing(driver.ErrBadConn, prepareCalls...), run: preparedOnce},
	{name: "prepare on a connection that is bad once", errs: failing(errBadConn, prepareCalls...), times: 1, run: preparedOnce},
	{name: "an execution that fails", errs: failing(errDriver, "StmtExecContext", "StmtExec", "StmtQueryContext", "StmtQuery"), run: preparedOnce},
	{name: "an execution that answers ErrSkip, which it must not", errs: failing(driver.ErrSkip, "StmtExecContext", "StmtExec", "StmtQueryContext", "StmtQuery"), run: preparedOnce},
	{name: "a statement whose connection is lost", errs: failing(driver.ErrBadConn, slices.Concat(execCalls, queryCalls)...), times: 1, run: func(u *user) {
		preparedOnce(u)
		u.exec(u.db, "INSERT")
	}},
	{name: "a statement whose connections are all lost", errs: failing(errBadConn, slices.Concat(execCalls, queryCalls)...), run: preparedOnce},
	{name: "a statement that fails to close", errs: failing(errDriver, "CloseStmt"), run: preparedOnce},
	{name: "a statement on several connections", run: func(u *user) {
		stmt := u.prepare(u.db, "INSERT")
		u.pinned(func(c *sql.Conn) {
			u.execStmt(stmt)
			u.pinned(func(c *sql.Conn) { u.execStmt(stmt) })
			u.execStmt(stmt)
		})
		u.closeStmt(stmt)
	}},
	{name: "a statement of a connection", run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			stmt := u.prepare(c, "INSERT")
			u.execStmt(stmt, 1)
			u.queryStmt(stmt, 1)
			u.closeStmt(stmt)
		})
	}},
	{name: "a statement of the pool in a transaction", run: func(u *user) {
		stmt := u.prepare(u.db, "INSERT")
		if tx := u.begin(u.db, nil); tx != nil {
			u.execStmt(tx.Stmt(stmt), 1)
			u.queryStmt(tx.StmtContext(u.ctx, stmt), 1)
			u.note(tx.Commit())
		}
		u.execStmt(stmt, 1)
		u.closeStmt(stmt)
	}},
	{name: "a statement of the pool in a transaction on another connection", run: func(u *user) {
		stmt := u.prepare(u.db, "INSERT")
		u.pinned(func(*sql.Conn) {
			if tx := u.begin(u.db, nil); tx != nil {
				u.execStmt(tx.Stmt(stmt), 1)
				u.note(tx.Commit())
			}
		})
		u.closeStmt(stmt)
	}},
	{name: "a statement of a transaction, also after it", run: func(u *user) {
		if tx := u.begin(u.db, nil); tx != nil {
			stmt := u.prepare(tx, "INSERT")
			u.execStmt(stmt, 1)
			u.note(tx.Commit())
			u.execStmt(stmt, 1)
			u.closeStmt(stmt)
		}
	}},
	{name: "a statement that is open when the pool is closed", run: func(u *user) {
		u.execStmt(u.prepare(u.db, "INSERT"))
	}},
}

func preparedOnce(u *user) {
	stmt := u.prepare(u.db, "INSERT")
	u.execStmt(stmt, 1)
	u.queryStmt(stmt, 1)
	u.closeStmt(stmt)
}
