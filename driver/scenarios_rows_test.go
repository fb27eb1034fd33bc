package driver_test

import (
	"database/sql"
	"database/sql/driver"
	"io"
)

// rowsScenarios read rows, of one set and of several.
var rowsScenarios = []scenario{
	{name: "rows that fail", errs: failing(errDriver, "RowsNext"), run: queryOnce},
	{name: "rows that fail once", errs: failing(errDriver, "RowsNext"), times: 1, run: queryOnce},
	{name: "rows that fail to close", errs: failing(errDriver, "RowsClose"), run: queryOnce},
	{name: "rows whose connection is lost", errs: failing(driver.ErrBadConn, "RowsNext"), run: queryTwice},
	{name: "rows whose connection is lost, by a wrapped error", errs: failing(errBadConn, "RowsNext"), run: queryTwice},
	{name: "rows that lose the connection when they close", errs: failing(driver.ErrBadConn, "RowsClose"), run: queryTwice},
	{name: "another set that fails", errs: failing(errDriver, "RowsNextResultSet"), run: queryOnce},
	{name: "another set that is not there", errs: failing(io.EOF, "RowsNextResultSet"), run: queryOnce},
	{name: "another set whose connection is lost", errs: failing(errBadConn, "RowsNextResultSet"), run: queryTwice},
	{name: "rows that are not read", run: func(u *user) {
		if rows, err := u.db.QueryContext(u.ctx, "SELECT"); err == nil {
			u.note(rows.Close(), rows.Close(), rows.Err(), rows.Next(), rows.NextResultSet())
			_, err := rows.Columns()
			u.note(err)
			_, err = rows.ColumnTypes()
			u.note(err)
		}
	}},
	{name: "rows of which some are read", run: func(u *user) {
		if rows, err := u.db.QueryContext(u.ctx, "SELECT"); err == nil {
			var raw sql.RawBytes
			u.note(rows.Next(), rows.Scan(&raw), string(raw), rows.Scan(&raw, &raw), rows.NextResultSet(), rows.Scan(&raw), rows.Close())
		}
	}},
	{name: "a set that is passed over", run: func(u *user) {
		if rows, err := u.db.QueryContext(u.ctx, "SELECT"); err == nil {
			u.note(rows.NextResultSet())
			u.read(rows)
		}
	}},
	{name: "rows of a statement", run: func(u *user) {
		if stmt := u.prepare(u.db, "SELECT"); stmt != nil {
			rows, err := stmt.QueryContext(u.ctx)
			u.note(err)
			u.closeStmt(stmt) // the rows keep it
			u.read(rows)
		}
	}},
	{name: "two sets of rows that are open on different connections", run: func(u *user) {
		first, err := u.db.QueryContext(u.ctx, "SELECT")
		u.note(err)
		u.query(u.db, "SELECT")
		u.read(first)
	}},
	{name: "two sets of rows that are open on one connection", run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			first, err := c.QueryContext(u.ctx, "SELECT")
			u.note(err)
			u.query(c, "SELECT")
			second, err := c.QueryContext(u.ctx, "SELECT")
			u.note(err)
			u.read(first)
			u.read(second)
		})
	}},
	{name: "rows that are open when a transaction ends", run: func(u *user) {
		if tx := u.begin(u.db, nil); tx != nil {
			rows, err := tx.QueryContext(u.ctx, "SELECT")
			u.note(err, rows.Next(), tx.Commit(), rows.Next(), rows.Err(), rows.Close())
		}
	}},
}

func queryTwice(u *user) {
	u.query(u.db, "SELECT")
	u.query(u.db, "SELECT")
}
