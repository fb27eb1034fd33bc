package verify_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

var postgresSchema = []string{
	`CREATE TABLE t (id serial PRIMARY KEY, a int)`,
	`INSERT INTO t (a) VALUES (1), (2)`,
	`CREATE UNLOGGED TABLE u (a int)`,
	`CREATE SEQUENCE s`,
	`CREATE TABLE store (id int PRIMARY KEY, beat int)`,
	`INSERT INTO store VALUES (1, 0)`,
}

// once executes the statement in a session of its own, and returns when that has ended and
// so has told what it wrote.
func (s *site) once(t *testing.T, statement string) {
	t.Helper()
	db := open(t, s.driver, s.dsn)
	conn := sessionOf(t, db, `SET application_name = 'once'`, statement)
	conn.Close()
	db.Close()
	s.eventually(t, `SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'once'`)
}

func postgresSite(t *testing.T) *site {
	t.Helper()
	return newSite(t, "pgx", verify.Postgres, testdb.Postgres(t).Database(t), postgresSchema...)
}

func TestWhatHoldsUpTheProofOnPostgreSQL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		begin func(*testing.T, *site)
		hold  verify.Hold // "" is none
		words []string
	}{
		{"an open transaction that wrote", func(t *testing.T, s *site) {
			s.session(t, `SET application_name = 'cron'`, `BEGIN`, `INSERT INTO t (a) VALUES (3)`)
		}, verify.HoldsTransaction, []string{"pid ", "user postgres", "application cron", "from local", "idle in transaction", "transaction id", "public.t", "age"}},
		{"an open transaction that only read, and began after the close", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `SELECT count(*) FROM t`)
		}, "", nil},
		{"an idle session", func(t *testing.T, s *site) { s.session(t, `SELECT 1`) }, "", nil},
		{"a prepared transaction", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `INSERT INTO t (a) VALUES (3)`, `PREPARE TRANSACTION 'the gid'`)
			t.Cleanup(func() { s.admin.Exec(`ROLLBACK PREPARED 'the gid'`) })
		}, verify.HoldsPrepared, []string{`"the gid"`, "ROLLBACK PREPARED", "user postgres"}},
		{"an INSERT that has not reached its first row", func(t *testing.T, s *site) {
			s.start(t, `INSERT INTO t (a) SELECT 1 FROM pg_sleep(60)`)
			s.eventually(t, `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`)
		}, verify.HoldsLock, []string{"active", "write lock on public.t"}},
		{"an UPDATE that waits for a lock", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `LOCK TABLE t IN SHARE MODE`)
			s.session(t, `SET application_name = 'waits'`)
			s.start(t, `UPDATE t SET a = 5`)
			s.eventually(t, `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
		}, "two", nil},
		{"rows locked by SELECT FOR UPDATE", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `SELECT * FROM t FOR UPDATE`)
		}, verify.HoldsTransaction, nil},
		{"a temporary table that was written", func(t *testing.T, s *site) {
			s.session(t, `CREATE TEMPORARY TABLE own (a int)`, `BEGIN`, `INSERT INTO own VALUES (1)`)
		}, verify.HoldsTransaction, []string{"pg_temp"}},
		{"a table created in an open transaction", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `CREATE TABLE fresh (a int)`)
		}, verify.HoldsTransaction, []string{"a new table"}},
		{"a session that does not tell what it does", func(t *testing.T, s *site) {
			s.session(t, `SET track_activities = off`, `SELECT 1`)
		}, verify.HoldsHidden, []string{"track_activities"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := postgresSite(t)
			v := s.verifier(t, func(c *verify.Config) { c.ClosedFor = time.Hour })
			test.begin(t, s)
			report := run(t, v)
			switch test.hold {
			case "":
				wantQuiet(t, report)
			case "two":
				if len(report.Writers) != 2 {
					t.Errorf("want the holder and the waiter, got:\n%s", report)
				}
			default:
				wantWriter(t, report, test.hold, test.words...)
			}
		})
	}
}

func TestWhatBeganBeforeTheCloseHoldsUpTheProofOnPostgreSQL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, words string
		begin       func(*testing.T, *site)
	}{
		{"an idle transaction that only read", "idle in transaction, in a transaction that began before", func(t *testing.T, s *site) {
			s.session(t, `BEGIN`, `SELECT count(*) FROM t`)
		}},
		{"a running statement", "active, in a transaction that began before", func(t *testing.T, s *site) {
			s.start(t, `SELECT pg_sleep(60)`)
			s.eventually(t, `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := postgresSite(t)
			test.begin(t, s)
			wantWriter(t, s.verify(t), verify.HoldsOld, test.words)
			t.Run("but not if its role is left out", func(t *testing.T) {
				report := s.verify(t, func(c *verify.Config) { c.LeaveOut.Roles = []string{"postgres"} })
				wantQuiet(t, report)
				wantLeftOut(t, report, "session", "postgres")
			})
		})
	}
}

