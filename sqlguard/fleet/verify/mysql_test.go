package verify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

var mysqlSchema = []string{
	`CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, a int)`,
	`INSERT INTO t (a) VALUES (1), (2)`,
	`CREATE TABLE store (id int PRIMARY KEY, beat int)`,
	`INSERT INTO store VALUES (1, 0)`,
}

func mysqlSite(t *testing.T, server *testdb.Server, schema ...string) *site {
	t.Helper()
	return newSite(t, "mysql", verify.MySQL, server.Database(t), append(mysqlSchema, schema...)...)
}

// name is the database's.
func (s *site) name(t *testing.T) (name string) {
	t.Helper()
	if err := s.admin.QueryRow(`SELECT DATABASE()`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

// settled waits until the second in which the table t was written is over.
func (s *site) settled(t *testing.T) {
	t.Helper()
	s.eventually(t, `SELECT COALESCE(MAX(UPDATE_TIME) < NOW() - INTERVAL 1 SECOND, 1) FROM information_schema.TABLES
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'`)
}

// asleep waits until a session runs SLEEP.
func (s *site) asleep(t *testing.T) {
	t.Helper()
	s.eventually(t, `SELECT COUNT(*) > 0 FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'`)
}

func TestWhatHoldsUpTheProofOnMariaDB(t *testing.T) {
	tests := []struct {
		name  string
		begin func(*testing.T, *site)
		hold  verify.Hold // "" is none
		words []string
	}{
		{"an open transaction that wrote", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `INSERT INTO t (a) VALUES (3)`)
		}, verify.HoldsTransaction, []string{"pid ", "user root", "from local", "idle", "modified 1 rows", "age"}},
		{"an open transaction that only read, and began after the close", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `SELECT COUNT(*) FROM t`)
		}, "", nil},
		{"an idle session", func(t *testing.T, s *site) { s.session(t, `SELECT 1`) }, "", nil},
		{"a prepared transaction whose session has gone", func(t *testing.T, s *site) {
			t.Cleanup(func() {
				if _, err := s.admin.Exec(`XA ROLLBACK 'x'`); err != nil {
					t.Error(err)
				}
			})
			db := open(t, s.driver, s.dsn)
			sessionOf(t, db, `XA START 'x'`, `INSERT INTO t (a) VALUES (3)`, `XA END 'x'`, `XA PREPARE 'x'`).Close()
			db.Close()
			s.eventually(t, `SELECT COUNT(*) = 1 FROM information_schema.PROCESSLIST WHERE DB = DATABASE()`)
		}, verify.HoldsPrepared, []string{"without a session", "XA ROLLBACK"}},
		{"a prepared transaction whose session is there", func(t *testing.T, s *site) {
			conn := s.session(t, `XA START 'x'`, `INSERT INTO t (a) VALUES (3)`, `XA END 'x'`, `XA PREPARE 'x'`)
			t.Cleanup(func() { conn.ExecContext(context.Background(), `XA ROLLBACK 'x'`) })
		}, verify.HoldsTransaction, []string{"user root", "modified 1 rows"}},
		{"an INSERT that has not reached its first row", func(t *testing.T, s *site) {
			s.start(t, `/* a comment */ INSERT INTO t (a) SELECT SLEEP(60)`)
			s.asleep(t)
		}, verify.HoldsStatement, []string{"running INSERT"}},
		{"rows locked by SELECT FOR UPDATE", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `SELECT * FROM t FOR UPDATE`)
		}, verify.HoldsLock, []string{"locked"}},
		{"rows locked by reads at SERIALIZABLE", func(t *testing.T, s *site) {
			s.session(t, `SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE`, `BEGIN`, `SELECT * FROM t`)
		}, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := mysqlSite(t, testdb.MariaDB(t))
			v := s.verifier(t, func(c *verify.Config) { c.ClosedFor = time.Hour })
			test.begin(t, s)
			report := run(t, v)
			if test.hold == "" {
				wantQuiet(t, report)
			} else {
				wantWriter(t, report, test.hold, test.words...)
			}
		})
	}
}

