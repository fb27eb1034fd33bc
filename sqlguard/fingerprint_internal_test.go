package sqlguard

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

func TestAFingerprintIsWhatStatementsHaveInCommonThatDifferInValues(t *testing.T) {
	for _, tt := range []struct {
		says    string
		dialect lex.Dialect
		sql     string
		want    string
	}{
		{"literals become holes", lex.Postgres, `UPDATE t SET a = 'x', b = 1.5e3 WHERE c = E'\'' AND d = $$y$$`, `UPDATE t SET a = ?, b = ? WHERE c = ? AND d = ?`},
		{"so do placeholders", lex.Postgres, `UPDATE t SET a = $1 WHERE b = $2`, `UPDATE t SET a = ? WHERE b = ?`},
		{"of every form", lex.SQLite, `UPDATE t SET a = ?1, b = :b, c = @c, d = $d`, `UPDATE t SET a = ?, b = ?, c = ?, d = ?`},
		{"and variables", lex.MySQL, "UPDATE t SET a = @v, b = @'w', c = @`x`, d = @@global.y", "UPDATE t SET a = ?, b = ?, c = ?, d = ?.y"},
		{"comments are gone", lex.Postgres, "DELETE /* by /* hand */ */ FROM t -- now\nWHERE a", `DELETE FROM t WHERE a`},
		{"white space is one space", lex.Postgres, " DELETE\n\tFROM  t ;  ", `DELETE FROM t`},
		{"a list is one hole", lex.Postgres, `DELETE FROM t WHERE a IN (1,'b' , $3)`, `DELETE FROM t WHERE a IN (?)`},
		{"so are rows of lists", lex.Postgres, `INSERT INTO t(a,b) VALUES (1, 2),( 3 ,4), (5, 6) ON CONFLICT DO NOTHING`, `INSERT INTO t(a, b) VALUES (?) ON CONFLICT DO NOTHING`},
		{"a sign belongs to its number", lex.Postgres, `INSERT INTO t VALUES (-1, + 2, 3)`, `INSERT INTO t VALUES (?)`},
		{"but not where it subtracts", lex.Postgres, `UPDATE t SET a = a - 1, b = (c)-2`, `UPDATE t SET a = a - ?, b = (c)-?`},
		{"null and truth are values too", lex.Postgres, `UPDATE t SET a = NULL, b = true WHERE c IS NOT NULL`, `UPDATE t SET a = ?, b = ? WHERE c IS NOT NULL`},
		{"not as columns", lex.Postgres, `UPDATE t SET a = t.null`, `UPDATE t SET a = t.null`},
		{"names stay as they are", lex.Postgres, `INSERT INTO "Order Lines" ("Id") SELECT x::int FROM s.u`, `INSERT INTO "Order Lines" ("Id") SELECT x::int FROM s.u`},
		{"in MySQL's quotes", lex.MySQL, "INSERT INTO `order lines` VALUES (\"x\")", "INSERT INTO `order lines` VALUES (?)"},
		{"in SQLite's, where they must be names", lex.SQLite, `UPDATE "t" SET "t"."b" = [c] WHERE "t".d = "secret"`, `UPDATE "t" SET "t"."b" = [c] WHERE "t".d = ?`},
		{"a from that compares names nothing", lex.SQLite, `DELETE FROM "t" WHERE a IS DISTINCT FROM "secret"`, `DELETE FROM "t" WHERE a IS DISTINCT FROM ?`},
		{"what a setting is set to is a value", lex.SQLite, `PRAGMA key = hunter2`, `PRAGMA key = ?`},
		{"with or without quotes", lex.Postgres, `SET search_path TO tenant_42; DELETE FROM t`, `SET search_path TO ?; DELETE FROM t`},
		{"an executable comment may be one", lex.MySQL, `INSERT /*!50000 secret 5 */ INTO t VALUES (1)`, `INSERT /*!*/ INTO t VALUES (?)`},
		{"what begins with a digit may be a number", lex.MySQL, `UPDATE t SET a = 1b2c`, `UPDATE t SET a = ?`},
		{"a break in a name is a space", lex.Postgres, "DELETE FROM \"a\nb\"", `DELETE FROM "a b"`},
		{"an operator stays", lex.Postgres, `UPDATE t SET a = b ? 'c', d = e ?| 'f'`, `UPDATE t SET a = b ? ?, d = e ?| ?`},
	} {
		if got, certain := fingerprint(tt.dialect, tt.sql); got != tt.want || !certain {
			t.Errorf("%s: %s\n got %s (certain: %t)\nwant %s", tt.says, tt.sql, got, certain, tt.want)
		}
	}
}

func TestAFingerprintEndsWhereValuesAndNamesCannotBeToldApart(t *testing.T) {
	for _, tt := range []struct {
		says    string
		dialect lex.Dialect
		sql     string
		want    string
	}{
		{"a string without an end", lex.Postgres, `DELETE FROM t WHERE a = 'secret`, `DELETE FROM t WHERE a =`},
		{"a dollar quote without an end", lex.Postgres, `DELETE FROM t WHERE a = $x$secret`, `DELETE FROM t WHERE a =`},
		{"a backslash before a quote in PostgreSQL", lex.Postgres, `UPDATE t SET a = 'x\', b = ' secret '`, `UPDATE t SET a =`},
		{"a backslash before a quote in MySQL", lex.MySQL, `UPDATE t SET a = 'x\', b = ' secret ', c = '\', d = '`, `UPDATE t SET a =`},
		{"the same with the other quotes", lex.MySQL, `UPDATE t SET a = "x\", b = " secret`, `UPDATE t SET a =`},
		{"a dollar quote in MySQL", lex.MySQL, `UPDATE t SET a = $$secret$$`, `UPDATE t SET a =`},
		{"a letter behind a number", lex.SQLite, `UPDATE t SET a = 1secret`, `UPDATE t SET a =`},
		{"a NUL byte", lex.SQLite, "UPDATE t SET a = 1\x00secret", ``},
	} {
		if got, certain := fingerprint(tt.dialect, tt.sql); got != tt.want || certain {
			t.Errorf("%s: got %q (certain: %t), want %q", tt.says, got, certain, tt.want)
		}
	}
}

func TestAFingerprintIsShortHoweverLongTheTextIs(t *testing.T) {
	for says, sql := range map[string]string{
		"many columns":      "INSERT INTO t (" + strings.Repeat("column, ", 10_000) + "x) VALUES (1)",
		"a long name":       `DELETE FROM "` + strings.Repeat("n", 1<<20) + `"`,
		"a name of umlauts": `DELETE FROM "` + strings.Repeat("ü", 1<<18) + `"`,
		"many values":       "INSERT INTO t VALUES " + strings.Repeat("(1, f()), ", 100_000) + "(1)",
		"a long list":       "DELETE FROM t WHERE a IN (" + strings.Repeat("1, ", 100_000) + "1)",
		"many statements":   strings.Repeat("DELETE FROM t; ", 10_000),
	} {
		got, certain := fingerprint(lex.Postgres, sql)
		if len(got) > maxFingerprint || !certain || !strings.HasSuffix(got, elided) || strings.ToValidUTF8(got, "!") != got {
			t.Errorf("%s: %d bytes, certain: %t, %q", says, len(got), certain, got)
		}
	}
}
