package mysql_test

import (
	"reflect"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// ordinary are texts as applications send them, all of which the fast path has to take.
var ordinary = []string{
	"SELECT id, name FROM users WHERE id = ? LIMIT 1",
	"SELECT `u`.`id`, COUNT(*) AS n FROM `users` AS `u` LEFT JOIN orders o ON o.user_id = u.id GROUP BY u.id HAVING n > 3 ORDER BY n DESC LIMIT 10, 20",
	"SELECT coalesce(sum(amount), 0.00) FROM payments WHERE created_at >= NOW() - INTERVAL 1 DAY AND state IN ('paid', 'it''s')",
	"-- name: GetUser :one\nselect a.* from a where a.b like 'x\\%' and c <=> null -- done\n;",
	"SELECT /* page 3 */ DISTINCT a->>'$.b' FROM t WHERE NOT (a = 1.5 OR b - 1 < -2) # why\n UNION ALL SELECT 1",
	"SELECT t.update, t.`into` FROM t",
	"INSERT INTO `orders` (`id`, user_id, `for`) VALUES (?, ?, NOW()), (1, 'a\\nb', NULL);",
	"insert ignore into shop.orders values (1, default, 'x', '{\"a\": 1}')",
	"INSERT INTO t SET a = 1, b = 'x'",
	"INSERT INTO t (a) SELECT b FROM u WHERE c = 1",
	"INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE b = VALUES(b), a = LEAST(a, 1)",
	"REPLACE INTO t () VALUES ()",
	"UPDATE users SET last_seen = NOW(), n = n + 1 WHERE id = 5",
	"UPDATE LOW_PRIORITY `a`.`b` x SET x.c = (SELECT max(d) FROM e) WHERE f = 'g' ORDER BY h LIMIT 1",
	"DELETE FROM sessions WHERE expires < UNIX_TIMESTAMP() LIMIT 100",
	"delete from a.b",
}

// others are texts that the fast path must leave to the parser, or take as it does.
var others = []string{
	"SELECT 1 FROM t FOR UPDATE", "SELECT a INTO @b", "SELECT f()", "SELECT `count`(1)", "SELECT count (1)", "SELECT db.count(1)", "SELECT a.in(1)",
	"SELECT 1 INTO OUTFILE 'x'", "SELECT s.nextval", "SELECT s.`NEXTVAL`", "SELECT NEXT VALUE FOR s", "SELECT 'a\\'; DELETE FROM t; -- '", "SELECT 'a\\\\'",
	"SELECT \"a\"", "SELECT a\xa0FROM t", "SELECT 1; SELECT 2", "SELECT 1 /*! + 1 */", "SELECT /*M! 1 */", "SELECT /*+ x */ 1", "SELECT 1 --1", "SELECT 1 --\n", "SELECT x'41', N'a', b'1', n'a\\'",
	"SELECT 0x41, 1e5, .5, 1., t.1a, 1a", "SELECT @a := 1", "SELECT {d '2024-01-01'}", "SELECT 'a", "SELECT `a", "SELECT 1 /* a", "SELECT '\x00'", "SELECT 1 # \x00", "SELECT `\x00`",
	"SELECT * FROM (SELECT 1) AS count (a)", "SELECT * FROM (SELECT 1) max (a, b)", "SELECT max(a) AS (b)", "SELECT a$b", "SELECT é", "SELECT 1 FROM t LOCK IN SHARE MODE", "SELECT insert('a', 1, 1, 'b')",
	"SELECT duplicate key update t SET a = 1", "SELECT t.duplicate t.key update", "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = f()", "INSERT INTO t VALUES (DEFAULT(a))",
	"INSERT INTO t PARTITION (p) VALUES (1)", "INSERT INTO t (SELECT 1)", "INSERT INTO t ((SELECT 1))", "INSERT INTO t (`a``b`) VALUES (1)", "INSERT INTO `a``b` VALUES (1)", "INSERT INTO .t VALUES (1)", "INSERT INTO a . b VALUES (1)", "INSERT INTO a.b.c VALUES (1)",
	"UPDATE a, b SET a.c = 1", "UPDATE a JOIN b SET c = 1", "UPDATE a AS b SET c = 1", "UPDATE set SET a = 1", "UPDATE t for SET a = 1", "UPDATE t SET (a) = 1", "UPDATE t", "REPLACE INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1",
	"UPDATE t SET a = 1 ON DUPLICATE KEY UPDATE b = 2", "DELETE a FROM t a", "DELETE FROM a USING a JOIN b", "DELETE FROM a, b USING a JOIN b", "DELETE FROM t x WHERE 1", "DELETE FROM t WHERE a IN (SELECT 1 FROM u FOR UPDATE)",
	"DELETE FROM t; DROP TABLE u", "SELECT", "INSERT", "DELETE FROM", "UPDATE t SET", "SELECT (", "SELECT )", "INSERT INTO select VALUES (1)", "INSERT ignore.t VALUES (1)", "INSERT INTO t\x00", "REPLACE n'a' b", "",
}

func TestTheFastPathSaysWhatTheParserSays(t *testing.T) {
	for _, sql := range append(ordinary, others...) {
		agree(t, sql)
	}
	for _, c := range corpus.Load(t, "mysql", "mysql8", "mariadb") {
		agree(t, c.Text())
	}
}

// agree fails the test if the fast path takes a text and says something else than
// the parser.
func agree(t *testing.T, sql string) {
	t.Helper()
	if fast, ok := mysql.Plain(sql); ok {
		if slow := mysql.Parse(sql); !reflect.DeepEqual(fast, slow) {
			t.Errorf("%q\nfast   %+v\nparser %+v", sql, fast, slow)
		}
	}
}

func TestTheFastPathTakesOrdinaryTextsAndAllocatesNothing(t *testing.T) {
	for _, sql := range ordinary {
		if _, ok := mysql.Plain(sql); !ok {
			t.Errorf("not taken: %s", sql)
		}
		if n := testing.AllocsPerRun(20, func() { mysql.Dialect{}.Classify(sql) }); n != 0 {
			t.Errorf("%v allocations: %s", n, sql)
		}
	}
}

func TestTheHeadOfAPlainWrite(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want sqlguard.Op
	}{
		{"INSERT INTO t VALUES (1)", sqlguard.OpInsert}, {" \n\tinsert\nt values (1)", sqlguard.OpInsert}, {"/* a */ -- b\n# c\nUpdate t SET a = 1", sqlguard.OpUpdate},
		{"DELETE`t`", sqlguard.OpDelete}, {"REPLACE\tt VALUES (1)", sqlguard.OpReplace}, {"DELETE", sqlguard.OpDelete}, {"INSERT INTO t VALUES ('a", sqlguard.OpInsert},
		{"/*! SELECT */ DELETE FROM t", ""}, {"/*M! SELECT */ DELETE FROM t", ""}, {"SELECT 1", ""}, {"(DELETE FROM t)", ""}, {"WITH a AS (SELECT 1) DELETE FROM t", ""}, {"", ""},
		{"INSERTX", ""}, {"INSERT\xa0INTO t VALUES (1)", ""}, {"DELETE$", ""}, {"\xa0DELETE FROM t", ""}, {"UPDATE.t SET a = 1", ""}, {"/* DELETE FROM t", ""}, {"--DELETE FROM t", ""},
	} {
		v, ok := mysql.Dialect{}.ClassifyHead(c.sql)
		if ok != (c.want != "") || ok && (v.Op != c.want || v.Class != write || v.Complete || v.Tables != nil) {
			t.Errorf("%q: %v, %+v, want %q", c.sql, ok, v, c.want)
		}
		headFounded(t, c.sql)
	}
	for _, c := range corpus.Load(t, "mysql", "mysql8", "mariadb") {
		headFounded(t, c.Text())
	}
	if n := testing.AllocsPerRun(20, func() { mysql.Dialect{}.ClassifyHead("/* a */ INSERT INTO t VALUES (1)") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// headFounded fails the test if the head alone makes a text a write that is none.
func headFounded(t *testing.T, sql string) {
	t.Helper()
	if _, ok := (mysql.Dialect{}).ClassifyHead(sql); ok {
		if v := (mysql.Dialect{}).Classify(sql); v.Class != write && v.Class != schema && v.Class != escape {
			t.Errorf("%q: a write by its head, %v (%s) as a whole", sql, v.Class, v.Why)
		}
	}
}

func FuzzTheFastPathSaysWhatTheParserSays(f *testing.F) {
	for _, sql := range append(ordinary, others...) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		agree(t, sql)
		headFounded(t, sql)
	})
}
