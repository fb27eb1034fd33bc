package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

const (
	read     = sqlguard.Read
	session  = sqlguard.Session
	unproven = sqlguard.Unproven
	lock     = sqlguard.Lock
	write    = sqlguard.Write
	schema   = sqlguard.Schema
	escape   = sqlguard.Escape
)

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		family string
		want   sqlguard.Class
		texts  []string
	}{
		{"queries", read, []string{
			"", ";", "-- nothing", "SELECT 1", "select count(*), coalesce(a, 'x') from t", "VALUES (1, 2)",
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3) SELECT i FROM n",
			"WITH a(x) AS MATERIALIZED (SELECT 1), b(y) AS NOT MATERIALIZED (SELECT 2) SELECT x FROM a, b",
			"SELECT strftime('%Y', datetime('now')), julianday(a), lower(b), substr(c, 1, 2) FROM t",
			"SELECT replace(a, 'x', 'y'), [replace] FROM t", "SELECT replace FROM t",
			"SELECT * FROM t WHERE a IN (1, 2) AND (b OR c) ORDER BY (d) LIMIT (1)",
			"SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY (c) ORDER BY (d)) FROM t",
			"SELECT rank() OVER w FROM t WINDOW w AS (ORDER BY a)", "SELECT CAST(a AS DECIMAL(10, -2)) FROM t",
			"SELECT * FROM json_each('[1]') JOIN generate_series(1, 3)", "SELECT 'DELETE FROM t', \"insert\" FROM t",
			"SELECT * FROM fts WHERE fts MATCH 'a' ORDER BY bm25(fts)", "SELECT a -> '$', a ->> '$' FROM t", `SELECT "lower"('A')`,
			"\uFEFFSELECT 1", "SELECT 1 /* ; DELETE FROM t", "EXPLAIN SELECT 1", "EXPLAIN QUERY PLAN DELETE FROM t",
			"EXPLAIN REPLACE INTO t VALUES (1)", "SELECT * FROM t JOIN (SELECT 1) USING (a)",
		}},
		{"writes", write, []string{
			"INSERT INTO t VALUES (1) RETURNING id", "insert or ignore into t default values", "REPLACE INTO t VALUES (1)",
			"UPDATE OR FAIL t SET a = 1 FROM u WHERE u.id = t.id", "DELETE FROM t WHERE id IN (SELECT id FROM u)",
			"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "WITH x(a) AS (SELECT 1) REPLACE INTO t SELECT * FROM x",
			"INSERT INTO t(a) VALUES (1) ON CONFLICT (a) WHERE b DO UPDATE SET a = 2", "DELETE/**/FROM/**/t", "delete\ffrom\ft",
			"\uFEFF\uFEFFDELETE FROM t", "INSERT INTO 'main'.'t' VALUES (1)", "VACUUM INTO 'f'", "VACUUM main INTO 'f'",
			"SELECT 1; ; DELETE FROM t", "SELECT 1 -- \r\n; DELETE FROM t",
		}},
		{"texts that are not understood", write, []string{
			"SELECT 1\x00", "SELECT 'a", `SELECT "a`, "SELECT [a", "SELECT 1a", "(SELECT 1)", "SELEC 1", "FOO", "SELECT x'1'",
			"SELECT $a(')')", "BEGIN CONCURRENT", "COMMIT AND CHAIN", "SELECT 1 INTO t", "EXPLAIN COMMIT", "EXPLAIN EXPLAIN SELECT 1",
			"EXPLAIN BEGIN", "SAVEPOINT", "PRAGMA", "SELECT 1 \x01", "BEGIN; SELECT f()", "DELIMITER //", "SELECT #1",
			"\vDELETE FROM t", "UPDATE t SET a = DELETE", strings.Repeat("UPDATE ", 100000), "SELECT a::text FROM t", strings.Repeat("SELECT 1;", 1001), "SELECT " + strings.Repeat(" ", 1<<20),
		}},
		{"calls", unproven, []string{
			"SELECT f(1)", "SELECT f (1)", "SELECT f/**/(1)", `SELECT "f"(1)`, "SELECT [f](1)", "SELECT `f`(1)", "SELECT * FROM f(1)",
			"SELECT * FROM 'f'(1)", "SELECT * FROM main.f(1)", "SELECT load_extension('x')", "SELECT edit('x')", "SELECT optimize(t) FROM t",
			"SELECT 1 ORDER BY f(1)", "SELECT 1 LIMIT f()", "VALUES (f())", "WITH x AS (SELECT f()) SELECT * FROM x",
			"SELECT CASE WHEN f() THEN 1 END", "SELECT a REGEXP 'x' FROM t", "SELECT materialized(1)", "SELECT over(1)", "SELECT filter(1)",
			"SELECT by(1)", "SELECT conflict(1)", "SELECT offset(1)", "SELECT 1 AS f(x)", "EXPLAIN SELECT f()", "EXPLAIN DELETE FROM t WHERE f()",
			"SELECT left('a', 1)", "SELECT 1; SELECT f()", "SELECT f(a) AS materialized FROM t", "SELECT f('x') AS MATERIALIZED", "SELECT f(a) AS not", "SELECT * FROM t WHERE a IN f(1)", "SELECT sum(f(1)) OVER ()",
		}},
		{"PRAGMAs as tables", unproven, []string{
			"SELECT * FROM pragma_optimize", "SELECT * FROM pragma_optimize()", "SELECT * FROM Pragma_Wal_Checkpoint", "SELECT * FROM 'pragma_optimize'",
			"SELECT * FROM [pragma_optimize]", "SELECT * FROM pragma_user_version(7)", "SELECT * FROM pragma_nosuch('x')",
			"SELECT * FROM t, 'pragma_optimize'", "SELECT * FROM main.'pragma_optimize'", "SELECT * FROM t JOIN 'pragma_optimize'",
			"SELECT * FROM ('pragma_optimize')", `SELECT * FROM t WHERE a = "pragma_optimize"`, "SELECT 1 = 'pragma_optimize'('x')",
		}},
		{"PRAGMAs as tables that read", read, []string{
			"SELECT * FROM pragma_table_info('t')", "SELECT user_version FROM pragma_user_version()", "SELECT * FROM pragma_user_version",
			"SELECT * FROM pragma_pragma_list WHERE name = 'pragma_optimize'", "SELECT 'a' || 'pragma_optimize'",
			"SELECT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name)",
		}},
		{"PRAGMAs that read", read, []string{
			"PRAGMA user_version", "PRAGMA main.journal_mode", "PRAGMA table_info(t)", "PRAGMA table_info = t", "PRAGMA [main].integrity_check(1)",
			"PRAGMA query_only", "EXPLAIN PRAGMA query_only", "pragma foreign_keys;", "PRAGMA 'user_version'",
		}},
		{"PRAGMAs that are harmless to set", session, []string{
			"PRAGMA busy_timeout = 5000", "PRAGMA cache_size(-2000)", "PRAGMA query_only = ON", "PRAGMA query_only(1)", "PRAGMA query_only = 'yes'",
			"PRAGMA foreign_keys = TRUE",
		}},
		{"PRAGMAs that write", write, []string{
			"PRAGMA user_version = 1", "PRAGMA application_id(1)", "PRAGMA journal_mode = WAL", "PRAGMA wal_checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)",
			"PRAGMA optimize", "PRAGMA incremental_vacuum", "PRAGMA schema_version=1", "EXPLAIN PRAGMA user_version = 1", "PRAGMA nosuch", "PRAGMA key='x'",
			"PRAGMA user_version x", "PRAGMA auto_vacuum=FULL", `PRAGMA "user_version" = 1`,
		}},
		{"PRAGMAs that lift or weaken", escape, []string{
			"PRAGMA query_only = 0", "PRAGMA query_only = 256", "PRAGMA query_only = off", "PRAGMA query_only(0)", "PRAGMA query_only = 1 + 1",
			"PRAGMA main.query_only = 0", "PRAGMA [query_only] = 0", "EXPLAIN PRAGMA query_only=0", "explain query plan pragma query_only=0",
			"PRAGMA writable_schema = 1", "PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF", "PRAGMA temp_store = 2",
			"PRAGMA temp_store_directory = '/x'", "PRAGMA shrink_memory", "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA query_only = 1;PRAGMA query_only = 0",
			"PRAGMA case_sensitive_like = 1",
		}},
		{"other files", escape, []string{"ATTACH 'f' AS f", "attach database ':memory:' as m", "DETACH f", "EXPLAIN ATTACH 'f' AS f", "SELECT 1; ATTACH 'f' AS f"}},
		{"definitions", schema, []string{
			"CREATE TABLE t (a)", "CREATE TEMP TABLE t (a)", "CREATE VIRTUAL TABLE t USING fts5(a)", "DROP TABLE t", "ALTER TABLE t RENAME TO u",
			"CREATE UNIQUE INDEX i ON t (a)", "CREATE VIEW v AS SELECT 1", "REINDEX", "ANALYZE", "VACUUM", "DROP VIEW v", "EXPLAIN CREATE TABLE t (a)",
			"CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; SELECT CASE 1 WHEN 1 THEN 2 END; END",
		}},
		{"transactions", session, []string{
			"BEGIN", "BEGIN DEFERRED TRANSACTION", "COMMIT", "END TRANSACTION", "ROLLBACK", "ROLLBACK TO a", "ROLLBACK TRANSACTION TO SAVEPOINT a",
			"SAVEPOINT a", "RELEASE a", "RELEASE SAVEPOINT a", "ROLLBACK TO savepoint",
		}},
		{"writers' locks", lock, []string{"BEGIN IMMEDIATE", "begin exclusive transaction", "BEGIN IMMEDIATE; SELECT 1"}},
	} {
		t.Run(c.family, func(t *testing.T) {
			for _, sql := range c.texts {
				v := sqlite.Dialect{}.Classify(sql)
				if v.Class != c.want {
					t.Errorf("%.80q is %v (%s), want %v", sql, v.Class, v.Why, c.want)
				}
				if !v.FoldCase || v.Why == "" || v.Op == "" {
					t.Errorf("%.80q: verdict lacks FoldCase, Why or Op: %+v", sql, v)
				}
			}
		})
	}
}