func TestWhatBeganBeforeTheCloseHoldsUpTheProofOnMariaDB(t *testing.T) {
	tests := []struct {
		name, words string
		begin       func(*testing.T, *site)
	}{
		{"an idle transaction that only read", "began before", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `SELECT COUNT(*) FROM t`)
		}},
		{"a running statement", "running SELECT since before", func(t *testing.T, s *site) {
			s.start(t, `SELECT SLEEP(60)`)
			s.asleep(t)
		}},
		{"seen from another time zone", "began before", func(t *testing.T, s *site) {
			s.config.DB = open(t, s.driver, s.dsn+"?time_zone=%27-07%3A00%27")
			s.session(t, `SET time_zone = '+05:00'`, `BEGIN`, `SELECT COUNT(*) FROM t`)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := mysqlSite(t, testdb.MariaDB(t))
			test.begin(t, s)
			report := s.verify(t)
			wantWriter(t, report, verify.HoldsOld, test.words)
			if age := report.Writers[0].AgeSeconds; age < 0 || age > 600 {
				t.Errorf("age %v s", age)
			}
		})
	}
	t.Run("but not a transaction that cannot write", func(t *testing.T) {
		s := mysqlSite(t, testdb.MariaDB(t))
		s.session(t, `START TRANSACTION READ ONLY`, `SELECT COUNT(*) FROM t`)
		wantQuiet(t, s.verify(t))
	})
}

// mysqlWrites are told in the same way whatever counts them.
var mysqlWrites = []struct{ name, statement, words string }{
	{"a row inserted", `INSERT INTO t (a) VALUES (3)`, ".t: |+1 "},
	{"rows updated", `UPDATE t SET a = 9`, ".t: |+2 updated"},
	{"rows deleted", `DELETE FROM t`, ".t: "},
	{"as many rows as before, after statistics were renewed", `ANALYZE TABLE t; UPDATE t SET a = 8`, ".t: "},
	{"TRUNCATE", `TRUNCATE t`, "TRUNCATE on the whole server: were executed"},
	{"a table created", `CREATE TABLE fresh (a int)`, "CREATE TABLE"},
	{"a table dropped", `DROP TABLE store`, "DROP TABLE"},
	{"a column added", `ALTER TABLE t ADD b int`, "ALTER TABLE"},
	{"a view created", `CREATE VIEW v AS SELECT 1`, "CREATE VIEW"},
	{"a table with a name that files cannot have", "INSERT INTO `odd-näme` VALUES (1)", "odd-n"},
	{"one of several partitions", `INSERT INTO parted VALUES (1)`, ".parted: |+1 "},
}

var oddTables = []string{
	"CREATE TABLE `odd-näme` (a int)",
	`CREATE TABLE parted (a int) PARTITION BY HASH (a) PARTITIONS 3`,
}

func TestWhatIsWrittenBetweenTwoLooksAtMariaDB(t *testing.T) {
	for _, test := range mysqlWrites {
		t.Run(test.name, func(t *testing.T) {
			s := mysqlSite(t, testdb.MariaDB(t), oddTables...)
			report := s.meanwhile(t, func() { s.session(t, strings.Split(test.statement, "; ")...) })
			for _, words := range strings.Split(test.words, "|") {
				if report.Quiet || !strings.Contains(report.String(), words) {
					t.Errorf("want %q, got:\n%s", words, report)
				}
			}
		})
	}
	for _, engine := range []string{"MyISAM", "Aria"} {
		t.Run("a table of "+engine, func(t *testing.T) {
			s := mysqlSite(t, testdb.MariaDB(t), `CREATE TABLE m (a int) ENGINE=`+engine, `INSERT INTO m VALUES (1)`)
			wantQuiet(t, s.verify(t))
			report := s.meanwhile(t, func() { s.session(t, `UPDATE m SET a = a + 1`) })
			wantMoved(t, report, "tables of the engine "+engine, "performance_schema")
		})
	}
}

func TestTheStoreGoesOnBeatingOnMariaDB(t *testing.T) {
	s := mysqlSite(t, testdb.MariaDB(t))
	store := func(c *verify.Config) { c.LeaveOut.Tables = []string{s.name(t) + ".store"} }
	beats := func() { s.session(t, `UPDATE store SET beat = beat + 1`) }
	s.settled(t)
	report := s.meanwhile(t, beats, store)
	wantQuiet(t, report)
	wantLeftOut(t, report, "table", ".store: written, +1 updated")
	wantMoved(t, s.meanwhile(t, beats), s.name(t)+".store", "+1 updated")

	t.Run("in a transaction that two looks do not both see", func(t *testing.T) {
		role := func(c *verify.Config) { c.LeaveOut.Roles = []string{"root"} }
		beating := s.session(t, `BEGIN`, `UPDATE store SET beat = 7`)
		wantWriter(t, s.verify(t, store, role), verify.HoldsTransaction, "modified 1 rows")
		s.settled(t)
		wantQuiet(t, s.meanwhile(t, func() { do(t, beating, `COMMIT`, `BEGIN`, `UPDATE store SET beat = 8`) }, store, role))
	})
}

