package mysql_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

var transactions = []enginetest.Scenario{
	{
		Name: "isolation levels that there are, and others", Reads: true,
		Want: []string{
			"Default: nil",
			"row: int64(1)",
			"rollback: nil",
			"Read Uncommitted: nil",
			"row: int64(1)",
			"rollback: nil",
			"Read Committed: nil",
			"row: int64(1)",
			"rollback: nil",
			"Write Committed: *errors.errorString",
			"Repeatable Read: nil",
			"row: int64(1)",
			"rollback: nil",
			"Snapshot: *errors.errorString",
			"Serializable: nil",
			"row: int64(1)",
			"rollback: nil",
			"Linearizable: *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
				tx, err := p.DB.BeginTx(ctx, &sql.TxOptions{Isolation: level})
				p.Say(level.String(), err)
				if err == nil {
					p.Rows(tx, "SELECT id FROM t WHERE id = 1")
					p.Say("rollback", tx.Rollback())
				}
			}
		},
	},
	{
		Name: "isolation levels are what the server does",
		Want: []string{
			"row: int64(1)",
			"exec: int64(1) nil int64(1000) nil",
			"row: int64(1)",
			"commit: nil",
			"row: int64(1)",
			"Default: nil",
			"row: int64(1)",
			"exec: int64(1) nil int64(1000) nil",
			"row: int64(2)",
			"commit: nil",
			"row: int64(2)",
			"Read Uncommitted: nil",
			"row: int64(1)",
			"exec: int64(1) nil int64(1000) nil",
			"row: int64(1)",
			"commit: nil",
			"row: int64(2)",
			"Read Committed: nil",
			"row: int64(1)",
			"exec: int64(1) nil int64(1000) nil",
			"row: int64(1)",
			"commit: nil",
			"row: int64(1)",
			"Repeatable Read: nil",
			"row: int64(1)",
			"exec: *mysql.MySQLError 1205",
			"row: int64(1)",
			"commit: nil",
			"row: int64(1)",
			"Serializable: nil",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			p.DB.SetMaxOpenConns(2)
			for _, level := range []sql.IsolationLevel{
				sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable,
			} {
				tx := p.Begin(&sql.TxOptions{Isolation: level})
				p.Rows(tx, "SELECT count(*) FROM u")
				other := p.Begin(nil)
				p.Do(other, "SET innodb_lock_wait_timeout = 0")
				p.Exec(other, "INSERT INTO u (id, a) VALUES (1000, 66)")
				p.Rows(tx, "SELECT count(*) FROM u")
				p.Say("commit", other.Commit())
				p.Rows(tx, "SELECT count(*) FROM u")
				p.Say(level.String(), tx.Rollback())
				p.Do(p.DB, "DELETE FROM u WHERE a = 66")
			}
			p.DB.SetMaxIdleConns(0)
			p.DB.SetMaxIdleConns(2)
		},
	},
	{
		Name: "a read-only transaction is the server's, but for what commits in passing",
		Want: []string{
			"exec: *mysql.MySQLError 1792",
			"row: int64(1)",
			"exec: int64(0) nil int64(0) nil",
			"exec: int64(1) nil int64(0) nil",
			"rollback: nil",
			"row: int64(1)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(&sql.TxOptions{ReadOnly: true})
			p.Exec(tx, "INSERT INTO u (a) VALUES (61)")
			p.Rows(tx, "SELECT 1")
			p.Exec(tx, "CREATE TABLE passing (a int)")
			p.Exec(tx, "INSERT INTO passing VALUES (1)")
			p.Say("rollback", tx.Rollback())
			p.Rows(p.DB, "SELECT a FROM passing")
			p.Do(p.DB, "DROP TABLE passing")
		},
	},
	{
		Name: "what is committed is there, and what is rolled back is not",
		Want: []string{
			"commit: nil sql: transaction has already been committed or rolled back sql: transaction has already been committed or rolled back",
			"rollback: nil",
			"row: int64(62)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(nil)
			p.Do(tx, "INSERT INTO u (a) VALUES (62)")
			p.Do(tx, "SAVEPOINT s")
			p.Do(tx, "INSERT INTO u (a) VALUES (63)")
			p.Do(tx, "ROLLBACK TO s")
			p.Say("commit", tx.Commit(), tx.Commit(), tx.Rollback())
			tx = p.Begin(nil)
			p.Do(tx, "DELETE FROM u WHERE a = 62")
			p.Say("rollback", tx.Rollback())
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 60")
			p.Do(p.DB, "DELETE FROM u WHERE a > 60")
		},
	},
	{
		Name: "a statement that fails does not end the transaction",
		Want: []string{
			"exec: *mysql.MySQLError 1062",
			"commit: nil",
			"exec: int64(1) nil int64(0) nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(nil)
			p.Exec(tx, "INSERT INTO t VALUES (1, 'again')")
			p.Do(tx, "INSERT INTO u (a) VALUES (64)")
			p.Say("commit", tx.Commit())
			p.Exec(p.DB, "DELETE FROM u WHERE a > 60")
		},
	},
	{
		Name: "a transaction that is left open goes to the next user",
		Want: []string{
			"row: int64(65)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "BEGIN")
			p.Do(p.DB, "INSERT INTO u (a) VALUES (65)")
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 60")
			p.Do(p.DB, "ROLLBACK")
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 60")
		},
	},
}

