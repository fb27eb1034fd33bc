//lint:file-ignore SA1019 The deprecated interfaces are tested as well.

package driver_test

import (
	"context"
	"database/sql/driver"
	"strings"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// begin runs steps on a connection of a fake driver.
func begin(t *testing.T, f *fake, steps string) *script {
	t.Helper()
	g := newGuard(t, nothing)
	db := open(t, f, g)
	s := &script{t: t, guard: g, db: db, conn: pin(t, db)}
	s.run(steps)
	return s
}

func TestARollbackThatFailsLeavesTheTransactionDoomed(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": errDriver}}
	s := begin(t, f, "read-only\nBEGIN\nINSERT INTO t !\noff\nCOMMIT !")
	if err := s.step("COMMIT"); err == nil || !strings.Contains(err.Error(), "can only be rolled back") {
		t.Errorf("the error says that it was rolled back, which it was not: %v", err)
	}
	s.run("SELECT 1")
	if got := calls(f); got != "BEGIN, ROLLBACK, ROLLBACK, SELECT 1" {
		t.Errorf("the driver was asked: %s", got)
	}
	s.run("return\nSELECT 2")
	if got := calls(f); got != "ROLLBACK, Close, SELECT 2" || f.connections() != 2 {
		t.Errorf("the pool asked: %s, and kept a connection that may have a transaction open", got)
	}
}

func TestABeginWhoseRollbackFailsLeavesTheTransactionDoomed(t *testing.T) {
	for _, beginning := range []string{"observe\nBEGIN", "BEGIN"} { // seen or not
		f := &fake{errs: map[string]error{"ExecContext ROLLBACK": errDriver}}
		s := begin(t, f, beginning+"\nINSERT INTO t\nread-only\nINSERT INTO t !")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := s.conn.Raw(func(c any) error {
			_, err := c.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
			return err
		})
		if err != context.Canceled {
			t.Errorf("BeginTx: %v, want the context's error", err)
		}
		f.errs = nil
		s.run("off\nCOMMIT !\nCOMMIT")
		if got := calls(f); got != "BEGIN, INSERT INTO t, ROLLBACK, ROLLBACK, COMMIT" {
			t.Errorf("after %q the driver was asked: %s", beginning, got)
		}
	}
}

func TestABeginOnABusyConnectionDoesNotLookLikeALostOne(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": driver.ErrBadConn}}
	s := begin(t, f, "observe\nBEGIN\nINSERT INTO t\nread-only\nINSERT INTO t !\nbegin !")
	f.errs = nil
	s.run("off\nCOMMIT !")
	if got := calls(f); got != "BEGIN, INSERT INTO t, ROLLBACK, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestABeginThatWasGivenUpMayHaveBegunATransaction(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext BEGIN": context.DeadlineExceeded}}
	s := begin(t, f, "observe")
	if err := s.step("BEGIN"); err != context.DeadlineExceeded {
		t.Fatalf("BEGIN: %v", err)
	}
	s.run("read-only\nINSERT INTO t !\noff\nCOMMIT !")
}

func TestBestEffortDoesNotCommitWhatWasBegunUnseen(t *testing.T) {
	f := &fake{}
	g := newGuard(t, sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"audit"}, Action: sqlguard.Allow}}})
	db := open(t, f, g)
	conn := pin(t, db)
	mustRun(t, conn, "BEGIN")
	set(t, g, sqlguard.ReadOnly)
	const text = "INSERT INTO audit; COMMIT"
	_, err := conn.ExecContext(sqlguard.WithBestEffort(context.Background()), text)
	refused(t, text, err)
}

