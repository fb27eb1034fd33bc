package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// transactionScenarios begin transactions.
var transactionScenarios = []scenario{
	{name: "a transaction", run: committed(nil)},
	{name: "a transaction that is rolled back", run: func(u *user) { u.inTx(nil, (*sql.Tx).Rollback) }},
	{name: "a read-only transaction", run: committed(&sql.TxOptions{ReadOnly: true})},
	{name: "a serializable transaction", run: committed(&sql.TxOptions{Isolation: sql.LevelSerializable})},
	{name: "a serializable and read-only transaction", run: committed(&sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})},
	{name: "begin that fails", errs: failing(errDriver, beginCalls...), run: committed(nil)},
	{name: "begin that answers ErrSkip, which it must not", errs: failing(driver.ErrSkip, beginCalls...), run: committed(nil)},
	{name: "begin on a bad connection", errs: failing(errBadConn, beginCalls...), run: committed(nil)},
	{name: "begin on a connection that is bad once", errs: failing(driver.ErrBadConn, beginCalls...), times: 1, run: committed(nil)},
	{name: "a statement that fails in a transaction", errs: failing(errDriver, execCalls...), run: committed(nil)},
	{name: "a connection that is lost in a transaction", errs: failing(driver.ErrBadConn, execCalls...), times: 1, run: committedTwice},
	{name: "commit that fails", errs: failing(errDriver, "Commit"), run: committedTwice},
	{name: "commit on a bad connection", errs: failing(errBadConn, "Commit"), times: 1, run: committedTwice},
	{name: "rollback that fails", errs: failing(errDriver, "Rollback"), run: rolledBackTwice},
	{name: "rollback on a bad connection", errs: failing(errBadConn, "Rollback"), times: 1, run: rolledBackTwice},
	{name: "all that can run in a transaction", run: func(u *user) {
		if tx := u.begin(u.db, nil); tx != nil {
			u.exec(tx, "INSERT", 1)
			u.query(tx, "SELECT", 1)
			u.query(tx, "SELECT")
			stmt := u.prepare(tx, "INSERT")
			u.execStmt(stmt)
			u.queryStmt(stmt)
			u.note(tx.Rollback())
			u.exec(tx, "INSERT")
			u.query(tx, "SELECT")
		}
	}},
	{name: "transactions on a pinned connection, one after the other", run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			for _, end := range []func(*sql.Tx) error{(*sql.Tx).Commit, (*sql.Tx).Rollback} {
				if tx := u.begin(c, nil); tx != nil {
					u.exec(tx, "INSERT")
					u.note(end(tx))
				}
			}
		})
	}},
	{name: "a transaction whose context is cancelled", run: cancelledInTx},
	{name: "a transaction whose context is cancelled and whose rollback fails", errs: failing(errDriver, "Rollback"), run: cancelledInTx},
	{name: "a transaction whose context is cancelled and whose connection is lost", errs: failing(errBadConn, "Rollback"), run: cancelledInTx},
	{name: "a connection that is kept or dropped after a transaction is cancelled", run: func(u *user) {
		u.db.SetMaxOpenConns(1)
		ctx, cancel := context.WithCancel(u.ctx)
		tx, err := u.db.BeginTx(ctx, nil)
		u.note(err)
		cancel()
		u.exec(u.db, "INSERT") // waits for the connection, or another one
		u.note(tx.Commit())
	}},
	{name: "a transaction by text", run: func(u *user) {
		u.pinned(func(c *sql.Conn) {
			for _, query := range []string{"BEGIN", "INSERT", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "COMMIT", "BEGIN", "ROLLBACK"} {
				u.exec(c, query)
			}
		})
	}},
	{name: "a transaction by text that goes back to the pool", run: func(u *user) {
		u.pinned(func(c *sql.Conn) { u.exec(c, "BEGIN") })
		u.exec(u.db, "INSERT")
		u.inTx(nil, (*sql.Tx).Commit)
	}},
}

func committed(opts *sql.TxOptions) func(*user) {
	return func(u *user) { u.inTx(opts, (*sql.Tx).Commit) }
}

func committedTwice(u *user) {
	u.inTx(nil, (*sql.Tx).Commit)
	u.inTx(nil, (*sql.Tx).Commit)
}

func rolledBackTwice(u *user) {
	u.inTx(nil, (*sql.Tx).Rollback)
	u.inTx(nil, (*sql.Tx).Rollback)
}

// cancelledInTx cancels the context of a transaction, and commits it then.
func cancelledInTx(u *user) {
	var tx *sql.Tx
	u.pinned(func(c *sql.Conn) {
		ctx, cancel := context.WithCancel(u.ctx)
		var err error
		tx, err = c.BeginTx(ctx, nil)
		u.note(err)
		cancel()
	})
	if tx != nil {
		u.note(tx.Commit(), tx.Rollback())
	}
	u.exec(u.db, "INSERT")
}
