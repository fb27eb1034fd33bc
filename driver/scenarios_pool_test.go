package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"time"
)

// contextScenarios cancel contexts before, during and after calls.
var contextScenarios = []scenario{
	{name: "a context that is cancelled before", run: func(u *user) {
		stmt := u.prepare(u.db, "INSERT")
		tx := u.begin(u.db, nil)
		u.cancelled()
		allCalls(u)
		u.execStmt(stmt)
		u.queryStmt(stmt)
		u.exec(tx, "INSERT")
		u.query(tx, "SELECT")
		u.note(tx.Commit())
	}},
	{name: "a deadline that has passed", run: func(u *user) {
		ctx, cancel := context.WithDeadline(u.ctx, time.Unix(0, 0))
		defer cancel()
		u.ctx = ctx
		allCalls(u)
	}},
	{name: "a context that is cancelled during exec", run: during(execCalls, func(u *user, c *sql.Conn) { u.exec(c, "INSERT", 1) })},
	{name: "a context that is cancelled during a query", run: during(queryCalls, func(u *user, c *sql.Conn) { u.queryUntilDone(c) })},
	{name: "a context that is cancelled during prepare", run: during(prepareCalls, func(u *user, c *sql.Conn) {
		stmt := u.prepare(c, "INSERT")
		u.execStmt(stmt)
		u.closeStmt(stmt)
		u.exec(c, "INSERT")
	})},
	{name: "a context that is cancelled during begin", run: during(beginCalls, func(u *user, c *sql.Conn) { u.begin(c, nil) })},
	{name: "a context that is cancelled during a ping", run: during([]string{"Ping"}, func(u *user, c *sql.Conn) { u.note(c.PingContext(u.ctx)) })},
	{name: "a context that is cancelled while an argument is checked", run: during([]string{"Check", "StmtCheck", "Convert"}, func(u *user, c *sql.Conn) { u.exec(c, "INSERT", 1) })},
	{name: "a context that is cancelled while a connection is made", run: func(u *user) {
		u.cancelAt("Connect")
		u.exec(u.db, "INSERT")
	}},
	{name: "a context that is cancelled while a session is reset", run: func(u *user) {
		u.exec(u.db, "INSERT")
		u.cancelAt("ResetSession")
		u.exec(u.db, "INSERT")
	}},
	{name: "a context that is cancelled while a row is read", run: during([]string{"RowsNext"}, func(u *user, c *sql.Conn) {
		rows, err := c.QueryContext(u.ctx, "SELECT")
		u.note(err)
		if err == nil {
			u.note(rows.Next())
			u.note(c.Close(), rows.Next(), rows.Err(), rows.Close())
		}
	})},
	{name: "a context that is cancelled when the driver fails with another error", errs: failing(errDriver, slices.Concat(execCalls, beginCalls)...), run: func(u *user) {
		u.cancelAt(slices.Concat(execCalls, beginCalls)...)
		u.exec(u.db, "INSERT")
		u.begin(u.db, nil)
	}},
	{name: "a context that is cancelled when the driver fails with its error", errs: failing(context.Canceled, slices.Concat(execCalls, queryCalls)...), run: func(u *user) {
		u.exec(u.db, "INSERT")
		u.query(u.db, "SELECT")
	}},
	{name: "a context that is cancelled after all", run: func(u *user) {
		ctx, cancel := context.WithCancel(u.ctx)
		u.ctx = ctx
		allCalls(u)
		cancel()
		u.ctx = context.WithoutCancel(ctx)
		allCalls(u)
	}},
}

// allCalls calls the pool in each way.
func allCalls(u *user) {
	u.exec(u.db, "INSERT", 1)
	u.query(u.db, "SELECT", 1)
	u.closeStmt(u.prepare(u.db, "INSERT"))
	if tx := u.begin(u.db, nil); tx != nil {
		u.note(tx.Commit())
	}
	u.note(u.db.PingContext(u.ctx))
	u.pinned(func(*sql.Conn) {})
}

// during does something whose context is cancelled when the driver is called by any of
// the verbs; and then something else, on the connection that is left or on another.
func during(verbs []string, do func(*user, *sql.Conn)) func(*user) {
	return func(u *user) {
		before := u.ctx
		u.pinned(func(c *sql.Conn) {
			u.cancelAt(verbs...)
			do(u, c)
		})
		u.ctx, u.inner.onCall = before, nil
		u.exec(u.db, "INSERT")
	}
}

// queryUntilDone makes a query whose context is cancelled, and waits until its rows are closed.
func (u *user) queryUntilDone(c *sql.Conn) {
	rows, err := c.QueryContext(u.ctx, "SELECT")
	u.note(err)
	if err != nil {
		return
	}
	u.note(c.Close(), rows.Next(), rows.Err(), rows.Close())
}

