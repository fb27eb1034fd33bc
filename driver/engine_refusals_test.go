package driver_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestUnderGraceTheEngineIsNotTold(t *testing.T) {
	f := &fake{}
	s := play(t, f, armable, nothing, nil)
	s.run("begin")
	if err := s.guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: 1e12}); err != nil {
		t.Fatal(err)
	}
	s.run("SELECT unknown()\nINSERT INTO t\ncommit")
	if got := asked(f); got != "begin, SELECT unknown(), INSERT INTO t, commit" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestARefusalThatTheEngineCannotBeAskedAboutSaysWhatToDo(t *testing.T) {
	for _, test := range []struct {
		on     judging
		policy sqlguard.Policy
		why    string
	}{
		{unarmed, nothing, "run the query outside of one, or begin one with TxOptions{ReadOnly: true}"},
		{armable, allowsAudit, "run the query outside of one, or vouch for what it calls"},
	} {
		s := play(t, &fake{}, test.on, test.policy, nil)
		s.run("read-only\nBEGIN")
		err := mustRefuse(t, s.conn, "SELECT unknown()")
		if !strings.HasPrefix(err.Why, "test; ") || !strings.HasSuffix(err.Why, test.why) || err.Class != sqlguard.Unproven {
			t.Errorf("the query is refused with %+v", err)
		}
	}
}

func TestARefusalByTheEngineIsNotedAndStaysItsOwn(t *testing.T) {
	for _, at := range []string{"ExecContext SELECT unknown()", "QueryContext SELECT unknown()", "RowsNext", "StmtQueryContext SELECT unknown()"} {
		f := &fake{errs: map[string]error{at: errState25006{}}}
		s := play(t, f, armable, nothing, nil)
		s.run("read-only")
		ctx, recorder := sqlguard.WithRecorder(context.Background())
		err := run(ctx, s.conn, strings.Fields(at)[0])
		if _, own := err.(errState25006); !own {
			t.Errorf("%s: the caller gets %v, want the driver's own error", at, err)
		}
		if first := recorder.Blocked(); first == nil || first.Why != "the engine refused it as a write" || s.guard.Counts().Rejected != 1 {
			t.Errorf("%s: it was noted as %v, and counted %d times", at, first, s.guard.Counts().Rejected)
		}
		if got := asked(f); !strings.HasSuffix(got, ", ROLLBACK") || strings.Count(got, "ROLLBACK") != 1 {
			t.Errorf("%s: the driver was asked: %s", at, got)
		}
	}
}

// run runs a query that nobody vouches for, so that a call of the driver is made.
func run(ctx context.Context, conn *sql.Conn, call string) error {
	const text = "SELECT unknown()"
	if call == "ExecContext" {
		_, err := conn.ExecContext(ctx, text)
		return err
	}
	if call == "StmtQueryContext" {
		stmt, err := conn.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		defer stmt.Close()
		var s string
		return stmt.QueryRowContext(ctx).Scan(&s)
	}
	var s string
	return conn.QueryRowContext(ctx, text).Scan(&s)
}

// errState25006 is the refusal of a server.
type errState25006 struct{}

func (errState25006) Error() string    { return "read-only transaction" }
func (errState25006) SQLState() string { return "25006" }

func TestATransactionInWhichTheEngineRefusedOnlyRollsBack(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext SELECT unknown()": errState25006{}}}
	s := play(t, f, unarmed, nothing, nil)
	s.run("read-only\nbegin")
	if err := s.step("SELECT unknown()"); !sqlguard.IsReadOnly(err) || errors.Is(err, sqlguard.ErrReadOnly) {
		t.Fatalf("got %v, want the driver's error", err)
	}
	s.run("off\nINSERT INTO t !\ncommit !")
	if got := asked(f); got != "begin read-only, SELECT unknown(), rollback" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestPreparedAndSkippedQueriesAreJudgedByTheEngine(t *testing.T) {
	f := &fake{errs: map[string]error{"QueryContext": sqldriver.ErrSkip}}
	s := play(t, f, armable, nothing, nil)
	s.run("read-only")
	for range 2 {
		rows, err := s.conn.QueryContext(context.Background(), "SELECT unknown() ?", 1)
		if err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	const once = "BEGIN READ ONLY, prepared SELECT unknown() ? =1, rows closed, ROLLBACK"
	got := asked(f)
	if want := "BEGIN READ ONLY, SELECT unknown() ? =1, ROLLBACK, " + once + ", " + once; got != want {
		t.Errorf("the driver was asked: %s\nwant: %s", got, want)
	}
}
