//lint:file-ignore SA1019 The driver documents a use of driver.Execer.

package mysql_test

import (
	"database/sql"
	sqldriver "database/sql/driver"

	gosql "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

var results = []enginetest.Scenario{
	{
		Name: "several statements need the DSN's leave", Reads: true,
		Want: []string{
			"query: *mysql.MySQLError 1064",
			"the same session",
		},
		Play: func(p *enginetest.Player) { p.Rows(p.DB, "SELECT 1; SELECT 2") },
	},
	{
		Name: "the results of several queries, read one after the other", Reads: true,
		Parameters: "multiStatements=true",
		Want: []string{
			"row: int64(1)",
			"row: bytes(a) int64(2)",
			"row: int64(1)",
			"row: int64(2)",
			"row: int64(1)",
			"rows: *mysql.MySQLError 1054",
			"query: *mysql.MySQLError 1064",
			"exec: int64(0) nil int64(0) nil",
			"left early: true true nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT 1; SELECT 'a', 2; SELECT id FROM t ORDER BY id")
			p.Rows(p.DB, "SELECT 1; SELECT nothing")
			p.Rows(p.DB, "SELECT 1; SELECT ?", 2)
			p.Exec(p.DB, "SELECT 1; SELECT 2")
			rows, err := p.DB.Query("SELECT 1; SELECT 2; SELECT 3")
			if err != nil {
				p.Fatal(err)
			}
			p.Say("left early", rows.NextResultSet(), rows.Next(), rows.Close())
		},
	},
	{
		Name: "several statements with interpolated arguments", Reads: true,
		Parameters: "multiStatements=true&interpolateParams=true",
		Want: []string{
			"row: int64(1)",
			"row: bytes(a)",
			"the same session",
		},
		Play: func(p *enginetest.Player) { p.Rows(p.DB, "SELECT ?; SELECT ?", 1, "a") },
	},
	{
		Name:       "several statements that write",
		Parameters: "multiStatements=true",
		Want: []string{
			"exec: int64(2) nil int64(0) nil",
			"row: int64(2)",
			"row: int64(1)",
			"exec: *mysql.MySQLError 1062",
			"exec: int64(1) nil int64(0) nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Exec(p.DB, "UPDATE u SET a = 2; INSERT INTO t VALUES (95, 'x'), (96, 'y')")
			p.Rows(p.DB, "DELETE FROM t WHERE id > 90; SELECT count(*) FROM t; UPDATE u SET a = 1; SELECT a FROM u")
			p.Exec(p.DB, "INSERT INTO t VALUES (97, 'x'); INSERT INTO t VALUES (97, 'y')")
			p.Exec(p.DB, "DELETE FROM t WHERE id > 90")
		},
	},
	{
		Name:       "all results of several statements, by the documented way",
		Parameters: "multiStatements=true",
		Want: []string{
			"all: []int64([1 2]) []int64([1 2])",
			"raw: nil",
			"close: nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "CREATE TABLE many (id int AUTO_INCREMENT PRIMARY KEY, a int)")
			conn := p.Pinned()
			p.Say("raw", conn.Raw(func(c any) error {
				result, err := c.(sqldriver.Execer).Exec("INSERT INTO many (a) VALUES (1); INSERT INTO many (a) VALUES (2), (3)", nil)
				if err != nil {
					return err
				}
				all := result.(gosql.Result)
				p.Say("all", all.AllRowsAffected(), all.AllLastInsertIds())
				return nil
			}))
			p.Say("close", conn.Close())
			p.Do(p.DB, "DROP TABLE many")
		},
	},
	{
		Name: "a procedure's results",
		Want: []string{
			"row: int64(1)",
			"row: int64(2)",
			"exec: int64(0) nil int64(0) nil",
			"scan: sql.NullInt64({1 true})",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "CALL two()")
			p.Exec(p.DB, "CALL two()")
			var one sql.NullInt64
			p.Scan("CALL two()", &one)
		},
	},
}
