package driver_test

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// sessions is judging for an engine that can be told for a session.
type sessions struct {
	judging
	session sqlguard.SessionTexts
}

func (s sessions) SessionTexts() sqlguard.SessionTexts { return s.session }

func touches(text string) bool { return strings.HasPrefix(text, "SET read_only") }

var (
	told     = sessions{armable, sqlguard.SessionTexts{On: "ON", Off: "OFF", Setting: "read_only", Touches: touches}}
	prepares = sessions{armable, sqlguard.SessionTexts{On: "ON", Off: "OFF", AtPrepare: true, Touches: touches}}
	switched = sessions{switches, sqlguard.SessionTexts{Touches: touches}}
)

// playNet is play with NetSession.
func playNet(t *testing.T, f *fake, d sqlguard.Dialect, policy sqlguard.Policy, reported *string) *script {
	t.Helper()
	g := newGuard(t, policy)
	cfg := driver.Config{Guard: g, Dialect: d, Net: driver.NetSession}
	if reported != nil {
		cfg.Reported = func(sqldriver.Conn, string) string { return *reported }
	}
	db, err := driver.OpenDB(f, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return &script{t: t, guard: g, db: db, conn: pin(t, db)}
}

func TestTheEngineIsToldOncePerConnectionAndFlip(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy sqlguard.Policy
		steps  string
		asked  string
	}{
		{
			name:  "before the next statement, whatever that is by its text",
			steps: "SELECT 1\nread-only\nSELECT 1\nSELECT 1\nINSERT INTO t !\noff\nSELECT 1\nINSERT INTO t",
			asked: "SELECT 1, ON, SELECT 1, SELECT 1, OFF, SELECT 1, INSERT INTO t",
		},
		{
			name:  "observing is writing",
			steps: "read-only\nSELECT 1\nobserve\nINSERT INTO t",
			asked: "ON, SELECT 1, OFF, INSERT INTO t",
		},
		{
			name:  "before a transaction, and not in it",
			steps: "begin\nread-only\nSELECT 1\ncommit\nbegin\nSELECT 1\noff\nSELECT 1\ncommit\nINSERT INTO t",
			asked: "begin, SELECT 1, commit, ON, begin read-only, SELECT 1, SELECT 1, commit, OFF, INSERT INTO t",
		},
		{
			name:  "before one that a text begins, in which the engine judges then",
			steps: "read-only\nBEGIN\nSELECT unknown()\nCOMMIT",
			asked: "ON, BEGIN, SELECT unknown(), COMMIT",
		},
		{
			name:  "when the connection comes from the pool",
			steps: "read-only\nreturn\noff\nreturn\nSELECT 1",
			asked: "ON, OFF, SELECT 1",
		},
		{
			name:  "nothing is told for a refusal",
			steps: "read-only\nINSERT INTO t !\noff\nINSERT INTO t",
			asked: "INSERT INTO t",
		},
		{
			name:  "a bypass writes, and what comes after it does not",
			steps: "read-only\nSELECT 1\nbypass: INSERT INTO t\nbypass: INSERT INTO t\nSELECT 1",
			asked: "ON, SELECT 1, OFF, INSERT INTO t, INSERT INTO t, ON, SELECT 1",
		},
		{
			name: "so does what a rule allows, also in transactions, between which nothing is told", policy: allowsAudit,
			steps: "read-only\nSELECT 1\nbegin\nINSERT INTO audit\ncommit\nreturn\nBEGIN\nINSERT INTO audit\nCOMMIT\nSELECT 1",
			asked: "ON, SELECT 1, OFF, begin, INSERT INTO audit, commit, BEGIN, INSERT INTO audit, COMMIT, ON, SELECT 1",
		},
		{
			name:  "what the application sets itself it sets on its own setting",
			steps: "read-only\nSELECT 1\nSET read_only\nSELECT 1\noff\nSELECT 1",
			asked: "ON, SELECT 1, OFF, SET read_only, ON, SELECT 1, OFF, SELECT 1",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{}
			s := playNet(t, f, told, test.policy, nil)
			s.run(test.steps)
			if got := strings.ReplaceAll(asked(f), "Commit 2", "commit"); got != test.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
		})
	}
}

