package mysql_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

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
