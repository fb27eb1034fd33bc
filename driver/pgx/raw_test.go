package pgx_test

import (
	"database/sql"
	sqldriver "database/sql/driver"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

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
