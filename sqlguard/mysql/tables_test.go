package mysql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// TestTablesOfEachForm has each form in which a statement names what it writes. Where it
// cannot be named, the verdict must not be complete; a table too many is no harm.
func TestTablesOfEachForm(t *testing.T) {
	for sql, want := range map[string]string{
		"DELETE t.* FROM t":                                                      "t DELETE true",
		"DELETE db.a.* FROM db.a, b":                                             "db.a DELETE true",
		"DELETE x FROM db.a x, b":                                                "db.a DELETE true",
		"DELETE a FROM db.t AS a JOIN a b":                                       "db.t DELETE true",
		"DELETE FROM a, b USING a JOIN b ON a.i = b.i":                           "a DELETE, b DELETE true",
		"DELETE FROM a.*, db.b.* USING a, db.b":                                  "a DELETE, db.b DELETE true",
		"DELETE FROM t PARTITION (p0, p1) WHERE a = 1":                           "t DELETE true",
		"DELETE FROM t AS x WHERE x.a = 1":                                       "t DELETE true",
		"DELETE LOW_PRIORITY QUICK IGNORE FROM t ORDER BY a LIMIT 1":             "t DELETE true",
		"DELETE FROM t FOR PORTION OF p FROM 1 TO 2":                             "t DELETE true",
		"DELETE FROM `a b`.`t` WHERE a = 1 RETURNING a":                          "a b.t DELETE true",
		"DELETE a, b FROM a INNER JOIN b INNER JOIN c WHERE a.i = b.i":           "a DELETE, b DELETE true",
		"DELETE t1 FROM t1 LEFT JOIN (SELECT * FROM t2) x ON 1":                  "t1 DELETE true",
		"DELETE x.* FROM d.x, u WHERE EXISTS (SELECT 1 FROM ab AS x)":            "d.x DELETE true", // the subquery's x is another
		"DELETE x FROM t JOIN (SELECT a FROM u AS x) q JOIN (v AS x)":            "v DELETE true",
		"DELETE d.t FROM T x JOIN d.t":                                           "d.t DELETE true",          // what has an alias goes by it alone
		"DELETE t FROM t, T":                                                     "T DELETE, t DELETE false", // which of them depends on the server's file system
		"DELETE t FROM a.t, b.t":                                                 "b.t DELETE, a.t DELETE false",
		"WITH c AS (SELECT 1) DELETE t FROM t JOIN c":                            "t DELETE true",
		"DELETE HISTORY FROM t":                                                  "HISTORY DELETE, t DELETE false", // MySQL sees an alias
		"REPLACE INTO db.t (a) SELECT b FROM u":                                  "db.t REPLACE true",
		"REPLACE DELAYED t PARTITION (p0) VALUES (1)":                            "t REPLACE true",
		"INSERT INTO t VALUES ROW(1), ROW(2)":                                    "t INSERT true",
		"INSERT INTO t TABLE u":                                                  "t INSERT true",
		"INSERT INTO t (a) WITH c AS (SELECT 1) SELECT * FROM c":                 "t INSERT true",
		"INSERT INTO t SET a = 1 AS n ON DUPLICATE KEY UPDATE a = n.a":           "t INSERT, t UPDATE true",
		"INSERT t(a) VALUES(1)":                                                  "t INSERT true",
		"INSERT INTO `d``b`.`t` VALUES (1)":                                      "d`b.t INSERT true",
		"INSERT INTO t SELECT a FROM u ON DUPLICATE KEY UPDATE b = 1":            "t INSERT, t UPDATE true",
		"INSERT INTO t VALUES (1) RETURNING a":                                   "t INSERT true",
		"INSERT INTO db . t VALUES (1)":                                          "db.t INSERT true",
		"INSERT INTO t SELECT 1 INTO OUTFILE 'x'":                                "t INSERT false",
		"UPDATE t PARTITION (p) SET a = 1":                                       "t UPDATE true",
		"UPDATE `d`.`t` `x` SET a = 1":                                           "d.t UPDATE true",
		"UPDATE t1, (SELECT * FROM t2) d SET t1.a = d.a":                         "t1 UPDATE, t2 UPDATE true",
		"UPDATE t1 NATURAL JOIN t2 SET a = 1":                                    "t1 UPDATE, t2 UPDATE true",
		"UPDATE t1 LEFT OUTER JOIN t2 USING (a) SET b = 1":                       "t1 UPDATE, t2 UPDATE true",
		"UPDATE t1 STRAIGHT_JOIN t2 SET b = 1":                                   "t1 UPDATE, t2 UPDATE true",
		"UPDATE LOW_PRIORITY IGNORE t SET a = 1":                                 "t UPDATE true",
		"UPDATE (t1, t2) SET a = 1":                                              "t1 UPDATE, t2 UPDATE true",
		"UPDATE (t1 JOIN t2 ON t1.a = t2.a), t3 SET a = 1":                       "t1 UPDATE, t2 UPDATE, t3 UPDATE true",
		"UPDATE t FORCE INDEX (i, j) SET a = 1":                                  "t UPDATE true",
		"UPDATE t FOR PORTION OF p FROM 1 TO 2 SET a = 1":                        "t UPDATE, TO UPDATE true",
		"UPDATE t1, LATERAL (SELECT * FROM t2) x SET a = 1":                      "t1 UPDATE, t2 UPDATE true",
		"UPDATE JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) j, t SET t.a = 1": "t UPDATE true",
		"UPDATE t SET a = (SELECT max(b) FROM u) ORDER BY a LIMIT 2":             "t UPDATE true",
		"TRUNCATE a":                                      "a TRUNCATE true",
		"TRUNCATE TABLE db.a":                             "db.a TRUNCATE true",
		"TRUNCATE TABLE `t` WAIT 5":                       "t TRUNCATE true",
		"DROP TEMPORARY TABLE a, b":                       "a DROP TABLE, b DROP TABLE true",
		"DROP VIEW a, db.b":                               "a DROP VIEW, db.b DROP VIEW true",
		"OPTIMIZE TABLE a, db.b":                          "a OPTIMIZE TABLE, db.b OPTIMIZE TABLE true",
		"RENAME TABLE a TO b":                             "a RENAME TABLE false",
		"CREATE INDEX i ON t (a)":                         " false",
		"CALL p()":                                        " false",
		"PREPARE s FROM 'DELETE FROM t'":                  " false",
		"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u": "t ALTER TABLE false",
		"LOAD DATA LOCAL INFILE 'f' INTO TABLE t PARTITION (p) FIELDS TERMINATED BY ','": "t LOAD DATA true",
		"LOAD XML LOCAL INFILE 'f' IGNORE INTO TABLE db.t":                               "db.t LOAD XML true",
		"LOAD DATA INFILE 'into table x' INTO TABLE t":                                   "t LOAD DATA true",
		"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1":                    " false",
	} {
		v := mysql.Dialect{}.Classify(sql)
		var tables []string
		for _, table := range v.Tables {
			tables = append(tables, fmt.Sprint(table, " ", table.Op))
		}
		if got := fmt.Sprint(strings.Join(tables, ", "), " ", v.Complete); got != want {
			t.Errorf("%s\n got %q\nwant %q", sql, got, want)
		}
		agree(t, sql)
	}
}
