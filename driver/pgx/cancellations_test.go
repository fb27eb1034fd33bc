package pgx_test

import (
	"context"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

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
