package pgx_test

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/json"
	"math"
	"time"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

var values = []enginetest.Scenario{
	{
		Name: "arrays and ranges are scanned by pgtype's scanner", Reads: true,
		Want: []string{
			"scanned: []string([John Jane]) []int64([1 2 3 4 5 6]) []pgtype.ArrayDimension([{2 1} {3 1}]) pgtype.Range[github.com/jackc/pgx/v5/pgtype.Int4]({{1 true} {5 true} i e true})",
			"null: true",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			m := pgtype.NewMap()
			scan := func(query string, into any) {
				if err := p.DB.QueryRow(query).Scan(m.SQLScanner(into)); err != nil {
					p.Fatalf("%s: %v", query, err)
				}
			}
			var names []string
			scan("SELECT array['John', 'Jane']::text[]", &names)
			var matrix pgtype.Array[int64]
			scan("SELECT '{{1,2,3},{4,5,6}}'::bigint[]", &matrix)
			var span pgtype.Range[pgtype.Int4]
			scan("SELECT int4range(1, 5)", &span)
			p.Say("scanned", names, matrix.Elements, matrix.Dims, span)
			scan("SELECT null::text[]", &names)
			p.Say("null", names == nil)
		},
	},
	{
		Name: "values keep the types that database/sql knows", Reads: true,
		Want: []string{
			"row: true",
			"row: int64(42)",
			"row: int64(42)",
			"row: int64(42)",
			"row: float64(1.5)",
			"row: float64(1.5)",
			"row: 1.25",
			"row: int64(42)",
			"row: a",
			"row: a  ",
			"row: bytes(ab)",
			`row: bytes({"a": 1})`,
			"row: bytes(null)",
			"row: {1,2}",
			"row: time.Time(2026-09-07 00:00:00 +0000 UTC)",
			"row: time.Time(2026-09-07 01:02:03 +0000 UTC)",
			"row: time.Time(2026-09-07 01:02:03 +0000 UTC)",
			"row: 1 day",
			"row: 10.0.0.1",
			"row: 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
			"row: nil",
			"row: nil",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			for _, value := range []string{
				"true", "42::int2", "42::int4", "42::int8", "1.5::float4", "1.5::float8", "1.25::numeric", "42::oid",
				"'a'::text", "'a'::char(3)", "'\\x6162'::bytea", "'{\"a\":1}'::jsonb", "'null'::json", "array[1,2]",
				"'2026-09-07'::date", "'2026-09-07 01:02:03'::timestamp", "'2026-09-07 01:02:03+00'::timestamptz",
				"'1 day'::interval", "'10.0.0.1'::inet", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", "null::int", "null",
			} {
				p.Rows(p.DB, "SELECT "+value)
			}
		},
	},
	{
		Name: "what may be null is scanned", Reads: true,
		Want: []string{
			"scan: sql.NullString({a true}) sql.NullString({ false}) sql.Null[int64]({1 true}) sql.NullTime({2026-09-07 00:00:00 +0000 UTC true})",
			"scan: *fmt.wrapError",
			"scan: *string(<nil>)",
			"pointer: true",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			var text, none sql.NullString
			var number sql.Null[int64]
			var at sql.NullTime
			p.Scan("SELECT 'a', null, 1, '2026-09-07'::date", &text, &none, &number, &at)
			var plain string
			p.Scan("SELECT null::text", &plain)
			var pointer *string
			p.Scan("SELECT null::text", &pointer)
			p.Say("pointer", pointer == nil)
		},
	},
	{
		Name: "values are converted to what they are scanned into", Reads: true,
		Want: []string{
			"scan: true uint8(200) bytes(ab) time.Time(2026-09-07 00:00:00 +0000 UTC)",
			"scan: *fmt.wrapError",
			`message: {"a": 1} nil`,
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			var text string
			var number uint8
			var bytes []byte
			var at time.Time
			p.Scan("SELECT true, 200, 'ab'::text, '2026-09-07'::date", &text, &number, &bytes, &at)
			p.Scan("SELECT true, 300, 'ab'::text, '2026-09-07'::date", &text, &number, &bytes, &at)
			var message json.RawMessage
			err := p.DB.QueryRow(`SELECT '{"a": 1}'::json`).Scan(&message)
			p.Say("message", string(message), err)
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
			"i2: INT2 int16",
			"i4: INT4 int32",
			"i8: INT8 int64",
			"f4: FLOAT4 float32",
			"f8: FLOAT8 float64",
			"b: BOOL bool",
			"t: TEXT string length 9223372036854775807",
			"v: VARCHAR string length 10",
			"c: BPCHAR string length 3",
			"y: BYTEA []uint8 length 9223372036854775807",
			"n: NUMERIC float64 decimal 9,2",
			"vb: VARBIT string length 7",
			"z: TIMESTAMPTZ time.Time",
			"d: DATE time.Time",
			"j: JSONB string",
			"arr: _INT4 string",
			"iv: INTERVAL string",
			"id: INT4 int32",
			"a: TEXT string length 9223372036854775807",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.ColumnTypes(`SELECT 1::int2 AS i2, 1::int4 AS i4, 1::int8 AS i8, 1::float4 AS f4, 1::float8 AS f8, true AS b,
				'a'::text AS t, 'a'::varchar(10) AS v, 'a'::char(3) AS c, '\x00'::bytea AS y, 1::numeric(9,2) AS n, '1'::bit varying(7) AS vb,
				now() AS z, '2026-09-07'::date AS d, '{}'::jsonb AS j, array[1] AS arr, '1 day'::interval AS iv`)
			p.ColumnTypes("SELECT id, a FROM t WHERE false")
		},
	},
}