func TestWhatIsWrittenBetweenTwoLooksAtPostgreSQL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statement, table, words string
	}{
		{"a row inserted", `INSERT INTO t (a) VALUES (3)`, "public.t", "+1 inserted"},
		{"rows updated", `UPDATE t SET a = 9`, "public.t", "+2 updated"},
		{"rows deleted", `DELETE FROM t`, "public.t", "+2 deleted"},
		{"an unlogged table", `INSERT INTO u VALUES (3)`, "public.u", "+1 inserted"},
		{"COPY", `COPY t (a) FROM PROGRAM 'echo 1'`, "public.t", "+1 inserted"},
		{"TRUNCATE", `TRUNCATE t`, "public.t", "truncated or rewritten"},
		{"a table created", `CREATE TABLE fresh (a int)`, "public.fresh", "created"},
		{"a table dropped", `DROP TABLE u`, "public.u", "dropped"},
		{"a table renamed", `ALTER TABLE u RENAME TO w`, "public.w", "renamed from public.u"},
		{"a column added", `ALTER TABLE u ADD b int`, "pg_catalog.pg_attribute", "+1 inserted"},
		{"a function created", `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, "pg_catalog.pg_proc", "+1 inserted"},
		{"nextval, which takes no transaction id every time", `SELECT nextval('s')`, "public.s", "sequence used or set"},
		{"setval", `SELECT setval('s', 40)`, "public.s", "sequence used or set"},
		{"a large object", `SELECT lo_from_bytea(0, 'bytes')`, "pg_catalog.pg_largeobject", "+1 inserted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := postgresSite(t)
			s.once(t, `SELECT nextval('s')`) // so that the log has 32 values in advance
			report := s.meanwhile(t, func() { s.once(t, test.statement) })
			wantMoved(t, report, test.table, test.words)
		})
	}
}

func TestNothingWrittenIsQuietOnPostgreSQL(t *testing.T) {
	s := postgresSite(t)
	report := s.meanwhile(t, func() {
		s.once(t, `SELECT count(*) FROM t`)
		s.once(t, `ANALYZE`)
	})
	if len(report.Moved) > 0 || len(report.Writers) > 0 {
		t.Errorf("want nothing moved by reads and ANALYZE, got:\n%s", report)
	}
	report = s.verify(t)
	wantQuiet(t, report)
	if !strings.Contains(report.Proof, "no transaction id was handed out") {
		t.Errorf("proof %q", report.Proof)
	}
}

func TestTheLogPositionLiesAfterTheLastCommitOnPostgreSQL(t *testing.T) {
	s := postgresSite(t)
	s.session(t, `SET synchronous_commit = off`, `INSERT INTO t (a) VALUES (3)`)
	var inserted string
	if err := s.admin.QueryRow(`SELECT pg_current_wal_insert_lsn()::text`).Scan(&inserted); err != nil {
		t.Fatal(err)
	}
	report := s.verify(t)
	wantQuiet(t, report)
	var after bool
	if err := s.admin.QueryRow(`SELECT $1::pg_lsn >= $2::pg_lsn`, report.Position.LSN, inserted).Scan(&after); err != nil || !after {
		t.Errorf("position %v, %v; want no less than %s", report.Position, err, inserted)
	}
}

func TestVerifyingWritesNothingOnPostgreSQL(t *testing.T) {
	s := postgresSite(t)
	const mark = `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`
	var before, after string
	if err := s.admin.QueryRow(mark).Scan(&before); err != nil {
		t.Fatal(err)
	}
	wantQuiet(t, s.verify(t))
	if err := s.admin.QueryRow(mark).Scan(&after); err != nil || before != after {
		t.Errorf("the next transaction id went from %s to %s, %v", before, after, err)
	}
}

// TestTheStoreGoesOnBeating has heartbeats in the guarded database itself, by the role that
// also serves the site.
func TestTheStoreGoesOnBeatingOnPostgreSQL(t *testing.T) {
	t.Parallel()
	s := postgresSite(t)
	store := func(c *verify.Config) { c.LeaveOut.Tables = []string{"public.store"} }
	beats := func(t *testing.T) {
		s.once(t, `UPDATE store SET beat = beat + 1`)
	}
	t.Run("and is named, but does not count", func(t *testing.T) {
		report := s.meanwhile(t, func() { beats(t) }, store)
		wantQuiet(t, report)
		wantLeftOut(t, report, "table", "public.store: +1 updated")
		if !strings.Contains(report.Proof, "counters of every table not left out") {
			t.Errorf("proof %q", report.Proof)
		}
	})
	t.Run("and counts when it is not named", func(t *testing.T) {
		wantMoved(t, s.meanwhile(t, func() { beats(t) }), "public.store", "+1 updated")
	})
	t.Run("in a transaction that is open at the looks", func(t *testing.T) {
		beating := s.session(t, `BEGIN`, `UPDATE store SET beat = 7`)
		report := s.verify(t, store)
		wantQuiet(t, report)
		wantLeftOut(t, report, "session", "pid ")
		t.Run("which is a writer once it writes to another table", func(t *testing.T) {
			do(t, beating, `UPDATE t SET a = 7`)
			wantWriter(t, s.verify(t, store, func(c *verify.Config) { c.LeaveOut.Roles = []string{"postgres"} }),
				verify.HoldsTransaction, "public.store", "public.t")
		})
	})
}

func TestAClientKilledInMidStatementIsStillAWriter(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql in PATH: install postgresql-client")
	}
	s := postgresSite(t)
	client := exec.Command(psql, s.dsn, "-c", `WITH w AS (INSERT INTO t (a) VALUES (77) RETURNING a) SELECT pg_sleep(4) FROM w`)
	client.Env = append(os.Environ(), "PGAPPNAME=killed")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, `SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'killed' AND backend_xid IS NOT NULL`)
	client.Process.Kill()
	client.Wait()
	v := s.verifier(t)
	wantWriter(t, run(t, v), verify.HoldsTransaction, "application killed", "active")
	report, err := v.Wait(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantQuiet(t, report)
	var rows int
	if err := s.admin.QueryRow(`SELECT count(*) FROM t WHERE a = 77`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows of the dead client, %v; want its commit before the proof", rows, err)
	}
}

func TestOtherDatabasesOfTheServerDoNotCountOnPostgreSQL(t *testing.T) {
	s, other := postgresSite(t), postgresSite(t)
	other.session(t, `BEGIN`, `INSERT INTO t (a) VALUES (3)`)
	wantQuiet(t, s.meanwhile(t, func() { other.session(t, `INSERT INTO t (a) VALUES (4)`) }))
	if _, err := s.verifier(t, func(c *verify.Config) { c.Databases = []string{"elsewhere"} }).Verify(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("error %v, want one that names the database", err)
	}
}
