package pgx_test

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

// ctx is what nothing is cancelled by.
var ctx = context.Background()

var statements = []enginetest.Scenario{
	{
		Name: "rows affected, and no last id",
		Want: []string{
			"exec: int64(3) nil int64(0) *errors.errorString",
			"exec: int64(2) nil int64(0) *errors.errorString",
			"exec: int64(3) nil int64(0) *errors.errorString",
			"exec: int64(0) nil int64(0) *errors.errorString",
			"exec: int64(0) nil int64(0) *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "INSERT INTO u (a) VALUES (21), (22), (23)")
			p.Exec(p.DB, "UPDATE u SET a = a WHERE a > $1", 21)
			p.Exec(p.DB, "DELETE FROM u WHERE a >= 21")
			p.Exec(p.DB, "CREATE TABLE other (a int)")
			p.Exec(p.DB, "DROP TABLE other")
		},
	},
	{
		Name: "rows of an insert",
		Want: []string{
			"row: int64(31)",
			"row: int64(32)",
			"row: int64(63)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "INSERT INTO u (a) VALUES (31), (32) RETURNING a")
			p.Rows(p.DB, "WITH gone AS (DELETE FROM u WHERE a > 30 RETURNING a) SELECT sum(a) FROM gone")
		},
	},
	{
		Name: "several statements in one text run without arguments only",
		Want: []string{
			"exec: int64(2) nil int64(0) *errors.errorString",
			"exec: *pgconn.PrepareError 42601",
			"exec: *pgconn.PgError 22012",
			"query: *pgconn.PrepareError 42601",
			"row: int64(41)",
			"row: int64(42)",
			"row: int64(43)",
			"exec: int64(3) nil int64(0) *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "INSERT INTO u (a) VALUES (41); INSERT INTO u (a) VALUES (42), (43)")
			p.Exec(p.DB, "INSERT INTO u (a) VALUES (44); INSERT INTO u (a) VALUES ($1)", 45)
			p.Exec(p.DB, "INSERT INTO u (a) VALUES (46); SELECT 1 / 0")
			p.Rows(p.DB, "SELECT 1; SELECT 2")
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 40 ORDER BY a")
			p.Exec(p.DB, "DELETE FROM u WHERE a > 40")
		},
	},
	{
		Name: "a query by Exec, a statement without rows by Query, and nothing at all", Reads: true,
		Want: []string{
			"exec: int64(2) nil int64(0) *errors.errorString",
			"exec: int64(0) nil int64(0) *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "SELECT id FROM t")
			p.Rows(p.DB, "SET application_name = 'other'")
			p.Exec(p.DB, "")
			p.Rows(p.DB, "-- nothing")
		},
	},
	{
		Name: "rows that are not read to their end", Reads: true,
		Want: []string{
			"next: true false false",
			"closed: nil nil",
			"no row: sql: no rows in result set",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			rows, err := p.DB.Query("SELECT generate_series(1, 100000)")
			if err != nil {
				p.Fatal(err)
			}
			p.Say("next", rows.Next(), rows.NextResultSet(), rows.Next())
			p.Say("closed", rows.Close(), rows.Err())
			var id int
			p.Say("no row", p.DB.QueryRow("SELECT id FROM t WHERE false").Scan(&id))
		},
	},
	{
		Name: "errors of the server, at once and behind rows", Reads: true,
		Want: []string{
			"query: *pgconn.PrepareError 42703",
			"row: int64(0)",
			"row: int64(1)",
			"rows: *pgconn.PgError 22012",
			"prepare: *pgconn.PrepareError 42P01",
			"exec: *pgconn.PgError 22012 true ERROR division by zero",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT nothing")
			p.Rows(p.DB, "SELECT 1 / (3 - n) FROM generate_series(1, 3) AS n")
			_, err := p.DB.Prepare("SELECT nothing FROM nowhere")
			p.Say("prepare", err)
			_, err = p.DB.Exec("SELECT 1 / 0")
			var fromServer *pgconn.PgError
			p.Say("exec", err, errors.As(err, &fromServer), fromServer.Severity, fromServer.Message)
		},
	},
	{
		Name: "errors of constraints, at once and at the commit",
		Want: []string{
			"exec: *pgconn.PgError 23505",
			"exec: int64(2) nil int64(0) *errors.errorString",
			"commit: *pgconn.PgError 23505",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "INSERT INTO t VALUES (1, 'again')")
			p.Do(p.DB, "CREATE TABLE late (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
			tx := p.Begin(nil)
			p.Exec(tx, "INSERT INTO late VALUES (1), (1)")
			p.Say("commit", tx.Commit())
			p.Do(p.DB, "DROP TABLE late")
		},
	},
	{
		Name: "a prepared statement, on several connections and after it was closed",
		Want: []string{
			"exec: int64(1) nil int64(0) *errors.errorString",
			"exec: int64(1) nil int64(0) *errors.errorString",
			"exec: int64(1) nil int64(0) *errors.errorString",
			"close: nil nil",
			"count: nil 3",
			"in a transaction: int64(1) nil int64(0) *errors.errorString",
			"rollback: nil nil 3",
			"closed: nil nil",
			"after that: *errors.errorString",
			"too few arguments: *errors.errorString",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			p.DB.SetMaxOpenConns(2)
			stmt := p.Prepare("INSERT INTO u (a) VALUES ($1)")
			query := p.Prepare("SELECT count(*) FROM u WHERE a > $1")
			again := p.Prepare("SELECT count(*) FROM u WHERE a > $1")
			conn := p.Pinned() // so that they are prepared once more
			for a := range 3 {
				result, err := stmt.Exec(51 + a)
				p.Result("exec", result, err)
			}
			p.Say("close", conn.Close(), query.Close())
			var n int
			p.Say("count", again.QueryRow(50).Scan(&n), n)
			tx := p.Begin(nil)
			result, err := tx.Stmt(stmt).Exec(54)
			p.Result("in a transaction", result, err)
			p.Say("rollback", tx.Rollback(), again.QueryRow(50).Scan(&n), n)
			p.Say("closed", stmt.Close(), again.Close())
			_, err = stmt.Exec(55)
			p.Say("after that", err)
			_, err = p.Prepare("SELECT $1::int").Query()
			p.Say("too few arguments", err)
			p.Do(p.DB, "DELETE FROM u WHERE a > 50")
		},
	},
	{
		Name: "a session's settings stay on its connection", Reads: true,
		Want: []string{
			"row: mine",
			"ping: nil",
			"row: mine",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			defer conn.Close()
			p.Do(conn, "SET application_name = 'mine'")
			p.Rows(conn, "SHOW application_name")
			p.Say("ping", conn.PingContext(ctx))
			p.Rows(conn, "SELECT current_setting('application_name')")
		},
	},
	{
		Name: "the driver's own errors of scanning", Reads: true,
		Want: []string{
			"scan: *fmt.wrapError",
			"scan: *errors.errorString",
			"columns: 2 b nil nil",
			"closed: *errors.errorString *errors.errorString false",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			var n int
			p.Scan("SELECT 'a'", &n)
			p.Scan("SELECT 1, 2", &n)
			var names []string
			rows, err := p.DB.Query("SELECT 1 AS a, 2 AS b")
			if err != nil {
				p.Fatal(err)
			}
			names, err = rows.Columns()
			p.Say("columns", len(names), names[1], err, rows.Close())
			_, err = rows.Columns()
			p.Say("closed", err, rows.Scan(&n), errors.Is(err, sql.ErrConnDone))
		},
	},
}
