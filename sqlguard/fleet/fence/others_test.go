package fence_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// installed returns the fence of a database, which it has made.
func installed(t *testing.T, driver, dialect, dsn string) *fence.Fence {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f, err := fence.New(db, dialect)
	if err == nil {
		err = f.Install(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// copies makes a database with the fence and, on the same server, another whose fence is as like it as can be: on PostgreSQL
// a copy, whose objects have the same numbers.
func copies(t *testing.T, driver, dialect, dsn string) (one, other *sql.DB) {
	t.Helper()
	open := func(dsn string) *sql.DB {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	one = open(dsn)
	f, err := fence.New(one, dialect)
	if err == nil {
		err = f.Install(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if dialect == fence.MySQL {
		cfg, err := mysql.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		cfg.DBName += "_copy"
		if _, err := one.Exec("CREATE DATABASE " + cfg.DBName); err != nil {
			t.Fatal(err)
		}
		other = open(cfg.FormatDSN())
		if f, err = fence.New(other, dialect); err == nil {
			err = f.Install(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		return one, other
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	one.Close() // nobody may be connected to what is copied
	u.Path = "/postgres"
	if _, err := open(u.String()).Exec("CREATE DATABASE " + name + "_copy TEMPLATE " + name); err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name + "_copy"
	return open(dsn), open(u.String())
}

// TestTheSessionsOfAnotherDatabaseAreLeftAlone closes the fence of one database, and ends who has taken it, while
// somebody copies it, and somebody else closes that of another on the same server, and waits for who has taken that.
func TestTheSessionsOfAnotherDatabaseAreLeftAlone(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			one, other := copies(t, e.driver, e.dialect, e.server(t).Database(t))
			self := map[string]string{fence.Postgres: "SELECT pg_backend_pid()", fence.MySQL: "SELECT CONNECTION_ID()"}[e.dialect]
			take := func(db *sql.DB) (conn *sql.Conn, session int64) {
				conn, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				if err := conn.QueryRowContext(t.Context(), self).Scan(&session); err != nil {
					t.Fatal(err)
				}
				for _, text := range e.take {
					if e.dialect == fence.MySQL {
						text = strings.Replace(text, "UPDATE quiesce_fence SET closed = FALSE", "SELECT * FROM quiesce_fence LOCK IN SHARE MODE", 1)
					}
					if _, err := conn.ExecContext(t.Context(), text); err != nil {
						t.Fatal(text, err)
					}
				}
				return conn, session
			}
			_, in := take(one)
			innocent, _ := take(other)
			reader, err := one.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			for _, text := range e.copies {
				if _, err := reader.ExecContext(t.Context(), text); err != nil {
					t.Fatal(text, err)
				}
			}
			patient, err := fence.New(other, e.dialect)
			if err != nil {
				t.Fatal(err)
			}
			waiting, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				if lock, err := patient.Close(waiting, nil); err == nil {
					lock.Release()
				}
			}()
			waits := map[string]string{
				fence.Postgres: "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
				fence.MySQL:    "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE quiesce_fence %'",
			}[e.dialect]
			for n := 0; n == 0; {
				if err := other.QueryRow(waits).Scan(&n); err != nil {
					t.Fatal(err)
				}
			}
			f, err := fence.New(one, e.dialect)
			if err != nil {
				t.Fatal(err)
			}
			var ended []int64
			lock, err := f.Close(t.Context(), func(h fence.Holder) { ended = append(ended, h.Session) })
			if err != nil {
				t.Fatal(err)
			}
			lock.Release()
			for _, session := range ended { // which may be told twice
				if session != in {
					t.Errorf("session %d was ended, which has not taken this fence", session)
				}
			}
			for name, session := range map[string]*sql.Conn{"of the other database": innocent, "that reads": reader} {
				if _, err := session.ExecContext(t.Context(), "COMMIT"); err != nil {
					t.Errorf("the session %s: %v", name, err)
				}
			}
			stop()
			<-done
		})
	}
}

// TestTheModeOfWhoInstallsChangesNothing installs the fence in a session with an sql_mode that reads NOT otherwise, which a
// procedure keeps, and takes it while the row is locked: then it is skipped, and must not pass for open.
func TestTheModeOfWhoInstallsChangesNothing(t *testing.T) {
	e := engines[1]
	dsn := e.server(t).Database(t)
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Params = map[string]string{"sql_mode": "'HIGH_NOT_PRECEDENCE'"}
	db, err := sql.Open(e.driver, cfg.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f, err := fence.New(db, e.dialect)
	if err == nil {
		err = f.Install(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	const take = "CALL quiesce_fence_begin()"
	if waits(t, db, take) {
		t.Error("the open fence is not taken")
	}
	operator, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Rollback()
	if _, err := operator.Exec("UPDATE quiesce_fence SET closed = TRUE"); err != nil {
		t.Fatal(err)
	}
	if !waits(t, db, take) {
		t.Error("the fence was taken while the operator has it")
	}
	if err := operator.Commit(); err != nil {
		t.Fatal(err)
	}
	if !waits(t, db, take) {
		t.Error("the closed fence was taken")
	}
}

// TestOperatorsAreNotEnded has one operator keep the fence locked, while another closes it and ends who has taken it.
func TestOperatorsAreNotEnded(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f := installed(t, e.driver, e.dialect, e.server(t).Database(t))
			first, err := f.Close(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			closed := make(chan error, 1)
			go func() {
				second, err := f.Close(t.Context(), func(h fence.Holder) { t.Errorf("session %d was ended", h.Session) })
				if err == nil {
					err = second.Release()
				}
				closed <- err
			}()
			for range 5 { // in which the other looks for whom to end
				if err := first.Held(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if err := first.Release(); err != nil {
				t.Error(err)
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
	}
}
