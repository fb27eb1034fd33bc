package mysql_test

import (
	"io"
	"strings"

	gosql "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

// affected counts rows that an update changes, and that it only finds.
func affected(p *enginetest.Player) {
	p.Do(p.DB, "CREATE TABLE counted (id int AUTO_INCREMENT PRIMARY KEY, a int)")
	p.Exec(p.DB, "INSERT INTO counted (a) VALUES (1), (2), (3)")
	p.Exec(p.DB, "INSERT INTO counted (a) VALUES (?)", 4)
	p.Exec(p.DB, "UPDATE counted SET a = 3 WHERE a > 1")
	p.Exec(p.DB, "UPDATE counted SET a = ? WHERE a > ?", 3, 1)
	p.Exec(p.DB, "DELETE FROM counted")
	p.Exec(p.DB, "DROP TABLE counted")
}

var statements = []enginetest.Scenario{
	{
		Name: "rows affected are those that changed",
		Want: []string{
			"exec: int64(3) nil int64(1) nil",
			"exec: int64(1) nil int64(4) nil",
			"exec: int64(2) nil int64(0) nil",
			"exec: int64(0) nil int64(0) nil",
			"exec: int64(4) nil int64(0) nil",
			"exec: int64(0) nil int64(0) nil",
			"the same session",
		},
		Play: affected,
	},
	{
		Name:       "rows affected are those that were found, where the DSN says so",
		Parameters: "clientFoundRows=true",
		Want: []string{
			"exec: int64(3) nil int64(1) nil",
			"exec: int64(1) nil int64(4) nil",
			"exec: int64(3) nil int64(0) nil",
			"exec: int64(3) nil int64(0) nil",
			"exec: int64(4) nil int64(0) nil",
			"exec: int64(0) nil int64(0) nil",
			"the same session",
		},
		Play: affected,
	},
	{
		Name:       "rows affected, with interpolated arguments",
		Parameters: "interpolateParams=true",
		Want: []string{
			"exec: int64(3) nil int64(1) nil",
			"exec: int64(1) nil int64(4) nil",
			"exec: int64(2) nil int64(0) nil",
			"exec: int64(0) nil int64(0) nil",
			"exec: int64(4) nil int64(0) nil",
			"exec: int64(0) nil int64(0) nil",
			"the same session",
		},
		Play: affected,
	},
	{
		Name: "a query by Exec, a statement without rows by Query, and nothing at all", Reads: true,
		Want: []string{
			"exec: int64(0) nil int64(0) nil",
			"exec: *mysql.MySQLError 1065",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "SELECT id FROM t")
			p.Rows(p.DB, "SET @a = 1")
			p.Exec(p.DB, "")
			p.Rows(p.DB, "-- nothing")
		},
	},
	{
		Name: "errors of the server", Reads: true,
		Want: []string{
			"query: *mysql.MySQLError 1054",
			"exec: *mysql.MySQLError 1054",
			"prepare: *mysql.MySQLError 1054",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT nothing")
			p.Exec(p.DB, "SELECT nothing")
			_, err := p.DB.Prepare("SELECT nothing")
			p.Say("prepare", err)
		},
	},
	{
		Name: "a prepared statement, on several connections and after it was closed",
		Want: []string{
			"exec: nil",
			"rows: int64(1) nil",
			"exec: nil",
			"rows: int64(1) nil",
			"exec: nil",
			"rows: int64(1) nil",
			"close: nil",
			"in a transaction: nil nil",
			"count: nil 3",
			"too few arguments: *errors.errorString",
			"closed: nil nil",
			"after that: *errors.errorString",
			"another session",
		},
		Play: func(p *enginetest.Player) {
			p.DB.SetMaxOpenConns(2)
			stmt := p.Prepare("INSERT INTO u (a) VALUES (?)")
			count := p.Prepare("SELECT count(*) FROM u WHERE a > ?")
			conn := p.Pinned() // so that they are prepared once more
			for a := range 3 {
				result, err := stmt.Exec(51 + a)
				p.Say("exec", err)
				n, err := result.RowsAffected()
				p.Say("rows", n, err)
			}
			p.Say("close", conn.Close())
			tx := p.Begin(nil)
			_, err := tx.Stmt(stmt).Exec(54)
			p.Say("in a transaction", err, tx.Rollback())
			var n int
			p.Say("count", count.QueryRow(50).Scan(&n), n)
			_, err = stmt.Exec()
			p.Say("too few arguments", err)
			p.Say("closed", stmt.Close(), count.Close())
			_, err = stmt.Exec(55)
			p.Say("after that", err)
			p.Do(p.DB, "DELETE FROM u WHERE a > 50")
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
			rows, err := p.DB.Query("SELECT seq FROM seq_1_to_100000")
			if err != nil {
				p.Fatal(err)
			}
			p.Say("next", rows.Next(), rows.NextResultSet(), rows.Next())
			p.Say("closed", rows.Close(), rows.Err())
			var id int
			p.Say("no row", p.DB.QueryRow("SELECT id FROM t WHERE id = 0").Scan(&id))
		},
	},
	{
		Name: "a session's settings stay on its connection", Reads: true,
		Want: []string{
			"ping: nil",
			"row: int64(7)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			conn := p.Pinned()
			defer conn.Close()
			p.Do(conn, "SET @mine = 7")
			p.Say("ping", conn.PingContext(ctx))
			p.Rows(conn, "SELECT @mine")
		},
	},
	{
		Name: "rows are loaded from a reader, which is closed",
		Want: []string{
			"exec: int64(2) nil int64(0) nil",
			"closed: 1",
			"exec: *errors.errorString",
			"exec: int64(2) nil int64(0) nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			r := &closed{Reader: strings.NewReader("91\tninety-one\n92\tninety-two\n")}
			gosql.RegisterReaderHandler("scenario", func() io.Reader { return r })
			defer gosql.DeregisterReaderHandler("scenario")
			p.Exec(p.DB, "LOAD DATA LOCAL INFILE 'Reader::scenario' INTO TABLE t")
			p.Say("closed", r.times)
			p.Exec(p.DB, "LOAD DATA LOCAL INFILE 'Reader::nobody' INTO TABLE t")
			p.Exec(p.DB, "DELETE FROM t WHERE id > 90")
		},
	},
}

// closed is a reader that counts how often it is closed.
type closed struct {
	io.Reader
	times int
}

func (c *closed) Close() error { c.times++; return nil }
