package mysql_test

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/json"
	"math"
	"time"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

// everyType is a row of columns of many types.
const everyType = `SELECT CAST(1 AS SIGNED) AS big, CAST(18446744073709551615 AS UNSIGNED) AS ubig, CAST(1.50 AS DECIMAL(9,2)) AS d,
	CAST(1.5 AS DOUBLE) AS f, 'a' AS t, _binary'ab' AS b, CAST('2026-09-07' AS DATE) AS day, CAST('2026-09-07 01:02:03.5' AS DATETIME(1)) AS at,
	CAST('01:02:03' AS TIME) AS clock, NULL AS none, id, a FROM t WHERE id = 1`

// allTypes reads a row by text and, with an argument, in binary.
func allTypes(p *enginetest.Player) {
	p.Rows(p.DB, everyType)
	p.Rows(p.DB, everyType+" AND id = ?", 1)
}

var values = []enginetest.Scenario{
	{
		Name: "values by text and in binary", Reads: true,
		Want: []string{
			"row: int64(1) uint64(18446744073709551615) bytes(1.50) float64(1.5) bytes(a) bytes(ab) bytes(2026-09-07) bytes(2026-09-07 01:02:03.5) bytes(01:02:03) nil int64(1) bytes(one)",
			"row: int64(1) bytes(18446744073709551615) bytes(1.50) float64(1.5) bytes(a) bytes(ab) bytes(2026-09-07) bytes(2026-09-07 01:02:03.5) bytes(01:02:03) nil int64(1) bytes(one)",
			"the same session",
		},
		Play: allTypes,
	},
	{
		Name: "values, with interpolated arguments", Reads: true,
		Parameters: "interpolateParams=true",
		Want: []string{
			"row: int64(1) uint64(18446744073709551615) bytes(1.50) float64(1.5) bytes(a) bytes(ab) bytes(2026-09-07) bytes(2026-09-07 01:02:03.5) bytes(01:02:03) nil int64(1) bytes(one)",
			"row: int64(1) uint64(18446744073709551615) bytes(1.50) float64(1.5) bytes(a) bytes(ab) bytes(2026-09-07) bytes(2026-09-07 01:02:03.5) bytes(01:02:03) nil int64(1) bytes(one)",
			"the same session",
		},
		Play: allTypes,
	},
	{
		Name: "times are parsed where the DSN says so", Reads: true,
		Parameters: "parseTime=true&loc=Asia%2FTokyo",
		Want: []string{
			"row: int64(1) uint64(18446744073709551615) bytes(1.50) float64(1.5) bytes(a) bytes(ab) time.Time(2026-09-07 00:00:00 +0900 JST) time.Time(2026-09-07 01:02:03.5 +0900 JST) bytes(01:02:03) nil int64(1) bytes(one)",
			"row: int64(1) bytes(18446744073709551615) bytes(1.50) float64(1.5) bytes(a) bytes(ab) time.Time(2026-09-07 00:00:00 +0900 JST) time.Time(2026-09-07 01:02:03.5 +0900 JST) bytes(01:02:03) nil int64(1) bytes(one)",
			"scan: time.Time(2026-09-07 01:02:03 +0900 JST) sql.NullTime({0001-01-01 00:00:00 +0000 UTC false})",
			"row: time.Time(2026-09-07 10:02:03 +0900 JST)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			allTypes(p)
			var at time.Time
			var maybe sql.NullTime
			p.Scan("SELECT CAST('2026-09-07 01:02:03' AS DATETIME), CAST(NULL AS DATE)", &at, &maybe)
			p.Rows(p.DB, "SELECT CAST(? AS DATETIME)", time.Date(2026, 9, 7, 1, 2, 3, 0, time.UTC))
		},
	},
	{
		Name: "times are not parsed where it does not", Reads: true,
		Want: []string{
			"scan: *fmt.wrapError",
			"scan: 2026-09-07 01:02:03",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			var at time.Time
			p.Scan("SELECT CAST('2026-09-07 01:02:03' AS DATETIME)", &at)
			var text string
			p.Scan("SELECT CAST('2026-09-07 01:02:03' AS DATETIME)", &text)
		},
	},
	{
		Name: "what may be null is scanned", Reads: true,
		Want: []string{
			"scan: sql.NullString({a true}) sql.NullString({ false}) sql.Null[int64]({1 true})",
			"scan: *fmt.wrapError",
			"row: nil int64(1)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			var text, none sql.NullString
			var number sql.Null[int64]
			p.Scan("SELECT 'a', NULL, 1", &text, &none, &number)
			var plain string
			p.Scan("SELECT NULL", &plain)
			p.Rows(p.DB, "SELECT ?, ?", sql.NullString{}, sql.Null[int]{V: 1, Valid: true})
		},
	},
	{
		Name: "arguments of many types", Reads: true,
		Want: []string{
			"row: bytes(18446744073709551615) int64(-1) int64(1) float64(1.5)",
			`row: bytes(a) bytes(b) bytes({"a":1})`,
			"row: bytes(2026-09-07 01:02:03.000004) nil",
			"row: bytes(aa)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT ?, ?, ?, ?", uint64(math.MaxUint64), int8(-1), true, 1.5)
			p.Rows(p.DB, "SELECT ?, ?, ?", "a", []byte("b"), json.RawMessage(`{"a":1}`))
			p.Rows(p.DB, "SELECT ?, ?", time.Date(2026, 9, 7, 1, 2, 3, 4000, time.UTC), nil)
			p.Rows(p.DB, "SELECT ?", doubled("a"))
		},
	},
	{
		Name: "arguments that MySQL has no use for", Reads: true,
		Want: []string{
			"query: *errors.errorString",
			"query: *fmt.wrapError",
			"query: *fmt.wrapError",
			"query: *mysql.MySQLError 1064",
			"query: *errors.errorString",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT ?", sql.Named("a", 1))
			p.Rows(p.DB, "SELECT ?", sql.Out{})
			p.Rows(p.DB, "SELECT ?", []string{"a"})
			p.Rows(p.DB, "SELECT ?")
			p.Rows(p.DB, "SELECT ?", 1, 2)
		},
	},
	{
		Name: "raw bytes are valid until the next row", Reads: true,
		Want: []string{
			"raw: one",
			"raw: two",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			rows, err := p.DB.Query("SELECT a FROM t ORDER BY id")
			if err != nil {
				p.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var raw sql.RawBytes
				if err := rows.Scan(&raw); err != nil {
					p.Fatal(err)
				}
				p.Say("raw", string(raw))
			}
		},
	},
	{
		Name: "the types of columns", Reads: true,
		Want: []string{
			"big: INT int32 nullable false",
			"ubig: UNSIGNED BIGINT uint64 nullable false",
			"d: DECIMAL string decimal 9,2 nullable false",
			"f: DOUBLE sql.NullFloat64 decimal 9223372036854775807,9223372036854775807 nullable true",
			"t: VARCHAR string nullable false",
			"b: VARBINARY []uint8 nullable false",
			"day: DATE sql.NullTime nullable true",
			"at: DATETIME sql.NullTime decimal 1,1 nullable true",
			"clock: TIME sql.NullString decimal 0,0 nullable true",
			"none: NULL *interface {} nullable true",
			"id: INT int32 nullable false",
			"a: VARCHAR sql.NullString nullable true",
			"id: INT int32 nullable false",
			"a: VARCHAR sql.NullString nullable true",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.ColumnTypes(everyType)
			p.ColumnTypes("SELECT id, a FROM t WHERE id = 0")
		},
	},
	{
		Name: "the types of columns, with times parsed and aliases", Reads: true,
		Parameters: "parseTime=true&columnsWithAlias=true",
		Want: []string{
			"big: INT int32 nullable false",
			"ubig: UNSIGNED BIGINT uint64 nullable false",
			"d: DECIMAL string decimal 9,2 nullable false",
			"f: DOUBLE sql.NullFloat64 decimal 9223372036854775807,9223372036854775807 nullable true",
			"t: VARCHAR string nullable false",
			"b: VARBINARY []uint8 nullable false",
			"day: DATE sql.NullTime nullable true",
			"at: DATETIME sql.NullTime decimal 1,1 nullable true",
			"clock: TIME sql.NullString decimal 0,0 nullable true",
			"none: NULL *interface {} nullable true",
			"t.id: INT int32 nullable false",
			"t.a: VARCHAR sql.NullString nullable true",
			"the same session",
		},
		Play: func(p *enginetest.Player) { p.ColumnTypes(everyType) },
	},
}

// doubled is a driver.Valuer.
type doubled string

func (d doubled) Value() (sqldriver.Value, error) { return string(d + d), nil }