func TestWhatResetsTheSettingIsNoticedWhereTheServerReportsIt(t *testing.T) {
	f, reported := &fake{}, "on"
	s := playNet(t, f, told, nothing, &reported)
	s.run("read-only\nSELECT 1\nreturn\nSELECT 1")
	reported = "off"
	s.run("return")
	reported = "on"
	s.run("SELECT 1")
	if got, want := asked(f), "ON, SELECT 1, SELECT 1, ON, SELECT 1"; got != want {
		t.Errorf("the driver was asked: %s\nwant: %s", got, want)
	}
}

func TestASwitchIsANetToo(t *testing.T) {
	f := &fake{}
	answering(f, int64(0))
	s := playNet(t, f, switched, nothing, nil)
	s.run("read-only\nSELECT 1\nSELECT 1\noff\nINSERT INTO t")
	got := strings.ReplaceAll(asked(f), ", rows closed", "")
	if want := "SWITCH?, SWITCH ON, SELECT 1, SELECT 1, SWITCH OFF, INSERT INTO t"; got != want {
		t.Errorf("the driver was asked: %s\nwant: %s", got, want)
	}
}

func TestWhatIsPreparedIsNotRefusedByTheNet(t *testing.T) {
	f := &fake{}
	s := playNet(t, f, prepares, nothing, nil)
	s.run("read-only\nSELECT 1")
	stmt, err := s.conn.PrepareContext(context.Background(), "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	_, err = stmt.Exec()
	refused(t, "what was prepared", err)
	s.run("SELECT 1")
	if got, want := asked(f), "ON, SELECT 1, OFF, ON, SELECT 1"; got != want {
		t.Errorf("the driver was asked: %s\nwant: %s", got, want)
	}
}

func TestAConnectionThatCannotBeToldIsNotUsed(t *testing.T) {
	answer := answered{}
	f := &fake{errs: map[string]error{"ExecContext ON": answer}}
	s := playNet(t, f, told, nothing, nil)
	s.run("read-only\nSELECT 1 !\nbegin !\nROLLBACK\noff\nINSERT INTO t")
	if got := asked(f); strings.Contains(got, "SELECT 1") || !strings.HasSuffix(got, "ROLLBACK, INSERT INTO t") {
		t.Errorf("the driver was asked: %s", got)
	}

	f = &fake{errs: map[string]error{"ExecContext OFF": answer}}
	s = playNet(t, f, told, nothing, nil)
	s.run("read-only\nSELECT 1\noff")
	if _, err := s.conn.ExecContext(context.Background(), "INSERT INTO t"); !errors.Is(err, sqldriver.ErrBadConn) {
		t.Errorf("on a connection on which the setting cannot be put back: %v", err)
	}
	s.conn.Close()
	mustRun(t, s.db, "INSERT INTO t")
	if f.connections() != 2 {
		t.Errorf("%d connections were made, want another", f.connections())
	}
}

func TestANetThatCannotBeHadIsAnErrorAtOpening(t *testing.T) {
	transactional := told
	transactional.session.Transactional = true
	g := newGuard(t, nothing)
	for name, test := range map[string]struct {
		cfg  driver.Config
		want string
	}{
		"no such net":                       {driver.Config{Guard: g, Dialect: told, Net: 7}, "Config.Net must be"},
		"a dialect that knows none":         {driver.Config{Guard: g, Dialect: armable, Net: driver.NetSession}, "dialect \"keywords\" knows no way"},
		"a setting that may be rolled back": {driver.Config{Guard: g, Dialect: transactional, Net: driver.NetSession}, "Config.Idle is nil"},
	} {
		if _, err := driver.OpenDB(&fake{}, test.cfg); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want one that says %q", name, err, test.want)
		}
	}
	inner, err := driver.WrapConnector(&fake{}, driver.Config{Guard: g, Dialect: told})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := driver.WrapConnector(inner, driver.Config{Guard: g, Dialect: told, Net: driver.NetSession}); err == nil {
		t.Error("a net was put around a guard that would refuse its texts")
	}
}
