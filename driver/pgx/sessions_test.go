package pgx_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
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

// over is a context that is done.
func over() context.Context {
	done, cancel := context.WithCancel(ctx)
	cancel()
	return done
}

// long is what a context is cancelled in.
const long = "SELECT pg_sleep(60)"

var cancellations = []enginetest.Scenario{
	{
		Name: "a context that is done already", Reads: true,
		Want: []string{
			"exec: driver: bad connection",
			"query: sql: connection is already closed",
			"prepare: sql: connection is already closed",
			"begin: sql: connection is already closed",
			"ping: sql: connection is already closed",
			"another session",
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
		Name: "a context that is done while a statement executes",
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
		Name: "a context that is done while a query executes",
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
		Name: "a context that is done while a prepared statement executes",
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
			rows, err := p.DB.QueryContext(done, "SELECT generate_series(1, 1000000)")
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
			"exec: int64(1) nil int64(0) *errors.errorString",
			"end: sql: transaction has already been committed or rolled back sql: transaction has already been committed or rolled back",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			done, cancel := context.WithCancel(ctx)
			tx, err := p.DB.BeginTx(done, nil)
			if err != nil {
				p.Fatal(err)
			}
			p.Exec(tx, "INSERT INTO u (a) VALUES (71)")
			cancel()
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 70") // which waits for the rollback
			p.Say("end", tx.Commit(), tx.Rollback())
		},
	},
}

var raw = []enginetest.Scenario{
	{
		Name: "a batch below the guard",
		Want: []string{
			"batch: INSERT 0 1 nil nil 1",
			"raw: nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			below(p, func(conn *jackc.Conn) error {
				batch := &jackc.Batch{}
				batch.Queue("INSERT INTO u (a) VALUES ($1)", 81)
				batch.Queue("SELECT count(*) FROM u WHERE a = $1", 81)
				results := conn.SendBatch(ctx, batch)
				tag, err := results.Exec()
				var n int
				p.Say("batch", tag.String(), err, results.QueryRow().Scan(&n), n)
				return results.Close()
			})
			p.Do(p.DB, "DELETE FROM u WHERE a > 80")
		},
	},
	{
		Name: "rows copied below the guard",
		Want: []string{
			"copied: int64(2)",
			"raw: nil",
			"row: int64(82)",
			"row: int64(83)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			below(p, func(conn *jackc.Conn) error {
				rows := jackc.CopyFromRows([][]any{{82}, {83}})
				n, err := conn.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, rows)
				p.Say("copied", n)
				return err
			})
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 80 ORDER BY a")
			p.Do(p.DB, "DELETE FROM u WHERE a > 80")
		},
	},
	{
		Name: "notifications are waited for below the guard",
		Want: []string{
			"notified: changes here",
			"raw: nil",
			"close: nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			p.Do(conn, "LISTEN changes")
			p.Do(conn, "NOTIFY changes, 'here'")
			p.Say("raw", conn.Raw(func(c any) error {
				own, _ := driver.Find[*stdlib.Conn](c)
				n, err := own.Conn().WaitForNotification(ctx)
				if err == nil {
					p.Say("notified", n.Channel, n.Payload)
				}
				return err
			}))
			p.Do(conn, "UNLISTEN *")
			p.Say("close", conn.Close())
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

// below runs f with pgx's own connection.
func below(p *enginetest.Player, f func(*jackc.Conn) error) {
	p.Helper()
	conn := p.Pinned()
	defer conn.Close()
	p.Say("raw", conn.Raw(func(c any) error {
		own, ok := driver.Find[*stdlib.Conn](c)
		if !ok {
			p.Fatal("pgx's connection was not found")
		}
		return f(own.Conn())
	}))
}
