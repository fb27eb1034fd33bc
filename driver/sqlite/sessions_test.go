package sqlite_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

// endless yields rows for as long as anybody reads them.
const endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

// over is a context that is done.
func over() context.Context {
	done, cancel := context.WithCancel(ctx)
	cancel()
	return done
}

var sessions = []enginetest.Scenario{
	{
		Name: "isolation levels and read-only transactions",
		Want: []string{
			"Default: nil",
			"rollback: nil",
			"Read Uncommitted: nil",
			"rollback: nil",
			"Read Committed: nil",
			"rollback: nil",
			"Write Committed: nil",
			"rollback: nil",
			"Repeatable Read: nil",
			"rollback: nil",
			"Snapshot: nil",
			"rollback: nil",
			"Serializable: nil",
			"rollback: nil",
			"Linearizable: nil",
			"rollback: nil",
			"exec: int64(1) nil int64(9) nil",
			"rollback: nil sql: transaction has already been committed or rolled back",
		},
		Play: func(p *enginetest.Player) {
			for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
				tx, err := p.DB.BeginTx(ctx, &sql.TxOptions{Isolation: level})
				p.Say(level.String(), err)
				if err == nil {
					p.Say("rollback", tx.Rollback())
				}
			}
			tx := p.Begin(&sql.TxOptions{ReadOnly: true})
			p.Exec(tx, "INSERT INTO u (a) VALUES (61)")
			p.Say("rollback", tx.Rollback(), tx.Commit())
		},
	},
	{
		Name: "what is committed is there, and what is rolled back is not",
		Want: []string{
			"commit: nil",
			"rollback: nil",
			"row: int64(62)",
			"exec: int64(1) nil int64(10) nil",
		},
		Play: func(p *enginetest.Player) {
			tx := p.Begin(nil)
			p.Do(tx, "INSERT INTO u (a) VALUES (62)")
			p.Do(tx, "SAVEPOINT s")
			p.Do(tx, "INSERT INTO u (a) VALUES (63)")
			p.Do(tx, "ROLLBACK TO s")
			p.Say("commit", tx.Commit())
			tx = p.Begin(nil)
			p.Do(tx, "DELETE FROM u WHERE a = 62")
			p.Say("rollback", tx.Rollback())
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 60")
			p.Exec(p.DB, "DELETE FROM u WHERE a > 60")
		},
	},
	{
		Name: "a session's settings and tables stay on its connection",
		Want: []string{
			"row: int64(77)",
			"row: int64(0)",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "CREATE TEMP TABLE mine (a INT)")
			p.Do(p.DB, "PRAGMA cache_size = 77")
			p.Rows(p.DB, "PRAGMA cache_size")
			p.Rows(p.DB, "SELECT count(*) FROM mine")
		},
	},
	{
		Name: "a context that is done already", Reads: true,
		Want: []string{
			"exec: context canceled",
			"query: context canceled",
			"prepare: context canceled",
			"begin: context canceled",
			"ping: context canceled nil",
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
			p.Say("ping", conn.PingContext(over()), conn.PingContext(ctx))
		},
	},
	{
		Name: "a context that is cancelled while rows are read", Reads: true,
		Want: []string{
			"next: true",
			"rows: context canceled",
			"row: int64(1)",
			"row: int64(2)",
		},
		Play: func(p *enginetest.Player) {
			done, cancel := context.WithCancel(ctx)
			rows, err := p.DB.QueryContext(done, endless)
			if err != nil {
				p.Fatal(err)
			}
			p.Say("next", rows.Next())
			cancel()
			for rows.Next() {
			}
			p.Say("rows", rows.Err())
			p.Rows(p.DB, "SELECT id FROM t ORDER BY id")
		},
	},
	{
		Name: "rows that are not read to their end", Reads: true,
		Want: []string{
			"next: true false false",
			"closed: nil nil",
		},
		Play: func(p *enginetest.Player) {
			rows, err := p.DB.Query(endless)
			if err != nil {
				p.Fatal(err)
			}
			p.Say("next", rows.Next(), rows.NextResultSet(), rows.Next())
			p.Say("closed", rows.Close(), rows.Err())
		},
	},
	{
		Name: "a transaction whose context is cancelled keeps the connection's own tables",
		Want: []string{
			"row: int64(0)",
			"end: sql: transaction has already been committed or rolled back sql: transaction has already been committed or rolled back",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "CREATE TEMP TABLE mine (a INT)")
			done, cancel := context.WithCancel(ctx)
			tx, err := p.DB.BeginTx(done, nil)
			if err != nil {
				p.Fatal(err)
			}
			p.Do(tx, "INSERT INTO mine VALUES (71)")
			cancel()
			p.Rows(p.DB, "SELECT count(*) FROM mine") // which waits for the rollback
			p.Say("end", tx.Commit(), tx.Rollback())
		},
	},
	{
		Name: "a serialized database, below the guard", Reads: true,
		Want: []string{
			"serialized: SQLite format 3",
			"raw: nil",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			defer conn.Close()
			p.Say("raw", conn.Raw(func(c any) error {
				own, ok := driver.Find[interface{ Serialize() ([]byte, error) }](c)
				if !ok {
					p.Fatal("the driver's connection was not found")
				}
				data, err := own.Serialize()
				p.Say("serialized", string(data[:15]))
				return err
			}))
		},
	},
	{
		Name: "a panic and a bad connection in Raw", Reads: true,
		Want: []string{
			"recovered: here",
			"ping: sql: connection is already closed sql: connection is already closed",
			"raw: sql: no rows in result set",
			"raw: driver: bad connection sql: connection is already closed",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			func() {
				defer func() { p.Say("recovered", recover()) }()
				_ = conn.Raw(func(any) error { panic("here") })
			}()
			p.Say("ping", conn.PingContext(ctx), conn.Close())
			conn = p.Pinned()
			p.Say("raw", conn.Raw(func(any) error { return sql.ErrNoRows }))
			p.Say("raw", conn.Raw(func(any) error { return sqldriver.ErrBadConn }), conn.Close())
		},
	},
}