func TestATextBeginOfADoneContextLeavesTheTransactionDoomed(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": context.Canceled}}
	s := begin(t, f, "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO t !")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.conn.Raw(func(c any) error {
		_, err := c.(driver.ExecerContext).ExecContext(ctx, "BEGIN", nil)
		return err
	})
	if err != context.Canceled {
		t.Errorf("BEGIN: %v, want the driver's error", err)
	}
	f.errs = nil
	s.run("off\nCOMMIT !\nCOMMIT")
	if got := calls(f); got != "BEGIN, INSERT INTO t, ROLLBACK, ROLLBACK, COMMIT" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestWhereNoTransactionIsOpenARollbackThatFailsIsNoObstacle(t *testing.T) {
	// So it is with SQLite.
	for _, beginning := range []string{"BEGIN", "begin"} {
		f := &fake{errs: map[string]error{"ExecContext ROLLBACK": errDriver}}
		s := begin(t, f, "SELECT 1\nread-only\nINSERT INTO t !\noff\n"+beginning)
		f.errs = nil
		s.run("INSERT INTO t")
		s.run(map[string]string{"BEGIN": "COMMIT", "begin": "commit"}[beginning])
		if got := calls(f); !strings.HasSuffix(strings.ToLower(got), "rollback, begin, insert into t, commit") {
			t.Errorf("the driver was asked: %s", got)
		}
	}
}

func TestThePoolDoesNotForgetADoomWhoseRollbackWasNotTried(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": context.Canceled}}
	s := begin(t, f, "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO t !")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.conn.Raw(func(c any) error { return c.(driver.SessionResetter).ResetSession(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	f.errs = nil
	s.run("off\nCOMMIT !")
	if got := calls(f); got != "BEGIN, INSERT INTO t, ROLLBACK, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestACommitWhoseRollbackFailsIsRolledBackByThePool(t *testing.T) {
	f := &fake{errs: map[string]error{"Rollback": errDriver}}
	s := begin(t, f, "begin\nread-only\nINSERT INTO t !")
	err := s.step("commit")
	if refused(t, "commit", err); !strings.Contains(err.Error(), "can only be rolled back") {
		t.Errorf("the error says that it was rolled back, which it was not: %v", err)
	}
	s.run("return\noff\nINSERT INTO t")
	if got := calls(f); got != "begin, rollback, ROLLBACK, INSERT INTO t" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestAConnectionWhereNoRollbackSucceedsIsDropped(t *testing.T) {
	f := &fake{errs: map[string]error{"Rollback": errDriver, "ExecContext ROLLBACK": errDriver}}
	s := begin(t, f, "begin\nread-only\nINSERT INTO t !\ncommit !\nreturn\nSELECT 1")
	if got := calls(f); got != "begin, rollback, ROLLBACK, Close, SELECT 1" {
		t.Errorf("the driver was asked: %s", got)
	}
	s.conn.Close()
}

func TestACommitThatFailsMayLeaveATransactionOpen(t *testing.T) {
	f := &fake{errs: map[string]error{"Commit": errDriver}}
	s := begin(t, f, "begin\nINSERT INTO t")
	if err := s.step("commit"); err != errDriver {
		t.Fatalf("commit: %v, want the driver's error", err)
	}
	s.run("read-only\nINSERT INTO t !\noff\nCOMMIT !")
	if got := calls(f); got != "begin, INSERT INTO t, commit, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestALegacyDriverIsNotCalledWhenTheContextIsDone(t *testing.T) {
	f := &fake{}
	c := wrap(t, legacy{&fakeConn{fake: f}})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.(driver.ExecerContext).ExecContext(ctx, write, nil); err != context.Canceled {
		t.Errorf("Exec gives %v", err)
	}
	if _, err := c.(driver.QueryerContext).QueryContext(ctx, write, nil); err != context.Canceled {
		t.Errorf("Query gives %v", err)
	}
	sent(t, f, "")
	if _, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, write); err != context.Canceled {
		t.Errorf("Prepare gives %v", err)
	}
	if _, err := c.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{}); err != context.Canceled {
		t.Errorf("BeginTx gives %v", err)
	}
	sent(t, f, "Prepare INSERT INTO t, CloseStmt INSERT INTO t, Begin, Rollback")
}

func TestAStatementThatFailsDoesNotChangeWhatIsKnown(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": errDriver, "ExecContext BEGIN": errDriver}}
	s := begin(t, f, "read-only")
	if err := s.step("BEGIN"); err != errDriver {
		t.Fatalf("BEGIN: %v", err)
	}
	s.run("INSERT INTO t !\nCOMMIT")
	f.errs["ExecContext BEGIN"] = nil
	s.run("BEGIN\nINSERT INTO t !")
	if err := s.step("ROLLBACK"); err != errDriver {
		t.Fatalf("ROLLBACK: %v", err)
	}
	s.run("COMMIT !")
	if got := calls(f); got != "BEGIN, COMMIT, BEGIN, ROLLBACK, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestATextThatFailsOnItsWayMayHaveBegunATransaction(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext BEGIN; SELECT broken": errDriver}}
	s := begin(t, f, "read-only")
	if err := s.step("BEGIN; SELECT broken"); err != errDriver {
		t.Fatalf("got %v", err)
	}
	s.run("INSERT INTO t !\noff\nCOMMIT !")
	if got := calls(f); got != "BEGIN; SELECT broken, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestTheGuardsRollbackGoesTheWayTheDriverHas(t *testing.T) {
	for name, test := range map[string]struct {
		f    *fake
		want string
	}{
		"a driver that prepares all": {
			&fake{wrap: func(c *fakeConn) driver.Conn { return c }},
			"Prepare COMMIT, Prepare ROLLBACK, StmtExec ROLLBACK [], CloseStmt ROLLBACK, CloseStmt COMMIT",
		},
		"a driver that executes without a context": {
			&fake{wrap: func(c *fakeConn) driver.Conn { return legacy{c} }},
			"Exec ROLLBACK []",
		},
		"a driver that would rather prepare": {
			&fake{errs: map[string]error{"ExecContext ROLLBACK": driver.ErrSkip}},
			"ExecContext ROLLBACK, PrepareContext ROLLBACK, StmtExecContext ROLLBACK, CloseStmt ROLLBACK",
		},
	} {
		s := begin(t, test.f, "read-only\nBEGIN\nINSERT INTO t !")
		test.f.take()
		s.run("COMMIT !")
		if got := test.f.did(); got != test.want {
			t.Errorf("%s was asked: %s\nwant: %s", name, got, test.want)
		}
	}
}

func TestABeginThroughRawIsGuarded(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	err := pin(t, open(t, f, g)).Raw(func(c any) error {
		conn := c.(driver.Conn)
		exec := func(query string) error {
			_, err := conn.(driver.Execer).Exec(query, nil)
			if err == driver.ErrSkip {
				_, err = conn.(driver.ExecerContext).ExecContext(context.Background(), query, nil)
			}
			return err
		}
		for _, begun := range []string{"Begin", "BeginTx 0 true"} {
			tx, err := conn.Begin()
			if err != nil {
				return err
			}
			set(t, g, sqlguard.ReadOnly)
			refused(t, "an insert", exec(write))
			refused(t, "the commit", tx.Commit())
			sent(t, f, begun+", Rollback")
		}
		return exec("SELECT 1")
	})
	if err != nil {
		t.Error(err)
	}
}

func TestADriverThatKnowsThatNothingIsOpenIsSparedARollback(t *testing.T) {
	for _, tt := range []struct {
		name  string
		idle  bool
		steps string
		asked string
	}{
		{"after a refusal", true, "INSERT INTO t\nread-only\nINSERT INTO t !\nreturn\nSELECT 1", "INSERT INTO t, SELECT 1"},
		{"before another begins", true, "INSERT INTO t\nread-only\nbegin\ncommit", "INSERT INTO t, begin read-only, commit"},
		{"and its commit by text passes", true, "INSERT INTO t\nread-only\nCOMMIT", "INSERT INTO t, COMMIT"},
		{"unless something may be open", false, "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO t !\nreturn\nSELECT 1", "BEGIN, INSERT INTO t, ROLLBACK, SELECT 1"},
		{"but what was refused in a transaction counts", true, "begin\nINSERT INTO t\nread-only\nINSERT INTO t !\ncommit !", "begin, INSERT INTO t, rollback"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, g := &fake{}, newGuard(t, nothing)
			db, err := guarded.OpenDB(f, guarded.Config{
				Guard: g, Dialect: keywords{}, Idle: func(driver.Conn) bool { return tt.idle },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			s := &script{t: t, guard: g, db: db, conn: pin(t, db)}
			s.run(tt.steps)
			if got := calls(f); got != tt.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, tt.asked)
			}
		})
	}
}