var arguments = []enginetest.Scenario{
	{
		Name: "named arguments and options in front of the arguments", Reads: true,
		Want: []string{
			"row: int64(3)",
			"row: int64(1) nil",
			"query: *fmt.wrapError",
			"row: int64(5)",
			"row: int64(5)",
			"row: int64(5)",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT @a::int + @b::int", jackc.NamedArgs{"a": 1, "b": 2})
			p.Rows(p.DB, "SELECT @a::int, @b::int", jackc.NamedArgs{"a": 1})
			p.Rows(p.DB, "SELECT @a::int, @b::int", jackc.StrictNamedArgs{"a": 1})
			p.Rows(p.DB, "SELECT $1::int", jackc.QueryExecModeSimpleProtocol, 5)
			p.Rows(p.DB, "SELECT $1::int", jackc.QueryResultFormats{0}, 5)
			p.Rows(p.DB, "SELECT $1::int", jackc.QueryResultFormatsByOID{pgtype.Int4OID: 0}, 5)
		},
	},
	{
		Name: "slices, structs and other values as arguments", Reads: true,
		Want: []string{
			"row: int64(1)",
			"row: int64(2)",
			"row: int64(3)",
			`row: bytes({"a": 1})`,
			`row: bytes({"a": 1})`,
			"row: nil int64(1)",
			"row: time.Time(1970-01-01 00:00:00 +0000 UTC)",
			"row: 18446744073709551615",
			"query: *fmt.wrapError",
			"row: aa",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT id FROM t WHERE a = any($1) ORDER BY id", []string{"one", "two"})
			p.Rows(p.DB, "SELECT cardinality($1::int[])", []int32{1, 2, 3})
			p.Rows(p.DB, "SELECT $1::jsonb", map[string]int{"a": 1})
			p.Rows(p.DB, "SELECT $1::jsonb", []byte(`{"a":1}`))
			p.Rows(p.DB, "SELECT $1::text, $2::int", sql.NullString{}, sql.Null[int]{V: 1, Valid: true})
			p.Rows(p.DB, "SELECT $1::timestamptz", time.Unix(0, 0).UTC())
			p.Rows(p.DB, "SELECT $1::numeric", uint64(math.MaxUint64))
			p.Rows(p.DB, "SELECT $1::int8", uint64(math.MaxUint64))
			p.Rows(p.DB, "SELECT $1::text", doubled("a"))
		},
	},
	{
		Name: "arguments that PostgreSQL has no use for", Reads: true,
		Want: []string{
			"row: int64(1)",
			"query: *fmt.wrapError",
			"query: *errors.errorString",
			"query: *errors.errorString",
			"query: *fmt.wrapError",
			"the same session",
		},
		Play: func(p *enginetest.Player) {
			p.Rows(p.DB, "SELECT $1::int", sql.Named("a", 1))
			p.Rows(p.DB, "SELECT $1::int", sql.Out{})
			p.Rows(p.DB, "SELECT $1::int")
			p.Rows(p.DB, "SELECT $1::int", 1, 2)
			p.Rows(p.DB, "SELECT $1::int", struct{ A int }{1})
		},
	},
}

// doubled is a driver.Valuer.
type doubled string

func (d doubled) Value() (sqldriver.Value, error) { return string(d + d), nil }
