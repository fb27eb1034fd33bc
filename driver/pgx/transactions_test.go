package pgx_test

import (
	"database/sql"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

var transactions = []enginetest.Scenario{
	{
		Name: "isolation levels reach the server", Reads: true,
		Want: []string{
			"Default:",
			"row: read committed",
			"rollback: nil",
			"Read Uncommitted:",
			"row: read uncommitted",
			"rollback: nil",
			"Read Committed:",
			"row: read committed",
			"rollback: nil",
			"Write Committed: *errors.errorString",
			"Repeatable Read:",
			"row: repeatable read",
			"rollback: nil",
			"Snapshot:",
			"row: repeatable read",
			"rollback: nil",
			"Serializable:",
			"row: serializable",
			"rollback: nil",
			"Linearizable: *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
				tx, err := p.DB.BeginTx(ctx, &sql.TxOptions{Isolation: level})
				if err != nil {
					p.Say(level.String(), err)
					continue
				}
				p.Say(level.String())
				p.Rows(tx, "SHOW transaction_isolation")
				p.Say("rollback", tx.Rollback())
			}
		},
	},
	{
		Name: "a read-only transaction is the server's",
		Want: []string{
			"row: on",
			"exec: *pgconn.PgError 25006",
			"query: *pgconn.PrepareError 25P02",
			"commit: *errors.errorString sql: transaction has already been committed or rolled back sql: transaction has already been committed or rolled back",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(&sql.TxOptions{ReadOnly: true})
			p.Rows(tx, "SHOW transaction_read_only")
			p.Exec(tx, "INSERT INTO u (a) VALUES (61)")
			p.Rows(tx, "SELECT 1")
			p.Say("commit", tx.Commit(), tx.Commit(), tx.Rollback())
		},
	},
	{
		Name: "what is committed is there, and what is rolled back is not",
		Want: []string{
			"row: off",
			"exec: int64(1) nil int64(0) *errors.errorString",
			"exec: int64(1) nil int64(0) *errors.errorString",
			"commit: nil",
			"exec: int64(1) nil int64(0) *errors.errorString",
			"rollback: nil",
			"row: int64(62)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(nil)
			p.Rows(tx, "SHOW transaction_read_only")
			p.Exec(tx, "INSERT INTO u (a) VALUES (62)")
			p.Do(tx, "SAVEPOINT s")
			p.Exec(tx, "INSERT INTO u (a) VALUES (63)")
			p.Do(tx, "ROLLBACK TO s")
			p.Say("commit", tx.Commit())
			tx = p.Begin(nil)
			p.Exec(tx, "DELETE FROM u WHERE a = 62")
			p.Say("rollback", tx.Rollback())
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 60")
			p.Do(p.DB, "DELETE FROM u WHERE a > 60")
		},
	},
	{
		Name: "a transaction that failed on the server",
		Want: []string{
			"exec: *pgconn.PgError 23505",
			"exec: *pgconn.PgError 25P02",
			"query: *pgconn.PrepareError 25P02",
			"commit: *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(nil)
			p.Exec(tx, "INSERT INTO t VALUES (1, 'again')")
			p.Exec(tx, "INSERT INTO u (a) VALUES (64)")
			p.Rows(tx, "SELECT 1")
			p.Say("commit", tx.Commit())
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 60")
		},
	},
	{
		Name: "a transaction that is left open is dropped with its connection",
		Want: []string{
			"row: int64(1)",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "BEGIN")
			p.Rows(p.DB, "SELECT 1")
		},
	},
}
