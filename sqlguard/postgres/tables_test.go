//go:build cgo

package postgres_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// TestTables writes what is found as "INSERT s.t, DELETE u", with "…" where
// more than that may be written.
func TestTables(t *testing.T) {
	for text, want := range map[string]string{
		"INSERT INTO t VALUES (1)":                                                           "INSERT t",
		"INSERT INTO \"S x\".\"T\" AS a SELECT * FROM u":                                     "INSERT S x.T",
		"UPDATE ONLY S.T SET a = 1 FROM u WHERE EXISTS (SELECT FROM v)":                      "UPDATE s.t",
		"DELETE FROM t USING u":                                                              "DELETE t",
		"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE":                              "MERGE t",
		"INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1":                           "INSERT t, UPDATE t",
		"INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING":                                "INSERT t",
		"WITH d AS (DELETE FROM x), u AS (UPDATE y SET a = 1) INSERT INTO z SELECT * FROM d": "DELETE x, UPDATE y, INSERT z",
		"WITH t AS (SELECT 1) DELETE FROM t":                                                 "DELETE t",
		"INSERT INTO t VALUES (1); UPDATE u SET a = 1":                                       "INSERT t, UPDATE u",

		"DELETE FROM ONLY s.t AS x USING ONLY u":                              "DELETE s.t",
		"UPDATE t * AS x SET a = u.a FROM u JOIN v USING (b) WHERE x.b = u.b": "UPDATE t",
		"UPDATE db.s.t SET a = 1":                                             "UPDATE s.t",
		"DELETE FROM \"a.b\".\"c\"\"d\"":                                      "DELETE a.b.c\"d",
		"UPDATE U&\"d\\0061ta\" SET a = 1":                                    "UPDATE data",
		"INSERT INTO S.\"T\" (a, b) SELECT a, b FROM (SELECT * FROM t) x":     "INSERT s.T",
		"INSERT INTO t TABLE u":                                               "INSERT t",
		"INSERT INTO t SELECT * FROM u FOR UPDATE":                            "INSERT t, LOCK u",
		"WITH u AS (SELECT 1 AS a) UPDATE t SET a = u.a FROM u":               "UPDATE t",
		"WITH a AS (WITH b AS (DELETE FROM x RETURNING *) INSERT INTO y TABLE b RETURNING *) SELECT * FROM a":                                                       "DELETE x, INSERT y",
		"WITH d AS (DELETE FROM x RETURNING *) MERGE INTO ONLY s.t AS a USING d ON true WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)": "DELETE x, MERGE s.t",
		"MERGE INTO t USING (SELECT * FROM u) q ON true WHEN MATCHED THEN DO NOTHING":                                                                               "MERGE t",
		"SELECT * FROM (WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d) q":                                                                                   "DELETE t",
		"SELECT (WITH d AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM d)":                                                                                       "UPDATE t",
		"PREPARE p AS DELETE FROM t":                                             "DELETE t",
		"DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE":                        "LOCK t",
		"COPY \"S\".t (\"A\", b) FROM '/x' WITH (FORMAT csv) WHERE a > 1":        "COPY S.t",
		"COPY (WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d) TO STDOUT": "DELETE t",
		"COPY (WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d) TO '/x'":   "DELETE t …",
		"TRUNCATE ONLY a, s.b *, \"C\" RESTART IDENTITY":                         "TRUNCATE a, TRUNCATE s.b, TRUNCATE C",
		"ALTER TABLE IF EXISTS ONLY s.t DROP COLUMN c":                           "ALTER TABLE s.t",
		"ALTER TABLE t DETACH PARTITION p":                                       "ALTER TABLE t …",
		"CREATE TABLE p PARTITION OF t FOR VALUES IN (1)":                        "CREATE TABLE p …",
		"INSERT INTO t VALUES (nextval('s'))":                                    "INSERT t …",
		"INSERT INTO t VALUES (f())":                                             "INSERT t",
		"COPY s.t (a) FROM STDIN":                                                "COPY s.t",
		"COPY t FROM PROGRAM 'x'":                                                "COPY t …",
		"COPY t TO '/x'":                                                         " …",
		"CLUSTER":                                                                " …",
		"REINDEX DATABASE d":                                                     " …",
		"COPY t TO STDOUT":                                                       "",
		"COPY (INSERT INTO t VALUES (1) RETURNING 1) TO STDOUT":                  "INSERT t",
		"TRUNCATE a, s.b CASCADE":                                                "TRUNCATE a, TRUNCATE s.b",
		"DROP TABLE IF EXISTS a, s.b":                                            "DROP TABLE a, DROP TABLE s.b",
		"DROP INDEX CONCURRENTLY i":                                              "DROP INDEX i",
		"DROP MATERIALIZED VIEW m":                                               "DROP MATERIALIZED VIEW m",
		"DROP FUNCTION f()":                                                      " …",
		"CREATE TABLE s.t (a int PRIMARY KEY DEFAULT 1 CHECK (a > 0), b text)":   "CREATE TABLE s.t",
		"CREATE TABLE t (a int REFERENCES u)":                                    "CREATE TABLE t …",
		"CREATE TABLE t () INHERITS (u)":                                         "CREATE TABLE t …",
		"CREATE TABLE t (LIKE u)":                                                "CREATE TABLE t …",
		"CREATE TABLE t AS SELECT * FROM u":                                      "CREATE TABLE AS t",
		"CREATE MATERIALIZED VIEW m AS SELECT * FROM u":                          "CREATE MATERIALIZED VIEW m",
		"CREATE TABLE t AS EXECUTE p":                                            "CREATE TABLE AS t …",
		"SELECT * INTO s.t FROM u":                                               "SELECT INTO s.t",
		"ALTER TABLE t ADD COLUMN c int":                                         "ALTER TABLE t",
		"ALTER TABLE t ATTACH PARTITION p DEFAULT":                               "ALTER TABLE t …",
		"ALTER INDEX i SET (fillfactor = 50)":                                    "ALTER INDEX i",
		"ALTER TABLE t RENAME TO u":                                              " …",
		"CREATE UNIQUE INDEX ON s.t (lower(a)) WHERE a > 'x'":                    "CREATE INDEX s.t",
		"REFRESH MATERIALIZED VIEW m":                                            "REFRESH MATERIALIZED VIEW m",
		"VACUUM FULL t":                                                          "VACUUM t",
		"ANALYZE t (a), s.u":                                                     "ANALYZE t, ANALYZE s.u",
		"VACUUM":                                                                 " …",
		"REINDEX TABLE t":                                                        "REINDEX t",
		"CREATE SCHEMA s CREATE TABLE t (a int)":                                 " …",
		"GRANT ALL ON t TO a":                                                    " …",
		"CALL p()":                                                               " …",
		"EXPLAIN DELETE FROM t":                                                  "",
		"EXPLAIN ANALYZE DELETE FROM t":                                          "DELETE t",
		"SELECT nextval('s')":                                                    " …",
		"SELECT * FROM t, s.u":                                                   "",
		"garbage":                                                                " …",

		"LOCK TABLE a, s.b":                      "LOCK a, LOCK s.b",
		"LOCK TABLE ONLY a, \"B\" IN SHARE MODE": "LOCK a, LOCK B",
		"SELECT * FROM ONLY s.a AS x NATURAL JOIN b FOR NO KEY UPDATE OF x SKIP LOCKED": "LOCK s.a",
		"SELECT * FROM a WHERE b IN (SELECT b FROM c FOR KEY SHARE NOWAIT)":             "LOCK c",
		"SELECT * FROM a, LATERAL (SELECT * FROM b WHERE b.x = a.x) q FOR SHARE":        "LOCK a, LOCK b",
		"SELECT * FROM a, s.b JOIN c ON true FOR UPDATE":                                "LOCK a, LOCK s.b, LOCK c",
		"SELECT * FROM a x, b FOR UPDATE OF x FOR SHARE OF b":                           "LOCK a, LOCK b",
		"SELECT * FROM a, (SELECT * FROM b) q FOR UPDATE OF q":                          "LOCK b",
		"SELECT * FROM a, (SELECT * FROM b, f()) q FOR UPDATE":                          "LOCK a, LOCK b",
		"SELECT * FROM (SELECT * FROM a FOR UPDATE) q, b":                               "LOCK a",
		"SELECT * FROM a TABLESAMPLE system (1), generate_series(1, 2) FOR UPDATE":      "LOCK a",
		"SELECT * FROM a FOR UPDATE OF nothing":                                         " …",
		"WITH q AS (SELECT * FROM a FOR UPDATE) SELECT * FROM q":                        "LOCK a",
		"WITH q AS (SELECT * FROM a) SELECT * FROM q, b FOR UPDATE":                     "LOCK b",
		"WITH q AS (SELECT * FROM q FOR UPDATE) SELECT 1":                               "LOCK q",
		"WITH RECURSIVE q AS (SELECT * FROM q FOR UPDATE) SELECT 1":                     "",
		"WITH q AS (SELECT 1), r AS (SELECT * FROM q, s.q FOR UPDATE) SELECT 1":         "LOCK s.q",
		"WITH q AS (SELECT 1) SELECT * FROM (SELECT * FROM q, a FOR UPDATE) x":          "LOCK a",
		"WITH q AS (SELECT * FROM a FOR UPDATE) DELETE FROM q":                          "LOCK a, DELETE q",
	} {
		v := postgres.Dialect{}.Classify(text)
		var found []string
		for _, table := range v.Tables {
			found = append(found, string(table.Op)+" "+table.String())
		}
		got := strings.Join(found, ", ")
		if !v.Complete {
			got += " …"
		}
		if got != want {
			t.Errorf("%s, want %s: %q", got, want, text)
		}
	}
}