// connectionScenarios use connections by hand.
var connectionScenarios = []scenario{
	{name: "a connection that is not made", errs: failing(errDriver, "Connect"), run: func(u *user) { execOnce(u); u.conn() }},
	{name: "a connection that is bad when it is made", errs: failing(driver.ErrBadConn, "Connect"), run: execOnce},
	{name: "a connection that is made the third time", errs: failing(errBadConn, "Connect"), times: 2, run: execOnce},
	{name: "a connection that fails to close", errs: failing(errDriver, "Close"), run: execOnce},
	{name: "all that can be done with a pinned connection", run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			u.exec(c, "INSERT", 1)
			u.query(c, "SELECT", 1)
			u.note(c.PingContext(u.ctx))
			if tx := u.begin(c, nil); tx != nil {
				u.exec(tx, "INSERT")
				u.note(tx.Commit())
			}
			u.note(c.Close())
			u.exec(c, "INSERT")
			u.note(c.PingContext(u.ctx))
		})
	}},
	{name: "a pinned connection that is lost", errs: failing(driver.ErrBadConn, execCalls...), times: 1, run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			u.exec(c, "INSERT")
			u.exec(c, "INSERT")
		})
		u.exec(u.db, "INSERT")
	}},
	{name: "the driver's connection in Raw", run: raw(func(*user, driver.Conn) error { return nil })},
	{name: "an error in Raw", run: raw(func(*user, driver.Conn) error { return errDriver })},
	{name: "a bad connection in Raw", run: raw(func(*user, driver.Conn) error { return errBadConn })},
	{name: "a panic in Raw", run: raw(func(*user, driver.Conn) error { panic("in Raw") })},
	{name: "a panic of the driver", run: func(u *user) {
		u.at(func() { panic("in the driver") }, prepareCalls...)
		raw(func(u *user, c driver.Conn) error { return runInRaw(u, c) })(u)
	}},
	{name: "a statement in Raw", run: raw(runInRaw)},
}

// raw uses a connection of the driver, and then another or the same.
func raw(do func(*user, driver.Conn) error) func(*user) {
	return func(u *user) {
		u.pinned(func(c *sql.Conn) {
			defer func() { u.note(recover()) }()
			u.note(c.Raw(func(c any) error { return do(u, c.(driver.Conn)) }))
			u.exec(c, "INSERT")
		})
		u.inner.onCall = nil
		u.exec(u.db, "INSERT")
	}
}

func prepareInRaw(c driver.Conn) (driver.Stmt, error) {
	if p, ok := c.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(context.Background(), "INSERT")
	}
	return c.Prepare("INSERT")
}

func runInRaw(u *user, c driver.Conn) error {
	stmt, err := prepareInRaw(c)
	if err != nil {
		return err
	}
	u.note(stmt.NumInput())
	return stmt.Close()
}

// poolScenarios are about what a pool does between calls.
var poolScenarios = []scenario{
	{name: "ping", run: ping},
	{name: "ping that fails", errs: failing(errDriver, "Ping"), run: ping},
	{name: "ping that answers ErrSkip, which it must not", errs: failing(driver.ErrSkip, "Ping"), run: ping},
	{name: "ping on a bad connection", errs: failing(errBadConn, "Ping"), run: ping},
	{name: "ping on a connection that is bad once", errs: failing(driver.ErrBadConn, "Ping"), times: 1, run: ping},
	{name: "a session that is used again", run: execTwice},
	{name: "a session that is not valid", errs: failing(errDriver, "IsValid"), run: execTwice},
	{name: "a session that is not valid once", errs: failing(errDriver, "IsValid"), times: 1, run: execTwice},
	{name: "a session that is lost when it is reset", errs: failing(driver.ErrBadConn, "ResetSession"), run: execTwice},
	{name: "a session that is lost when it is reset, by a wrapped error", errs: failing(errBadConn, "ResetSession"), times: 1, run: execTwice},
	{name: "a session that fails to be reset", errs: failing(errDriver, "ResetSession"), run: execTwice},
	{name: "a pool that keeps no connection", run: func(u *user) {
		u.db.SetMaxIdleConns(0)
		allCalls(u)
		allCalls(u)
	}},
	{name: "connections that are too old", run: func(u *user) {
		u.db.SetConnMaxLifetime(1)
		u.exec(u.db, "INSERT")
		u.execStmt(u.prepare(u.db, "INSERT"))
		u.query(u.db, "SELECT")
	}},
	{name: "a pool of one connection", run: func(u *user) {
		u.db.SetMaxOpenConns(1)
		allCalls(u)
		u.note(u.db.Stats().OpenConnections, u.db.Stats().InUse)
	}},
	{name: "a pool that is closed", run: func(u *user) {
		stmt := u.prepare(u.db, "INSERT")
		warm(u)
		u.note(u.db.Close(), u.db.Close())
		allCalls(u)
		u.execStmt(stmt)
	}},
	{name: "a pool that is closed while a connection is pinned", run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			u.note(u.db.Close())
			u.exec(c, "INSERT")
		})
	}},
}

func ping(u *user) { u.note(u.db.PingContext(u.ctx)) }

func execTwice(u *user) {
	u.exec(u.db, "INSERT")
	u.exec(u.db, "INSERT")
}