func TestTables(t *testing.T) {
	for sql, want := range map[string]string{
		"INSERT INTO t SELECT * FROM u":                                                                           "t INSERT true",
		"INSERT INTO t(a, b) SELECT a, b FROM main.u JOIN v USING (a)":                                            "t INSERT true",
		"INSERT INTO `T` DEFAULT VALUES RETURNING *":                                                              "t INSERT true",
		"INSERT INTO \"a\"\"B\" VALUES (1)":                                                                       "a\"b INSERT true",
		"INSERT INTO 'it''s'.[T] AS x (a) VALUES (1)":                                                             "it's.t INSERT true",
		"REPLACE INTO main . t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1":                                "main.t REPLACE, main.t UPDATE true",
		"INSERT OR REPLACE INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1":                                     "t INSERT, t REPLACE, t UPDATE true",
		"UPDATE OR REPLACE [T] AS x SET a = u.a FROM u WHERE u.id = x.id RETURNING x.a":                           "t UPDATE, t REPLACE true",
		"UPDATE OR ROLLBACK \"main\".`t` INDEXED BY i SET (a, b) = (1, 2)":                                        "main.t UPDATE true",
		"DELETE FROM main.t AS x WHERE EXISTS (SELECT 1 FROM u) ORDER BY a LIMIT 1":                               "main.t DELETE true",
		"WITH RECURSIVE x(a) AS (SELECT 1), y AS MATERIALIZED (SELECT 2) UPDATE t SET a = 1":                      "t UPDATE true",
		"WITH x AS (SELECT 1) INSERT OR REPLACE INTO temp.t SELECT * FROM x":                                      "temp.t INSERT, temp.t REPLACE true",
		"INSERT INTO main. VALUES (1)":                                                                            "main.values INSERT true",
		"INSERT INTO t.(1) VALUES (1)":                                                                            " false",
		"INSERT INTO x'41' VALUES (1)":                                                                            " false",
		"DELETE FROM":                                                                                             " false",
		"UPDATE ? SET a = 1":                                                                                      " false",
		"INSERT INTO (SELECT 1) VALUES (1)":                                                                       " false",
		"DELETE FROM t WHERE a IN (DELETE FROM u)":                                                                "t DELETE false",
		"INSERT INTO Main.T(a) VALUES (1)":                                                                        "main.t INSERT true",
		`INSERT OR REPLACE INTO "Big Name" AS x VALUES (1)`:                                                       "big name INSERT, big name REPLACE true",
		"INSERT OR IGNORE INTO t VALUES (1)":                                                                      "t INSERT true",
		"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2 WHERE true ON CONFLICT DO UPDATE SET a = 3": "t INSERT, t UPDATE true",
		"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING":                                                         "t INSERT true",
		"REPLACE INTO [t] VALUES (1)":                                                                             "t REPLACE true",
		"UPDATE OR IGNORE temp.t SET a = (SELECT 1 FROM u)":                                                       "temp.t UPDATE true",
		"WITH x AS (SELECT * FROM u) DELETE FROM 'T' WHERE 1":                                                     "t DELETE true",
		"WITH x AS (SELECT 1) REPLACE INTO t SELECT 1":                                                            "t REPLACE true",
		"DROP TABLE IF EXISTS main.t":                                                                             "main.t DROP TABLE true",
		"CREATE TEMP TABLE t (a)":                                                                                 "temp.t CREATE TABLE true",
		"CREATE TABLE t AS SELECT 1":                                                                              "t CREATE TABLE false",
		"ALTER TABLE t RENAME TO u":                                                                               "t ALTER TABLE false",
		"ALTER TABLE t ADD COLUMN c":                                                                              "t ALTER TABLE true",
		"CREATE VIRTUAL TABLE t USING fts5(a)":                                                                    "t CREATE VIRTUAL TABLE false",
		"DELETE FROM t; UPDATE u SET a = 1":                                                                       "t DELETE, u UPDATE true",
		"SELECT * FROM t":                                                                                         " true",
		"EXPLAIN DELETE FROM t":                                                                                   " true",
		"FOO":                                                                                                     " false",
	} {
		v := sqlite.Dialect{}.Classify(sql)
		var tables []string
		for _, tab := range v.Tables {
			tables = append(tables, fmt.Sprint(tab, " ", tab.Op))
		}
		if got := fmt.Sprint(strings.Join(tables, ", "), " ", v.Complete); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func TestCalls(t *testing.T) {
	v := sqlite.Dialect{}.Classify(`SELECT F(1), lower(g(2)), main."H"(3), f(4) FROM t`)
	if got := fmt.Sprint(v.Calls, v.Functions); got != "[f g main.h] true" {
		t.Errorf("calls are %s", got)
	}
	if v := (sqlite.Dialect{}).Classify("SELECT a FROM t"); v.Functions {
		t.Error("a query without calls has Functions set")
	}
	if v := (sqlite.Dialect{}).Classify("INSERT INTO t SELECT f()"); v.Class != write || fmt.Sprint(v.Calls) != "[f]" {
		t.Errorf("a write loses its calls: %+v", v)
	}
}

func TestTransactions(t *testing.T) {
	for sql, want := range map[string]sqlguard.Tx{
		"BEGIN": sqlguard.TxBegin, "BEGIN IMMEDIATE": sqlguard.TxBegin, "COMMIT": sqlguard.TxCommit, "END": sqlguard.TxCommit,
		"ROLLBACK": sqlguard.TxRollback, "ROLLBACK TO a": sqlguard.TxRollbackTo, "SAVEPOINT a": sqlguard.TxSavepoint,
		"RELEASE a": sqlguard.TxRelease, "SELECT 1": sqlguard.TxNone, "EXPLAIN COMMIT": sqlguard.TxNone,
	} {
		if got := (sqlite.Dialect{}).Classify(sql).Tx; got != want {
			t.Errorf("%s: Tx is %d, want %d", sql, got, want)
		}
	}
}

func TestTriggerEndIsNoCommit(t *testing.T) {
	v := sqlite.Dialect{}.Classify("CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END; COMMIT")
	var tx []sqlguard.Tx
	for _, p := range v.Parts {
		tx = append(tx, p.Tx)
	}
	if fmt.Sprint(tx) != fmt.Sprint([]sqlguard.Tx{sqlguard.TxNone, sqlguard.TxCommit}) {
		t.Errorf("transaction control of the parts is %v", tx)
	}
}

func TestPragmasThatActWhenPrepared(t *testing.T) {
	for sql, want := range map[string]bool{
		"PRAGMA query_only = 0": true, "EXPLAIN PRAGMA query_only = 0": true, "PRAGMA foreign_keys = ON": true,
		"PRAGMA user_version = 1": true, "PRAGMA nosuch": true, "SELECT 1; PRAGMA query_only = 0": true,
		"PRAGMA query_only": false, "SELECT 1": false, "DELETE FROM t": false,
	} {
		if got := (sqlite.Dialect{}).Classify(sql).AtPrepare; got != want {
			t.Errorf("%s: AtPrepare is %v", sql, got)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, c := range corpus.Load(f, "sqlite") {
		f.Add(c.Text())
	}
	f.Fuzz(func(t *testing.T, sql string) { corpus.Invariants(t, sqlite.Dialect{}, sql) })
}
