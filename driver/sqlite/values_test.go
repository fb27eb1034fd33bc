package sqlite_test

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"math"
	"time"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

var values = []enginetest.Scenario{
	{
		Name: "values have the storage classes of SQLite", Reads: true,
		Want: []string{
			"row: int64(1) float64(1.5) a bytes(ab) nil int64(1) one",
			"row: int64(1) float64(1.5) a bytes(ab) nil int64(2) two",
			"id: INTEGER int64 nullable true",
			"a: TEXT string length 9223372036854775807 nullable true",
			"n:  int64 nullable true",
			"s:  string length 9223372036854775807 nullable true",
			"id: INTEGER <nil> nullable true",
			"a: TEXT <nil> nullable true",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT 1, 1.5, 'a', x'6162', NULL, id, a FROM t ORDER BY id")
			p.ColumnTypes("SELECT id, a, 1 AS n, 'a' AS s FROM t")
			p.ColumnTypes("SELECT id, a FROM t WHERE id = 0")
		},
	},
	{
		Name: "what may be null is scanned", Reads: true,
		Want: []string{
			"scan: sql.NullString({a true}) sql.NullString({ false}) sql.Null[int64]({1 true})",
			"scan: *fmt.wrapError",
			"scan: *errors.errorString",
		},
		Play: func(p *enginetest.Player) {
			var text, none sql.NullString
			var number sql.Null[int64]
			p.Scan("SELECT 'a', NULL, 1", &text, &none, &number)
			var plain string
			p.Scan("SELECT NULL", &plain)
			p.Scan("SELECT 1, 2", &plain)
		},
	},
	{
		Name: "named, numbered and plain arguments", Reads: true,
		Want: []string{
			"row: int64(1) two nil",
			"row: int64(2) int64(1)",
			"row: a bytes(b) int64(1) float64(1.5)",
			"row: 2026-09-07 01:02:03 +0000 UTC",
			"row: aa",
			"row: int64(9223372036854775807)",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT :a, @b, $c", sql.Named("a", 1), sql.Named("b", "two"), sql.Named("c", nil))
			p.Rows(p.DB, "SELECT ?2, ?1", 1, 2)
			p.Rows(p.DB, "SELECT ?, ?, ?, ?", "a", []byte("b"), true, 1.5)
			p.Rows(p.DB, "SELECT ?", time.Date(2026, 9, 7, 1, 2, 3, 0, time.UTC))
			p.Rows(p.DB, "SELECT ?", doubled("a"))
			p.Rows(p.DB, "SELECT ?", uint64(math.MaxInt64))
		},
	},
	{
		Name: "arguments that SQLite has no use for", Reads: true,
		Want: []string{
			"query: *fmt.wrapError",
			"query: *fmt.wrapError",
			"query: *fmt.wrapError",
			"query: *errors.errorString",
			"query: *errors.errorString",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT ?", uint64(math.MaxUint64))
			p.Rows(p.DB, "SELECT ?", sql.Out{})
			p.Rows(p.DB, "SELECT ?", []string{"a"})
			p.Rows(p.DB, "SELECT ?")
			p.Rows(p.DB, "SELECT :a", sql.Named("b", 1))
		},
	},
	{
		Name: "times are read where the column's type says so",
		Want: []string{
			"exec: int64(1) nil int64(1) nil",
			"row: time.Time(2026-09-07 01:02:03 +0000 UTC) time.Time(2026-09-07 01:02:03 +0000 UTC) time.Time(2026-09-07 01:02:03 +0000 UTC) 2026-09-07 01:02:03 +0000 UTC int64(1)",
			"day: DATE string length 9223372036854775807 nullable true",
			"at: DATETIME string length 9223372036854775807 nullable true",
			"stamp: TIMESTAMP string length 9223372036854775807 nullable true",
			"text: TEXT string length 9223372036854775807 nullable true",
			"flag: BOOLEAN bool nullable true",
		},
		Play: func(p *enginetest.Player) {
			p.Do(p.DB, "CREATE TABLE times (day DATE, at DATETIME, stamp TIMESTAMP, text TEXT, flag BOOLEAN)")
			at := time.Date(2026, 9, 7, 1, 2, 3, 0, time.UTC)
			p.Exec(p.DB, "INSERT INTO times VALUES (?, ?, ?, ?, ?)", at, at, at, at, true)
			p.Rows(p.DB, "SELECT * FROM times")
			p.ColumnTypes("SELECT * FROM times")
			p.Do(p.DB, "DROP TABLE times")
		},
	},
}

// doubled is a driver.Valuer.
type doubled string

func (d doubled) Value() (sqldriver.Value, error) { return string(d + d), nil }