// over is a context that is done.
func over() context.Context {
	done, cancel := context.WithCancel(ctx)
	cancel()
	return done
}

// long is what a context is cancelled in.
const long = "SELECT SLEEP(60)"

var cancellations = []enginetest.Scenario{
	{
		Name: "a context that is done already", Reads: true,
		Want: []string{
			"exec: context canceled",
			"query: context canceled",
			"prepare: context canceled",
			"begin: context canceled",
			"ping: context canceled",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			defer conn.Close()
			_, err := conn.ExecContext(over(), "SELECT 1")
			p.Say("exec", err)
			_, err = conn.QueryContext(over(), "SELECT 1")
			p.Say("query", err)
			_, err = conn.PrepareContext(over(), "SELECT 1")
			p.Say("prepare", err)
			_, err = conn.BeginTx(over(), nil)
			p.Say("begin", err)
			p.Say("ping", conn.PingContext(over()))
		},
	},
	{
		Name: "a context that is cancelled while a statement executes",
		Want: []string{
			"exec: context canceled",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			done, stop := p.Interrupted()
			defer stop()
			_, err := p.DB.ExecContext(done, long)
			p.Say("exec", err)
		},
	},
	{
		Name: "a context that is cancelled while a query executes",
		Want: []string{
			"query: context canceled",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			done, stop := p.Interrupted()
			defer stop()
			_, err := p.DB.QueryContext(done, long)
			p.Say("query", err)
		},
	},
	{
		Name: "a context that is cancelled while a prepared statement executes",
		Want: []string{
			"exec: context canceled nil",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			stmt := p.Prepare(long)
			done, stop := p.Interrupted()
			defer stop()
			_, err := stmt.ExecContext(done)
			p.Say("exec", err, stmt.Close())
		},
	},
	{
		Name: "a context that is cancelled while rows are read", Reads: true,
		Want: []string{
			"next: true",
			"rows: context canceled",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			done, cancel := context.WithCancel(ctx)
			rows, err := p.DB.QueryContext(done, "SELECT seq FROM seq_1_to_1000000")
			if err != nil {
				p.Fatal(err)
			}
			p.Say("next", rows.Next())
			cancel()
			for rows.Next() {
			}
			p.Say("rows", rows.Err())
		},
	},
	{
		Name: "a transaction whose context is cancelled",
		Want: []string{
			"end: sql: transaction has already been committed or rolled back sql: transaction has already been committed or rolled back",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			done, cancel := context.WithCancel(ctx)
			tx, err := p.DB.BeginTx(done, nil)
			if err != nil {
				p.Fatal(err)
			}
			p.Do(tx, "INSERT INTO u (a) VALUES (71)")
			cancel()
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 70") // which waits for the rollback
			p.Say("end", tx.Commit(), tx.Rollback())
		},
	},
	{
		Name: "a panic in Raw closes the connection", Reads: true,
		Want: []string{
			"recovered: here",
			"ping: sql: connection is already closed sql: connection is already closed",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			func() {
				defer func() { p.Say("recovered", recover()) }()
				_ = conn.Raw(func(any) error { panic("here") })
			}()
			p.Say("ping", conn.PingContext(ctx), conn.Close())
		},
	},
	{
		Name: "an error in Raw is the caller's, and a bad connection is dropped", Reads: true,
		Want: []string{
			"raw: sql: no rows in result set",
			"ping: nil",
			"raw: driver: bad connection",
			"close: sql: connection is already closed",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			p.Say("raw", conn.Raw(func(any) error { return sql.ErrNoRows }))
			p.Say("ping", conn.PingContext(ctx))
			p.Say("raw", conn.Raw(func(any) error { return sqldriver.ErrBadConn }))
			p.Say("close", conn.Close())
		},
	},
}
