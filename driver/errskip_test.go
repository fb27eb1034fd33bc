package driver_test

import (
	"context"
	"database/sql/driver"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestOneCallThatTheDriverSkipsIsObservedOnce(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext " + write: driver.ErrSkip}}
	g := newGuard(t, nothing)
	db := open(t, f, g)
	set(t, g, sqlguard.Observe)
	mustRun(t, db, write)
	mustRun(t, db, write)
	if n := g.Counts().Observed; n != 2 {
		t.Errorf("two calls were observed %d times", n)
	}
	stmt, err := db.Prepare(write)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := stmt.Exec(); err != nil {
			t.Fatal(err)
		}
	}
	if n := g.Counts().Observed; n != 4 {
		t.Errorf("four calls were observed %d times", n)
	}
	nothingOpen(t, g)
}

func TestOnlyTheFirstExecutionAfterASkipIsObservedAlready(t *testing.T) {
	ctx := context.Background()
	f, g := &fake{errs: map[string]error{"ExecContext " + write: driver.ErrSkip}}, newGuard(t, nothing)
	set(t, g, sqlguard.Observe)
	err := pin(t, open(t, f, g)).Raw(func(c any) error {
		if _, err := c.(driver.ExecerContext).ExecContext(ctx, write, nil); err != driver.ErrSkip {
			t.Errorf("Exec gives %v, want the driver's ErrSkip", err)
		}
		for range 2 {
			stmt := prepared(c.(driver.Conn)).(driver.StmtExecContext)
			for range 2 {
				if _, err := stmt.ExecContext(ctx, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if n := g.Counts().Observed; err != nil || n != 4 {
		t.Errorf("four calls were observed %d times (%v)", n, err)
	}
}

func TestAFlipBetweenSkipAndPrepareIsSeen(t *testing.T) {
	for _, before := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
		for _, at := range []string{"ExecContext", "PrepareContext"} {
			f, g := &fake{errs: map[string]error{"ExecContext " + write: driver.ErrSkip}}, newGuard(t, nothing)
			set(t, g, before)
			f.onCall = func(call string) {
				if strings.HasPrefix(call, at) {
					set(t, g, sqlguard.ReadOnly)
				}
			}
			mustRefuse(t, open(t, f, g), write)
			sent(t, f, "ExecContext INSERT INTO t, PrepareContext INSERT INTO t, CloseStmt INSERT INTO t")
		}
	}
}

func TestAFlipBetweenSkipAndAPrepareThatActsIsSeen(t *testing.T) {
	f, g := &fake{errs: map[string]error{"ExecContext PRAGMA x": driver.ErrSkip}}, newGuard(t, nothing)
	set(t, g, sqlguard.Observe)
	f.onCall = func(call string) {
		if strings.HasPrefix(call, "ExecContext") {
			set(t, g, sqlguard.ReadOnly)
		}
	}
	mustRefuse(t, open(t, f, g), "PRAGMA x")
	sent(t, f, "ExecContext PRAGMA x")
}