func TestNothingWrittenIsQuietOnMariaDB(t *testing.T) {
	s := mysqlSite(t, testdb.MariaDB(t))
	report := s.meanwhile(t, func() {
		s.session(t, `SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY 2`, `START TRANSACTION READ ONLY`, `SELECT * FROM t`, `COMMIT`)
	})
	wantQuiet(t, report)
	if !strings.Contains(report.Proof, "no row of any table was written on the whole server") ||
		!strings.Contains(report.Position.String(), "binary log is off") {
		t.Errorf("got:\n%s", report)
	}
}

// TestAMariaDBServerWithABinaryLogAndCounters has what MySQL has by default.
func TestAMariaDBServerWithABinaryLogAndCounters(t *testing.T) {
	t.Parallel()
	server := testdb.MariaDBWith(t, "--log-bin=log", "--server-id=1", "--performance-schema=ON")
	t.Run("tells its position", func(t *testing.T) {
		s := mysqlSite(t, server)
		before := s.verify(t)
		wantQuiet(t, before)
		s.session(t, `INSERT INTO t (a) VALUES (3)`)
		after := s.verify(t)
		if before.Position.File == "" || after.Position.Offset <= before.Position.Offset ||
			!strings.HasPrefix(after.Position.GTID, "0-1-") || after.Position.GTID == before.Position.GTID {
			t.Errorf("positions %v and %v", before.Position, after.Position)
		}
		var gtid string
		if err := s.admin.QueryRow(`SELECT @@gtid_binlog_pos`).Scan(&gtid); err != nil || gtid != after.Position.GTID {
			t.Errorf("GTID %v, the server's is %v, %v", after.Position.GTID, gtid, err)
		}
	})
	for _, test := range mysqlWrites {
		t.Run(test.name, func(t *testing.T) {
			s := mysqlSite(t, server, oddTables...)
			report := s.meanwhile(t, func() { s.session(t, strings.Split(test.statement, "; ")...) })
			for _, words := range strings.Split(test.words, "|") {
				if report.Quiet || !strings.Contains(report.String(), words) {
					t.Errorf("want %q, got:\n%s", words, report)
				}
			}
		})
	}
	t.Run("tells tables of MyISAM from the store's", func(t *testing.T) {
		s := mysqlSite(t, server, `CREATE TABLE m (a int) ENGINE=MyISAM`)
		store := func(c *verify.Config) { c.LeaveOut.Tables = []string{s.name(t) + ".store"} }
		wantQuiet(t, s.meanwhile(t, func() { s.session(t, `UPDATE store SET beat = beat + 1`) }, store))
		wantMoved(t, s.meanwhile(t, func() { s.session(t, `INSERT INTO m VALUES (1)`) }, store), s.name(t)+".m", "+1 inserted")
	})
	t.Run("names the grant for its position", func(t *testing.T) {
		s := mysqlSite(t, server)
		account(t, s, "process", "GRANT PROCESS ON *.* TO 'process'@'localhost'", "GRANT SELECT ON `"+s.name(t)+"`.* TO 'process'@'localhost'",
			"GRANT SELECT ON performance_schema.* TO 'process'@'localhost'")
		wantGrant(t, s, "GRANT BINLOG MONITOR ON *.* TO 'process'@'localhost'")
	})
	t.Run("names the grant for its counters", func(t *testing.T) {
		s := mysqlSite(t, server)
		account(t, s, "counters", "GRANT PROCESS ON *.* TO 'counters'@'localhost'", "GRANT SELECT ON `"+s.name(t)+"`.* TO 'counters'@'localhost'")
		wantGrant(t, s, "GRANT SELECT ON performance_schema.* TO 'counters'@'localhost'")
	})
}

// TestAnOutdatedListOfTransactionsProvesNothing has somebody read the list so often that the
// server does not renew it.
func TestAnOutdatedListOfTransactionsProvesNothingOnMariaDB(t *testing.T) {
	s := mysqlSite(t, testdb.MariaDB(t))
	reader := s.session(t)
	ctx, cancel := context.WithCancel(context.Background())
	reading, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			var n int
			reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.INNODB_TRX`).Scan(&n)
			if i == 1 {
				close(reading)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	<-reading
	s.session(t, `BEGIN`, `INSERT INTO t (a) VALUES (3)`)
	report, err := s.verifier(t).Verify(t.Context())
	if err == nil {
		// A machine that was too slow to keep the list old.
		wantWriter(t, report, verify.HoldsTransaction, "modified 1 rows")
	} else if !strings.Contains(err.Error(), "out of date") {
		t.Error(err)
	}
}
