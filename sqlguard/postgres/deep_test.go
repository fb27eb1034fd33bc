package postgres_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// Each of these would end the process if it reached the parser, or come close.
func TestTextsThatNestOrChainTooDeepAreWrites(t *testing.T) {
	const many = 100_000
	chain := func(link string) string { return strings.Repeat(link, many) }
	for name, text := range map[string]string{
		"brackets":           "SELECT " + strings.Repeat("(", many) + "1" + strings.Repeat(")", many),
		"open brackets":      "SELECT " + strings.Repeat("(", many),
		"array brackets":     "SELECT " + strings.Repeat("ARRAY[", many) + "1" + strings.Repeat("]", many),
		"subscripts":         "SELECT a" + strings.Repeat("[1", many) + strings.Repeat("]", many),
		"subqueries":         "SELECT " + strings.Repeat("(SELECT ", many) + "1" + strings.Repeat(")", many),
		"calls":              "SELECT " + strings.Repeat("abs(", many) + "1" + strings.Repeat(")", many),
		"CASE":               "SELECT " + strings.Repeat("CASE WHEN true THEN ", many) + "1" + strings.Repeat(" END", many),
		"WITH":               strings.Repeat("WITH a AS (", many) + "SELECT 1" + strings.Repeat(") SELECT 1", many),
		"sums":               "SELECT 1" + chain("+1"),
		"130 kB of sums":     "SELECT 1" + strings.Repeat("+1", 65_000),
		"powers":             "SELECT 1" + chain("^1"),
		"concatenations":     "SELECT 'a'" + chain("||'b'"),
		"casts":              "SELECT 1" + chain("::int"),
		"COLLATE":            "SELECT 'a'" + chain(` COLLATE "C"`),
		"IS NULL":            "SELECT 1" + chain(" IS NULL"),
		"ISNULL":             "SELECT 1" + chain(" ISNULL"),
		"IS NOT TRUE":        "SELECT 1" + chain(" IS NOT TRUE"),
		"AT TIME ZONE":       "SELECT now()" + chain(" AT TIME ZONE 'UTC'"),
		"NOT":                "SELECT " + chain("NOT ") + "true",
		"minus signs":        "SELECT " + chain("- ") + "1",
		"user operators":     "SELECT " + chain("@#@ ") + "1",
		"LIKE":               "SELECT 'a'" + chain(" LIKE 'a'"),
		"UNION":              "SELECT 1" + chain(" UNION SELECT 1"),
		"EXCEPT ALL":         "SELECT 1" + chain(" EXCEPT ALL SELECT 1"),
		"JOIN":               "SELECT 1 FROM a" + chain(" JOIN a ON true"),
		"NATURAL JOIN":       "SELECT 1 FROM a" + chain(" NATURAL JOIN a"),
		"CROSS JOIN":         "SELECT 1 FROM a" + chain(" CROSS JOIN a"),
		"BETWEEN":            "SELECT 1" + chain(" BETWEEN 1 AND 2"),
		"OPERATOR":           "SELECT 1" + chain(" OPERATOR(pg_catalog.+) 1"),
		"IN":                 "SELECT 1" + chain(" IN (1)"),
		"EXPLAIN":            chain("EXPLAIN ") + "SELECT 1",
		"a text of 2 MiB":    "SELECT '" + strings.Repeat("x", 2<<20) + "'",
		"chains in brackets": "SELECT " + strings.Repeat("(1+1+1+", many) + "1" + strings.Repeat(")", many),
	} {
		if v := (postgres.Dialect{}).Classify(text); v.Class != sqlguard.Write || v.Op != sqlguard.OpUnknown {
			t.Errorf("%s: %v %v (%s), want write UNKNOWN", name, v.Class, v.Op, v.Why)
		}
	}
}

// Comments must not hide what stands between them, however many there are.
func TestManyCommentsHideNothing(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want sqlguard.Class
	}{
		"before a read":      {strings.Repeat("/**/", 20_000) + "SELECT count(*), pg_catalog.lower('a') FROM t", sqlguard.Read},
		"before a write":     {strings.Repeat("/**/", 20_000) + "WITH d AS (DELETE FROM t) SELECT 1", sqlguard.Write},
		"within each other":  {strings.Repeat("/*", 20_000) + strings.Repeat("*/", 20_000) + "DROP TABLE t", sqlguard.Schema},
		"between all tokens": {"SELECT" + strings.Repeat("/*/**/*/", 100) + "nextval/**/('s') -- x", sqlguard.Write},
		"in a string":        {"SELECT pg_catalog.lower('" + strings.Repeat("/*", 100) + "'), f()", sqlguard.Unproven},
		"between strings":    {"SELECT f('a' -- " + strings.Repeat("/*", 100) + "\n 'b')", sqlguard.Unproven},
	} {
		if v := (postgres.Dialect{}).Classify(c.text); v.Class != c.want {
			t.Errorf("%s: %v (%s), want %v", name, v.Class, v.Why, c.want)
		}
	}
}

// What people and query builders write is far below the bounds.
func TestLongListsPass(t *testing.T) {
	for name, text := range map[string]string{
		"IN":        "SELECT 1 WHERE 1 IN (1" + strings.Repeat(",1", 50_000) + ")",
		"VALUES":    "VALUES (1,2)" + strings.Repeat(",(1,2)", 20_000),
		"AND":       "SELECT 1 WHERE true" + strings.Repeat(" AND a = 1", 20_000),
		"OR":        "SELECT 1 WHERE true" + strings.Repeat(" OR a = 1", 20_000),
		"columns":   "SELECT 1" + strings.Repeat(", a+b*c", 10_000),
		"stacked":   strings.Repeat("SELECT 1;", 10_000),
		"ten joins": "SELECT 1 FROM a" + strings.Repeat(" LEFT JOIN b ON a.x = b.x AND b.y IS NOT NULL", 10),
		"20 unions": "SELECT 1" + strings.Repeat(" UNION ALL SELECT a FROM t WHERE a = 1", 20),
	} {
		if v := (postgres.Dialect{}).Classify(text); v.Class != sqlguard.Read {
			t.Errorf("%s: %v (%s), want read", name, v.Class, v.Why)
		}
	}
}
