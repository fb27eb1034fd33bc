package mysql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
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
			"", ";;", "-- nothing", "# nothing", "SELECT 1", "TABLE t", "VALUES ROW(1), ROW(2)", "((SELECT 1) UNION (SELECT 2))",
			"WITH a (x, `y`) AS (SELECT 1, 2), b (z) AS (SELECT 3) SELECT * FROM a, b", "SELECT * FROM (SELECT 1, 2) AS d (a, b)",
			"SELECT * FROM (SELECT 1) d (a) JOIN t USING (a)", "SELECT t.update, t . delete, t.`into` FROM t", "SELECT count(*) FROM t",
			"SELECT VEC_DISTANCE_EUCLIDEAN(a, VEC_FromText('[1]')), VECTOR_DIM(STRING_TO_VECTOR('[1]')) FROM t",
			"SELECT a FROM t WHERE b IN (1) AND (c OR d) AND NOT (e) ORDER BY (f)", "SELECT JSON_VALUE(a, '$.x' RETURNING DECIMAL(4,2)) FROM t",
			"SELECT * FROM t, LATERAL (SELECT t.a) x", "SELECT sum(a) OVER (PARTITION BY b), rank() OVER w FROM t WINDOW w AS (ORDER BY c)",
			"SELECT CAST(a AS DECIMAL(10,2)), CONVERT(b, CHAR(5)), CHAR(65 USING utf8) FROM t", "SELECT a FROM t USE INDEX (i) FORCE INDEX FOR JOIN (j)",
			"SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (x INT PATH '$', NESTED PATH '$.a' COLUMNS (y VARCHAR(9) PATH '$'))) jt",
			"SELECT a MEMBER OF ('[1]'), b RLIKE ('x'), c SOUNDS LIKE ('y') FROM t", "SELECT next value FROM t", "SELECT PREVIOUS VALUE FOR s",
			"SELECT a->>'$.b' FROM t WHERE MATCH (a) AGAINST ('x' WITH QUERY EXPANSION)", "SELECT {d '2024-01-01'}, \\N, @@global.x, @@y, @z",
			"SELECT DATE_ADD(a, INTERVAL (1+1) DAY), INTERVAL(1, 2), EXTRACT(DAY FROM b), TRIM(BOTH 'x' FROM c) FROM t",
			"SHOW TABLES LIKE 'x'", "SHOW FULL COLUMNS FROM t WHERE Field IN ('a')", "DESC t a", "EXPLAIN db.t", "EXPLAIN FOR CONNECTION 5",
			"EXPLAIN FORMAT=JSON INSERT INTO t SELECT 1", "EXPLAIN SELECT 1 FOR UPDATE", "EXPLAIN WITH c AS (SELECT 1) DELETE FROM t",
			"EXPLAIN ANALYZE SELECT 1", "EXPLAIN EXTENDED SELECT 1", "ANALYZE FORMAT=JSON SELECT 1", "HELP 'select'", "CHECKSUM TABLE t", "DO 1, SLEEP(0)", "XA RECOVER",
			"SELECT 'a' 'b', _utf8mb4'c', N'd', x'41', 0x41, b'1'", "SELECT a$$ FROM t$", "SELECT 1 /*! + 1 */", "SELECT /*+ NO_MERGE(t) */ 1",
			"SELECT 'it\\'s', 'x' FROM t", "SELECT 1 AS `a\\`", "SELECT 'C:\\\\'", "SELECT 1--1", "SELECT é FROM à", "SELECT SQL_NO_CACHE (a) FROM t", "SELECT DISTINCT SQL_NO_CACHE SQL_BUFFER_RESULT (a) FROM t", `SELECT 'a\', 'b`, `SELECT 1; SELECT 'a\', 'b`, `SELECT "{\"a\": [1]}"`, `SELECT quote('\'\"\\test')`, `SELECT JSON_EXTRACT('{\"a\": "\\"}', "$.a")`,
		}},
		{"writes", write, []string{
			"INSERT t VALUES (1)", "insert into t () values ()", "INSERT IGNORE INTO t (a, b) SELECT 1, 2", "INSERT INTO t SET a = 1",
			"INSERT INTO t VALUES (1) AS n(a) ON DUPLICATE KEY UPDATE a = n.a", "REPLACE t VALUES (1)", "REPLACE LOW_PRIORITY INTO t TABLE u",
			"UPDATE t SET a = 1", "UPDATE .t SET a = 1", "WITH c AS (SELECT 1) UPDATE.\xa0t SET a = 1", "DELETE FROM .t", "WITH c AS (SELECT 1) UPDATE .t SET a = 1", "WITH c AS (SELECT 1) UPDATE#a\n.t SET a = 1", "WITH c AS (SELECT 1) DELETE FROM t",
			"WITH c (f) AS (SELECT 1) DELETE t FROM t JOIN c", "LOAD DATA LOCAL INFILE 'x' INTO TABLE t", "LOAD XML INFILE 'x' INTO TABLE t",
			"SELECT 1 INTO OUTFILE 'x'", "SELECT 1 INTO DUMPFILE 'x'", "TABLE t INTO OUTFILE 'x'", "VALUES ROW(1) INTO OUTFILE 'x'", "(SELECT 1) INTO OUTFILE 'x'",
			"SELECT 1 INTO/**/OUTFILE'x'", "SELECT a INTO\x0bOUTFILE 'x' FROM t", "EXPLAIN SELECT 1 INTO OUTFILE 'x'",
			"SELECT NEXTVAL(s)", "SELECT nextval (db.s)", "SELECT SETVAL(s, 1)", "SELECT NEXT VALUE FOR db.s", "SELECT s.nextval", "SELECT s.`NextVal`", "SELECT db.s.`nextval` FROM t", "DO SETVAL(s, 1)", "SELECT asynchronous_connection_failover_reset()", "SELECT 1 + Keyring_Key_Remove('a')", "DO group_replication_set_as_primary('x')",
			"EXPLAIN INSERT INTO t SELECT NEXTVAL(s)", "ANALYZE DELETE FROM t", "EXPLAIN ANALYZE UPDATE t SET a = 1", "ANALYZE UPDATE t SET a = 1",
			"CALL p()", "EXECUTE IMMEDIATE 'SELECT ? FROM t' USING @a", "EXECUTE IMMEDIATE ''", "PREPARE s FROM 'DELETE FROM t'", "PREPARE s FROM @a", "PREPARE s FROM CONCAT('SELECT', ' 1')", "PREPARE s FROM 'SELECT f()'", "PREPARE s FROM 'SELECT 1' 'x'", "PREPARE s FROM N'SELECT 1'", "PREPARE s FROM 'SELECT \\'a\\' INTO OUTFILE \\'x\\''", "PREPARE s FROM 'PREPARE t FROM @a'", "PREPARE s FROM `DELETE FROM t`", "PREPARE s FROM '/*!99999 EXPLAIN */ DELETE FROM t'", "PREPARE s FROM '/*M!999999 EXPLAIN */ DELETE FROM t'", `PREPARE s FROM 'SELECT "f"(1)'`, "PREPARE s FROM 'SELECT 1 /*!50000 INTO OUTFILE ''x'' */'", "PREPARE s FROM 'PREPARE t FROM ''DELETE FROM t'''", "EXECUTE s USING @a", "EXECUTE IMMEDIATE 'DELETE FROM t'", "EXECUTE IMMEDIATE 'COMMIT'", "EXECUTE IMMEDIATE @a", "EXECUTE IMMEDIATE 'SELECT 1' 'x'", "EXECUTE IMMEDIATE 'SELECT 1' USING f()", "EXECUTE IMMEDIATE CONCAT('SELECT 1')", "XA START 'x'", "XA COMMIT 'x'", "XA PREPARE 'x'",
			"DO f()", "SET @a = f()", "HANDLER t READ i = (f())", "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = f()",
			"SET STATEMENT max_statement_time = 1 FOR DELETE FROM t", "SELECT 1; SELECT 2; INSERT t VALUES (1)",
			"SELECT 1 -- x\n; DELETE FROM t", "SELECT 1 --x\n; DELETE FROM t", "SELECT 1 --\x01\n; DELETE FROM t", "SELECT 1 # '\n; DELETE FROM t # '",
			"SELECT `a\\`; DELETE FROM t; -- `", "SELECT 1; COMMIT; SELECT f()",
		}},
		{"readings that depend on a setting", write, []string{
			`SELECT '\'; DELETE FROM t; -- '`, `SELECT '\'; DELETE FROM t; '`, `SELECT "\"; DELETE FROM t; -- "`, `SELECT '"'; DELETE FROM t; -- "'`,
			"SELECT \"'\", '; DELETE FROM t; -- '\"' ", `SELECT "` + "`" + `"; DELETE FROM t; -- ` + "`",
			"SELECT a\xa0INTO\xa0OUTFILE 'x' FROM t",
			`SET sql_mode = 'NO_BACKSLASH_ESCAPES', @a = '\''; SELECT '/*\'; DELETE FROM t; -- ' */`,
			`SET @@sql_mode = 'ANSI_QUOTES'; SELECT "a"`, "SET NAMES latin1; SELECT \xa0", "SET @a = \xa0, character_set_client = latin1; SELECT 1", `SELECT "a\" ; DELETE FROM t; -- "`,
		}},
		{"executable comments", write, []string{
			"/*!DELETE FROM t*/", "/*! DELETE */ FROM t", "/*!99999 EXPLAIN */ DELETE FROM t", "/*!99999 EXPLAIN */ /*!50000 DELETE FROM t */",
			"/*M!100000 EXPLAIN */ /*! DELETE */ FROM t", "SELECT 1 /*!50000 INTO*/ /*M!100000 OUTFILE */ 'x'", "SELECT 1 /*! -- */", "SELECT 1 /*! ; */",
			"SELECT 1 /*! '' */", "SELECT 1 /*!", "SELECT 1 /*! /* */ */", "SELECT 1 /*M! ; DELETE FROM t */", "SELECT 1 /*!9999999 */",
			"/*!1 a*/ /*!50000 b*/ /*!50001 c*/ /*!50002 d*/ /*!50003 e*/ SELECT 1", "COMMIT /*!50000 AND CHAIN */ /*! x */", "/*!50000 COMMIT; */ SELECT 1",
			"SELECT /*+ QB_NAME(`*/ '`) */ ; DELETE FROM t -- ' */ 1", "/*!50000 BEGIN */",
		}},
		{"texts that are not understood", write, []string{
			"SELECT 1\x00", "SELECT 'a", `SELECT 'a\`, `SELECT 1; SELECT "a\`, "SELECT `a", "SELECT 1 /* a", "SELEC 1", "FOO", "DELIMITER ;;", "BEGIN NOT ATOMIC SELECT 1; END", "IF 1 THEN SELECT 1; END IF",
			"BEGIN SELECT 1; END", "COMMIT 1", "START TRANSACTION READ", "START TRANSACTION FOO", "RELEASE a", "SET", "SET a", "SET no_such_variable = 1", "SET gtid_next = 'x'",
			"SET completion_type = 1", "SET autocommit = f()", "SET autocommit = DEFAULT", "SET autocommit = 1, autocommit = 0", "SET STATEMENT a = 1",
			"SET ROLE = a", "SET ROLE a, b c", "SET ROLE a, gtid_next = 'x'", "SET ROLE a b", "SET ROLE a, PASSWORD FOR b = 'x'",
			"SET a.b = 1", "SET STATEMENT autocommit = 0 FOR SELECT 1", "SELECT 1 INTO a", "EXPLAIN DROP TABLE t", "EXPLAIN EXPLAIN SELECT 1", "ANALYZE DROP TABLE t", "KILL f()", "SELECT $$a$$", "GET x", `SELECT \ 1`, `SELECT 1; \`, `SELECT 1 \; DELETE FROM t`,
			"SELECT @@ a", "UPDATE t SET a = DELETE", strings.Repeat("UPDATE ", 100000), "SELECT [a]", strings.Repeat("SELECT 1;", 1001), "SELECT " + strings.Repeat(" ", 1<<20), strings.Repeat("SET STATEMENT time_zone = 1 FOR ", 10) + "SELECT 1",
		}},
		{"calls", unproven, []string{
			"SELECT f()", "SELECT f ()", "SELECT db.f()", "SELECT db . f ()", "SELECT `f`()", "SELECT `count`(1)", "SELECT count (1)", "SELECT db.count(1)", "SELECT sum/**/(1)",
			"SELECT * FROM f()", "SELECT 1 WHERE f()", "SELECT 1 ORDER BY f()", "SELECT 1 LIMIT f()", "SELECT CASE WHEN f() THEN 1 END", "VALUES ROW(f())",
			"SELECT * FROM (SELECT f()) x", "WITH x AS (SELECT f()) SELECT * FROM x", "SELECT f(a) AS x", "SELECT over(1)", "SELECT of(1)", "SELECT columns(1)", "SELECT against(1)", "SELECT escape(1)", "SELECT 1 + sql_no_cache(1)", "SELECT a, sql_buffer_result (1) FROM t", "SELECT a, columns(1)", "SELECT lateral(1)", "SELECT lateral((SELECT 1))",
			"SHOW TABLES WHERE f()", "EXPLAIN SELECT * FROM (SELECT f()) x", "EXPLAIN DELETE FROM t WHERE f()", "SELECT 1; SELECT f()", "SELECT @a := f()", "SELECT DEFAULT(a) FROM t", "EXPLAIN SELECT * FROM (SELECT DEFAULT(a) FROM t) x", "EXPLAIN DELETE FROM t WHERE a = (SELECT DEFAULT(a) FROM u)",
			"SELECT sys_exec('x')", "SELECT 1f(2)", "SELECT `f``g`(1)", "SELECT sum(f(1)) OVER ()", "SELECT f(a), b AS c", "SELECT 1 /*! + f() */", "SELECT é(1)",
			"SELECT service_get_write_locks('a', 'b', 1)", "SELECT 1 /*!50000 + */ /*M!100000 f */ (1)", "SELECT (1) f()", `SELECT "f"(1)`,
		}},
		{"row and table locks", lock, []string{
			"SELECT 1 FROM t FOR UPDATE", "SELECT 1 FROM t FOR SHARE SKIP LOCKED", "SELECT 1 FROM t LOCK IN SHARE MODE", "SELECT * FROM (SELECT 1 FROM t FOR UPDATE) x",
			"(SELECT 1 FROM t) FOR UPDATE", "SELECT 1 FROM t FOR/**/UPDATE OF t NOWAIT", "SELECT 1 FROM t FOR /*!50000 UPDATE */", "LOCK TABLES t READ", "LOCK TABLE t WRITE, u READ",
			"LOCK INSTANCE FOR BACKUP", "FLUSH TABLES WITH READ LOCK", "FLUSH TABLES t FOR EXPORT", "BACKUP STAGE START", "BACKUP LOCK t",
			"SELECT GET_LOCK('a', 1) FROM t FOR UPDATE", "SELECT GET_LOCK('a', 1), f()", "EXPLAIN ANALYZE SELECT 1 FROM t FOR UPDATE",
		}},
		{"definitions, rights and settings", schema, []string{
			"CREATE TABLE t (a INT DEFAULT (1))", "CREATE OR REPLACE TABLE t (a INT)", "CREATE TEMPORARY TABLE t (a INT)", "DROP TABLE t", "ALTER TABLE t ADD c INT",
			"TRUNCATE t", "RENAME TABLE t TO u", "CREATE PROCEDURE p() BEGIN DELETE FROM t; END", "GRANT ALL ON *.* TO a", "REVOKE a FROM b", "CREATE USER a",
			"ANALYZE TABLE t", "ANALYZE NO_WRITE_TO_BINLOG TABLE t", "OPTIMIZE TABLE t", "CHECK TABLE t", "FLUSH TABLES", "FLUSH LOCAL LOGS", "KILL 5", "KILL QUERY @a", "RESET MASTER",
			"PURGE BINARY LOGS TO 'x'", "CHANGE MASTER TO MASTER_HOST = 'x'", "START SLAVE", "STOP REPLICA", "SHUTDOWN", "RESTART", "INSTALL PLUGIN a SONAME 'b'", "CLONE LOCAL DATA DIRECTORY 'x'",
			"SET GLOBAL a = 1", "SET PERSIST a = 1", "SET PERSIST_ONLY a = 1", "SET @@GLOBAL.a = 1", "SET @@persist.a = 1", "SET time_zone = 'x', GLOBAL a = 1", "SET GLOBAL a.b = 1", "SET ROLE a, GLOBAL b = 1", "SET ROLE a, @@global.b = 1",
			"SET PASSWORD = 'x'", "SET DEFAULT ROLE a TO b", "SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET GLOBAL read_only = 1", "SET GLOBAL autocommit = 0", "IMPORT TABLE FROM 'x'",
			"START TRANSACTION READ ONLY; DROP TABLE t", "BINLOG 'x'",
		}},
		{"escapes", escape, []string{
			"START TRANSACTION READ WRITE", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE", "SET TRANSACTION READ WRITE", "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
			"SET transaction_read_only = 0", "SET @@session.tx_read_only = OFF", "SET SESSION transaction_read_only = DEFAULT", "SET `transaction_read_only` = 0", "SET @@`tx_read_only` = 0", "SET @@tx_read_only := 0",
			"SET time_zone = 'x', transaction_read_only = 0", "SET transaction_read_only = 1 - 1", "SET transaction_read_only = (1)", "SET @@SESSION . transaction_read_only = 0", "SET GLOBAL read_only = 0", "SET GLOBAL TRANSACTION READ WRITE",
			"SET ROLE NONE, tx_read_only = 0", "SET ROLE a, tx_read_only := 0", "SET ROLE a, b, @@tx_read_only = 0", "SET ROLE a, NAMES gbk", "SET ROLE ALL EXCEPT a, SESSION tx_read_only := 0",
			"SET STATEMENT transaction_read_only = 0 FOR SELECT 1", "SET NAMES gbk", "SET NAMES 'sjis'", "SET NAMES DEFAULT", "SET CHARACTER SET big5", "SET CHARSET cp932", "SET character_set_client = gb18030",
			"SET character_set_client = 28", "SET character_set_client = @a", "SET @a = 1, NAMES gbk", "SET transaction_read_only = /*! 0 + */ 1",
		}},
		{"session statements", session, []string{
			"BEGIN", "BEGIN WORK", "START TRANSACTION", "START TRANSACTION READ ONLY", "COMMIT WORK AND NO CHAIN RELEASE", "COMMIT AND CHAIN", "ROLLBACK", "ROLLBACK WORK TO SAVEPOINT a", "ROLLBACK TO a",
			"SAVEPOINT a", "RELEASE SAVEPOINT a", "SET autocommit = 0", "SET @@autocommit = ON", "SET SESSION autocommit = 1", "SET NAMES utf8mb4 COLLATE 'utf8mb4_bin'", "SET NAMES 'utf8'", "SET CHARACTER SET latin1",
			"SET sql_mode = 'ANSI'", `SET sql_mode = "ANSI", @a = 'it\'s'`, "SET NAMES utf8mb4; SET sql_mode = 'ANSI'; SELECT 1", "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", "SET @a = 1, @b := (SELECT 2)", "SET time_zone = '+00:00', @@session.wait_timeout = 5", "SET transaction_read_only = 1", "SET SESSION TRANSACTION READ ONLY",
			"SET ROLE NONE", "SET ROLE `a`@`%`, 'b'", "SET ROLE ALL EXCEPT a, b@localhost",
			"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET ROLE a", "USE db", "HANDLER t OPEN", "HANDLER t READ FIRST WHERE a = 1", "DEALLOCATE PREPARE s", "PREPARE s FROM 'SELECT 1'", "PREPARE s FROM 'COMMIT'", `PREPARE s FROM "SELECT 'it''s' FROM t WHERE a = ?"`, "SET NAMES latin1; SELECT '\xa0'", `SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'a\n'`, "SET auto_increment_increment = 2", "DROP PREPARE s", "SELECT 1 INTO @a", "SELECT @a := 1", "GET DIAGNOSTICS @a = NUMBER",
			"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x'", "SET STATEMENT max_statement_time = 1 FOR SELECT 1", "/*!40101 SET NAMES utf8mb4 */",
		}},
	} {
		t.Run(c.family, func(t *testing.T) {
			for _, sql := range c.texts {
				v := mysql.Dialect{}.Classify(sql)
				if v.Class != c.want {
					t.Errorf("%.90q is %v (%s), want %v", sql, v.Class, v.Why, c.want)
				}
				if v.Why == "" || v.Op == "" {
					t.Errorf("%.90q: verdict lacks Why or Op: %+v", sql, v)
				}
				if passes := corpus.Passes(v); passes != (c.want <= session) {
					t.Errorf("%.90q: passes is %v", sql, passes)
				}
			}
		})
	}
}

func TestNamedLocksPass(t *testing.T) {
	for sql, want := range map[string]sqlguard.Op{
		"SELECT GET_LOCK('a', 1)": sqlguard.OpAdvisoryLock, "DO RELEASE_LOCK('a')": sqlguard.OpUnlock, "SELECT RELEASE_ALL_LOCKS()": sqlguard.OpUnlock,
		"UNLOCK TABLES": sqlguard.OpUnlock, "BACKUP UNLOCK": sqlguard.OpUnlock, "SELECT RELEASE_LOCK('a'), GET_LOCK('b', 1)": sqlguard.OpAdvisoryLock,
	} {
		v := mysql.Dialect{}.Classify(sql)
		if v.Class != lock || v.Op != want || !corpus.Passes(v) {
			t.Errorf("%s is %v %s, want a lock %s that passes", sql, v.Class, v.Op, want)
		}
	}
}

func TestTables(t *testing.T) {
	for sql, want := range map[string]string{
		"INSERT INTO Db.T (a) SELECT 1 FROM u":                                         "Db.T INSERT true",
		"INSERT INTO `a b` PARTITION (p) VALUES (1)":                                   "a b INSERT true",
		"INSERT INTO t (SELECT 1)":                                                     "t INSERT true",
		"REPLACE t SET a = 1":                                                          "t REPLACE true",
		"UPDATE t AS x SET x.a = (SELECT 1 FROM u)":                                    "t UPDATE true",
		"UPDATE a, db.b SET a.x = b.x":                                                 "a UPDATE, db.b UPDATE true",
		"UPDATE a JOIN (b LEFT JOIN c ON b.i = c.i) ON f.g(a, b), d SET x = 1":         "a UPDATE, b UPDATE, c UPDATE, d UPDATE true",
		"UPDATE a JOIN (SELECT 1 FROM q, r) s ON 1 SET x = 1":                          "a UPDATE, q UPDATE, r UPDATE true",
		"UPDATE {oj a LEFT JOIN b ON 1} SET x = 1":                                     "oj UPDATE, b UPDATE false",
		"WITH c AS (SELECT 1 FROM q) UPDATE t JOIN c SET a = 1":                        "t UPDATE, c UPDATE true",
		"DELETE FROM db.t WHERE a IN (SELECT 1 FROM u)":                                "db.t DELETE true",
		"DELETE a, B.* FROM t1 AS a JOIN db.t2 b JOIN t3":                              "t1 DELETE, db.t2 DELETE true",
		"DELETE FROM x USING t AS x JOIN u":                                            "t DELETE true",
		"DELETE nosuch FROM t JOIN u":                                                  "nosuch DELETE, t DELETE, u DELETE false",
		"LOAD DATA INFILE 'f' REPLACE INTO TABLE db.t (a, @b) SET c = upper(@b)":       "db.t LOAD DATA true",
		"SELECT * FROM t JOIN db.u ON 1 WHERE a IN (SELECT 1 FROM v) FOR UPDATE":       "t LOCK, db.u LOCK, v LOCK true",
		"LOCK TABLES t READ, db.u AS x WRITE":                                          "t LOCK, db.u LOCK true",
		"TRUNCATE TABLE t":                                                             "t TRUNCATE true",
		"DROP TABLE IF EXISTS a, db.b CASCADE":                                         "a DROP TABLE, db.b DROP TABLE true",
		"CREATE TABLE IF NOT EXISTS t (a INT)":                                         "t CREATE TABLE true",
		"CREATE TABLE t AS SELECT 1":                                                   "t CREATE TABLE false",
		"ALTER TABLE t RENAME TO u":                                                    "t ALTER TABLE false",
		"INSERT INTO t SELECT NEXTVAL(s)":                                              "t INSERT false",
		"INSERT INTO t SELECT 1 FROM u FOR UPDATE":                                     "t INSERT false",
		"INSERT INTO t VALUES ('a\\'b')":                                               "t INSERT true",
		"INSERT INTO t VALUES ('a\\'), (1); DELETE FROM u; -- ')":                      "t INSERT, u DELETE false",
		"SELECT 1 FROM t":                                                              " true",
		"DELETE FROM t; UPDATE u SET a = 1":                                            "t DELETE, u UPDATE true",
		"SELECT NEXTVAL(s)":                                                            " false",
		"SELECT 1 FROM a FORCE INDEX FOR JOIN (i), b FOR UPDATE":                       "a LOCK, i LOCK, b LOCK true",
		"UPDATE t1 PARTITION (p0, p1) x, t2 SET a = 1":                                 "t1 UPDATE, t2 UPDATE true",
		"UPDATE t SET a = 1 WHERE b IN (SELECT c FROM x FOR UPDATE)":                   "t UPDATE false",
		"WITH c AS (SELECT 1) DELETE FROM t":                                           "t DELETE true",
		"UPDATE a JOIN (b) ON LEAST(x, y) SET z = 1":                                   "a UPDATE, b UPDATE true",
		"EXPLAIN DELETE FROM t":                                                        " true",
		"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a), b = LEAST(1)": "t INSERT, t UPDATE true",
	} {
		v := mysql.Dialect{}.Classify(sql)
		var tables []string
		for _, tab := range v.Tables {
			tables = append(tables, fmt.Sprint(tab, " ", tab.Op))
		}
		if got := fmt.Sprint(strings.Join(tables, ", "), " ", v.Complete); got != want {
			t.Errorf("%s\n got %q\nwant %q", sql, got, want)
		}
	}
}

func TestStatementsThatSomeServersSeeBesideOthersHaveNoOperation(t *testing.T) {
	for sql, want := range map[string]sqlguard.Op{
		`INSERT INTO t VALUES ('a\'), (''); SET @b = '-- ')`: sqlguard.OpUnknown,
		`INSERT INTO t VALUES ('a\'), (''), ('-- ')`:         sqlguard.OpInsert,
	} {
		if v := (mysql.Dialect{}).Classify(sql); v.Class != write || v.Op != want {
			t.Errorf("%s is %v %s, want a write %s", sql, v.Class, v.Op, want)
		}
	}
}

func TestCalls(t *testing.T) {
	v := mysql.Dialect{}.Classify("SELECT F(1), Db.`G`(lower(h(2))), f(3), count(*) FROM t")
	if got := fmt.Sprint(v.Calls, v.Functions); got != "[f Db.g h] true" {
		t.Errorf("calls are %s", got)
	}
	if v := (mysql.Dialect{}).Classify("SELECT a FROM t WHERE b IN (1)"); v.Functions {
		t.Error("a query without calls has Functions set")
	}
	if v := (mysql.Dialect{}).Classify("INSERT INTO t SELECT f()"); v.Class != write || fmt.Sprint(v.Calls) != "[f]" {
		t.Errorf("a write loses its calls: %+v", v)
	}
}

func TestTransactions(t *testing.T) {
	for sql, want := range map[string]string{
		"BEGIN": "1 true", "START TRANSACTION READ ONLY": "1 true", "SET autocommit = 0": "1 false", "SET autocommit = 1": "0 true",
		"COMMIT AND NO CHAIN": "2 false", "ROLLBACK": "3 false", "SAVEPOINT a": "4 false", "RELEASE SAVEPOINT a": "5 false", "ROLLBACK TO a": "6 false",
		"DROP TABLE t": "0 true", "LOCK TABLES t READ": "0 true", "UNLOCK TABLES": "0 true", "SELECT 1": "0 false", "DELETE FROM t": "0 false",
		"SET GLOBAL autocommit = 0": "0 false", "TRUNCATE t": "0 true", "FLUSH TABLES": "0 true", "SET time_zone = 'x'": "0 false",
	} {
		v := mysql.Dialect{}.Classify(sql)
		if got := fmt.Sprint(uint8(v.Tx), " ", v.Commits); got != want {
			t.Errorf("%s: Tx and Commits are %s, want %s", sql, got, want)
		}
	}
}

func TestFrequentTextsThatTheParserReadsAllocateNothing(t *testing.T) {
	for _, sql := range []string{
		"BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION READ ONLY", "SET NAMES utf8mb4", "SELECT @@version, @a", "SHOW TABLES",
		`SELECT a FROM t WHERE b = "it's" AND c = 'a\nb'`, "SELECT SQL_NO_CACHE (a) FROM t", "WITH c AS (SELECT 1) SELECT * FROM c", "(SELECT 1) UNION (SELECT 2)",
	} {
		if n := testing.AllocsPerRun(100, func() { mysql.Dialect{}.Classify(sql) }); n != 0 {
			t.Errorf("%s takes %v allocations", sql, n)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, c := range corpus.Load(f, "mysql", "mysql8", "mariadb") {
		f.Add(c.Text())
	}
	f.Add("SELECT \"a\\\"; -- \xa0 /*!50000 b */ /*M! c */")
	f.Fuzz(func(t *testing.T, sql string) { corpus.Invariants(t, mysql.Dialect{}, sql) })
}