func TestOpOfTheWorstPartIsTheOpOfTheWhole(t *testing.T) {
	for text, want := range map[string]sqlguard.Op{
		"SELECT 1":                           sqlguard.OpSelect,
		"VALUES (1)":                         sqlguard.OpSelect,
		"WITH d AS (DELETE FROM t) SELECT 1": sqlguard.OpDelete,
		"WITH d AS (DELETE FROM t) INSERT INTO u VALUES (1)":      sqlguard.OpInsert,
		"SELECT 1; UPDATE t SET a = 1":                            sqlguard.OpUpdate,
		"EXPLAIN DELETE FROM t":                                   "EXPLAIN",
		"EXPLAIN ANALYZE DELETE FROM t":                           sqlguard.OpDelete,
		"SHOW ALL":                                                "SHOW",
		"COPY t TO STDOUT":                                        sqlguard.OpCopy,
		"ALTER VIEW v ALTER a SET DEFAULT 1":                      "ALTER VIEW",
		"CREATE TRIGGER a AFTER INSERT ON t EXECUTE FUNCTION f()": "CREATE TRIGGER",
		"CREATE ROLE a":                                           "CREATE ROLE",
		"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO a":       "ALTER DEFAULT PRIVILEGES",
		"garbage": sqlguard.OpUnknown,
	} {
		if got := (postgres.Dialect{}).Classify(text).Op; got != want {
			t.Errorf("%s, want %s: %q", got, want, text)
		}
	}
}
