package mysql_test

import (
	"database/sql"

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
