package operate

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// server is a kind of database server.
type server struct {
	name, dialect, prefix string // of the DSN, as the command takes it
	start                 func(testing.TB) *testdb.Server
	open                  func(string, *sqlguard.Guard) (*sql.DB, error)
	settle, locked, kill  string // the sessions that keep a fence locked, and how one is ended
}

var servers = []server{
	{
		"PostgreSQL", fence.Postgres, "", testdb.Postgres, pgx.Open,
		"SELECT 1", `SELECT pid FROM pg_locks WHERE mode = 'ExclusiveLock' AND locktype = 'relation' AND granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
		"SELECT pg_terminate_backend($1)",
	},
	{
		"MariaDB", fence.MySQL, "mysql:", testdb.MariaDB, mysql.Open,
		// InnoDB renews what it tells of its transactions only when nobody has asked for 0.1 s.
		"DO SLEEP(0.15)", `SELECT x.trx_mysql_thread_id FROM information_schema.innodb_trx x JOIN information_schema.processlist p
			ON p.id = x.trx_mysql_thread_id WHERE x.trx_rows_locked > 0 AND p.db = DATABASE()`,
		"KILL ?",
	},
}

// site is a fleet of one process, in this one, with a guarded pool.
type site struct {
	*testing.T
	server
	target   Target
	dsn      string // of the database
	deps     Deps
	notes    strings.Builder
	bare, db *sql.DB
	fence    *fence.Fence
}

func onServers(t *testing.T, test func(s *site)) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			test(newTestSite(t, server))
		})
	}
}

func newTestSite(t *testing.T, kind server) *site {
	t.Helper()
	dsn := kind.start(t).Database(t)
	s := &site{T: t, server: kind, dsn: kind.prefix + dsn}
	s.target = Target{Store: "sqlite:" + filepath.Join(t.TempDir(), "fleet.db"), Actor: "kim"}
	s.deps = Deps{Notes: &s.notes, Now: time.Now, Progress: &Progress{To: io.Discard, Now: time.Now}}
	databases, err := openDatabases([]string{s.dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeDatabases(databases) })
	s.bare = databases[0].db
	if s.fence, err = databases[0].fence(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bare.Exec("CREATE TABLE w (a int)"); err != nil {
		t.Fatal(err)
	}
	s.must(Init(t.Context(), s.deps, s.target))
	s.db = s.process("web-1")
	return s
}

// process begins a process of the site, and returns its pool. It has left when the test is over.
func (s *site) process(name string) *sql.DB {
	s.Helper()
	guard, err := sqlguard.New(sqlguard.Config{Tail: -1})
	if err != nil {
		s.Fatal(err)
	}
	db, err := s.open(strings.TrimPrefix(s.dsn, s.prefix), guard)
	if err != nil {
		s.Fatal(err)
	}
	st, err := store.Open(s.Context(), s.target.Store)
	if err != nil {
		s.Fatal(err)
	}
	m, err := fleet.Join(context.Background(), guard, st, fleet.Config{
		Service: "web", Instance: name, TTL: 10 * time.Second, Heartbeat: 50 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		s.Fatal(err)
	}
	if err := m.Ready(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		db.Close()
		if err := m.Leave(context.Background()); err != nil {
			s.Error(err)
		}
		st.Close()
	})
	return db
}

// must ends the test where an operation has failed.
func (s *site) must(out any, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v\n%+v", err, out)
	}
}

func (s *site) fenced(action string) (FenceOut, error) {
	return Fence(s.Context(), s.deps, Fencing{Target: s.target, Action: action, Databases: []string{s.dsn}, Reason: "a test"})
}

func (s *site) closing() Closing {
	return Closing{
		Target: s.target, Change: sqlguard.Change{Reason: "a test"}, Terms: fleet.Terms{Tail: time.Millisecond},
		Timeout: time.Minute, Databases: []string{s.dsn},
	}
}

func (s *site) waiting() Waiting {
	return Waiting{
		Target: s.target, Terms: fleet.Terms{Tail: time.Millisecond}, Level: Strict, Databases: []string{s.dsn},
		Still: time.Second, Timeout: time.Minute, OnTimeout: Reopen,
	}
}

func (s *site) off() {
	s.Helper()
	s.must(Off(s.Context(), s.deps, Opening{Target: s.target, Reason: "a test", Timeout: time.Minute}))
}

// mode returns that of the fleet.
func (s *site) mode() fleet.Mode {
	s.Helper()
	out, err := Status(s.Context(), s.deps, s.target)
	s.must(out, err)
	return out.Mode
}

// writes asks whether a pool's writes go through, and whether the fence is closed.
func (s *site) want(when string, db *sql.DB, passes, closed bool) {
	s.Helper()
	_, err := db.ExecContext(s.Context(), "INSERT INTO w VALUES (1)")
	if passes && err != nil {
		s.Errorf("%s a write fails: %v", when, err)
	}
	if !passes && !errors.Is(err, sqlguard.ErrReadOnly) {
		s.Errorf("%s a write is not refused: %v", when, err)
	}
	if is, err := s.fence.Closed(s.Context()); err != nil || is != closed {
		s.Errorf("%s closed is %t, %v; want %t", when, is, err, closed)
	}
}

func TestWritesGoOnWhileTheFleetIsOpen(t *testing.T) {
	onServers(t, func(s *site) {
		s.must(s.fenced(Install))
		s.must(s.fenced(Enable))
		s.want("before all of it", s.db, true, false)
		s.must(On(s.Context(), s.deps, s.closing()))
		out, err := Wait(s.Context(), s.deps, s.waiting())
		s.must(out, err)
		if out.Level != Strict || !strings.Contains(out.String(), "The fence is closed") {
			s.Errorf("wait says:\n%s", out)
		}
		s.want("at night", s.db, false, true)
		s.off()
		s.want("after off", s.db, true, true)
		s.want("in a process that was started after off", s.process("web-2"), true, true)
		s.must(s.fenced(Disable))
		s.want("after fence disable", s.db, true, true)
		s.must(s.fenced(Enable))
		s.want("after fence enable", s.db, true, true)

		s.registerSilent()
		in := s.closing()
		in.Timeout = 2 * time.Second
		if _, err := On(s.Context(), s.deps, in); ExitCode(err) != ExitTimeout {
			s.Errorf("on with a process that does not answer: %v", err)
		}
		if m := s.mode(); m.State != fleet.Open || !m.Fence {
			s.Errorf("then the fleet is %+v", m)
		}
		s.want("after on has failed", s.db, true, false)
	})
}

// registerSilent puts a process on record that answers nothing.
func (s *site) registerSilent() {
	s.Helper()
	st, err := store.Open(s.Context(), s.target.Store)
	if err != nil {
		s.Fatal(err)
	}
	defer st.Close()
	_, err = st.Register(s.Context(), fleet.Instance{ID: "silent", Lease: "x", Service: "web", Protocol: fleet.Protocol, TTL: time.Hour})
	s.must(nil, err)
}

func TestWritesGoOnAfterAWaitThatFailsBehindTheFence(t *testing.T) {
	onServers(t, func(s *site) {
		s.must(s.fenced(Install))
		s.must(s.fenced(Enable))
		stranger, err := s.bare.BeginTx(s.Context(), nil) // who keeps the database from being still
		if err != nil {
			s.Fatal(err)
		}
		defer stranger.Rollback()
		if _, err := stranger.Exec("INSERT INTO w VALUES (0)"); err != nil {
			s.Fatal(err)
		}
		for _, tt := range []struct {
			name    string
			timeout time.Duration
			code    int
			end     func(*site, context.CancelCauseFunc)
		}{
			{"interrupted", time.Minute, ExitInterrupted, (*site).interrupt},
			{"timed out", 4 * time.Second, ExitNotQuiet, func(*site, context.CancelCauseFunc) {}},
		} {
			s.must(On(s.Context(), s.deps, s.closing()))
			in := s.waiting()
			in.Timeout = tt.timeout
			ctx, cancel := context.WithCancelCause(s.Context())
			ended := make(chan error)
			go func() {
				out, err := Wait(ctx, s.deps, in)
				if out.Left != "reopened" {
					s.Errorf("%s: %q was done", tt.name, out.Left)
				}
				ended <- err
			}()
			tt.end(s, cancel)
			if err := <-ended; ExitCode(err) != tt.code || !strings.Contains(err.Error(), "the fleet is open again") {
				s.Errorf("%s: %v", tt.name, err)
			}
			cancel(nil)
			s.heard()
			s.want(tt.name+": once it is open", s.db, true, true)
		}
	})
}

// interrupt interrupts a wait once it has closed the fence.
func (s *site) interrupt(cancel context.CancelCauseFunc) {
	for closed := false; !closed; {
		var err error
		if closed, err = s.fence.Closed(s.Context()); err != nil {
			s.Error(err)
			break
		}
	}
	cancel(ErrInterrupted)
}

// heard waits until the processes have heard that the fleet is open.
func (s *site) heard() {
	s.Helper()
	s.off()
}

func TestACommandThatRunsBehindTheFence(t *testing.T) {
	onServers(t, func(s *site) {
		s.must(s.fenced(Install))
		s.must(s.fenced(Enable))
		failed := errors.New("it went wrong")
		for _, tt := range []struct {
			name  string
			child func() error
			code  int
			warns string // "" for nothing
		}{
			{"and ends well", func() error { return nil }, ExitOK, ""},
			{"and fails, and whose lock is lost", func() error { s.lose(); return failed }, ExitChild, "the fence is closed in the database still"},
		} {
			s.notes.Reset()
			s.deps.Child = func(context.Context, []string, []string) error {
				if n := len(s.keepers()); n != 1 {
					s.Errorf("a command that runs behind the fence %s: %d sessions keep it locked, want one", tt.name, n)
				}
				s.want("while the command runs", s.db, false, true)
				return tt.child()
			}
			out, err := Run(s.Context(), s.deps, Running{Closing: s.closing(), Waiting: s.waiting(), Command: []string{"true"}})
			if ExitCode(err) != tt.code || out.Wait.Level != Strict {
				s.Fatalf("%s: exit code %d, %v", tt.name, ExitCode(err), err)
			}
			said := s.notes.String()
			if strings.Contains(said, "WARNING") != (tt.warns != "") || !strings.Contains(said, tt.warns) || (len(out.Warnings) > 0) != (tt.warns != "") {
				s.Errorf("%s: it says\n%s\nand %q", tt.name, said, out.Warnings)
			}
			if !strings.Contains(out.String(), tt.warns) {
				s.Errorf("%s: the result is\n%s", tt.name, out)
			}
			if n := len(s.keepers()); n != 0 {
				s.Errorf("%s: %d sessions keep the fence locked afterwards", tt.name, n)
			}
			s.off()
			s.want(tt.name+": when it is open", s.db, true, true)
		}
		if text := (Database{s.bare, s.dialect}).without(s.Context()); !strings.Contains(text, "closed in the database still") {
			s.Errorf("of a closed fence it says %q", text)
		}
		s.must(nil, s.fence.Open(s.Context()))
		if text := (Database{s.bare, s.dialect}).without(s.Context()); !strings.Contains(text, "the fence is OPEN") {
			s.Errorf("of an open fence it says %q", text)
		}
	})
}

// keepers are the sessions that keep the fence locked.
func (s *site) keepers() (sessions []int64) {
	s.Helper()
	if _, err := s.bare.Exec(s.settle); err != nil {
		s.Fatal(err)
	}
	rows, err := s.bare.Query(s.locked)
	if err != nil {
		s.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		s.must(nil, rows.Scan(&id))
		sessions = append(sessions, id)
	}
	s.must(nil, rows.Err())
	return sessions
}

// lose ends the session that keeps the fence locked.
func (s *site) lose() {
	for _, id := range s.keepers() {
		if _, err := s.bare.Exec(s.kill, id); err != nil {
			s.Error(err)
		}
	}
	for len(s.keepers()) > 0 { // the server ends it in its own time
	}
}
