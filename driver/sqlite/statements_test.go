package sqlite_test

import "github.com/quiescehq/quiesce/driver/internal/enginetest"

var statements = []enginetest.Scenario{
	{
		Name: "rows affected and the last id",
		Want: []string{
			"exec: int64(3) nil int64(3) nil",
			"exec: int64(1) nil int64(4) nil",
			"exec: int64(3) nil int64(4) nil",
			"row: int64(5) int64(5)",
			"row: int64(6) int64(6)",
			"exec: int64(6) nil int64(6) nil",
			"exec: int64(6) nil int64(6) nil",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT)")
			p.Exec(p.DB, "INSERT INTO counted (a) VALUES (1), (2), (3)")
			p.Exec(p.DB, "INSERT INTO counted (a) VALUES (?)", 4)
			p.Exec(p.DB, "UPDATE counted SET a = a WHERE a > 1")
			p.Rows(p.DB, "INSERT INTO counted (a) VALUES (5), (6) RETURNING id, a")
			p.Exec(p.DB, "DELETE FROM counted")
			p.Exec(p.DB, "DROP TABLE counted")
		},
	},
	{
		Name: "several statements in one text",
		Want: []string{
			"exec: int64(2) nil int64(4) nil",
			"exec: *sqlite.Error",
			"row: int64(41)",
			"row: int64(42)",
			"row: int64(43)",
			"row: int64(46)",
			"row: int64(2)",
			"exec: int64(4) nil int64(5) nil",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "INSERT INTO u (a) VALUES (41); INSERT INTO u (a) VALUES (42), (43)")
			p.Exec(p.DB, "INSERT INTO u (a) VALUES (46); SELECT nothing")
			p.Rows(p.DB, "SELECT a FROM u WHERE a > 40 ORDER BY a")
			p.Rows(p.DB, "SELECT 1; SELECT 2")
			p.Exec(p.DB, "DELETE FROM u WHERE a > 40")
		},
	},
	{
		Name: "a query by Exec, a statement without rows by Query, and nothing at all", Reads: true,
		Want: []string{
			"exec: int64(0) nil int64(0) nil",
			"exec: int64(0) nil int64(0) nil",
			"nothing: nil",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "SELECT id FROM t")
			conn := p.Pinned()
			p.Rows(conn, "SAVEPOINT s")
			p.Exec(conn, "RELEASE s")
			conn.Close()
			_, err := p.DB.Exec("") // the driver's result is nil
			p.Say("nothing", err)
			p.Rows(p.DB, "-- nothing")
		},
	},
	{
		Name: "errors of the engine",
		Want: []string{
			"query: *sqlite.Error",
			"exec: *sqlite.Error",
			"prepare: *sqlite.Error",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT nothing")
			p.Exec(p.DB, "INSERT INTO t VALUES (1, 'again')")
			_, err := p.DB.Prepare("SELECT nothing")
			p.Say("prepare", err)
		},
	},
	{
		Name: "a prepared statement, and after it was closed",
		Want: []string{
			"exec: nil",
			"rows: int64(1) nil",
			"exec: nil",
			"rows: int64(1) nil",
			"exec: nil",
			"rows: int64(1) nil",
			"in a transaction: nil nil",
			"too few arguments: *errors.errorString nil",
			"after that: *errors.errorString",
			"exec: int64(3) nil int64(9) nil",
		},
		Play: func(p *enginetest.Player) {
			stmt := p.Prepare("INSERT INTO u (a) VALUES (?)")
			for a := range 3 {
				result, err := stmt.Exec(51 + a)
				p.Say("exec", err)
				n, err := result.RowsAffected()
				p.Say("rows", n, err)
			}
			tx := p.Begin(nil)
			_, err := tx.Stmt(stmt).Exec(54)
			p.Say("in a transaction", err, tx.Rollback())
			_, err = stmt.Exec()
			p.Say("too few arguments", err, stmt.Close())
			_, err = stmt.Exec(55)
			p.Say("after that", err)
			p.Exec(p.DB, "DELETE FROM u WHERE a > 50")
		},
	},
}
