package driver_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func (m *moment) cut() {
	m.t.Helper()
	if err := m.guard.Cut(); err != nil {
		m.t.Fatal(err)
	}
}

func TestAfterCutATransactionCanOnlyBeRolledBack(t *testing.T) {
	allowAudit := sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"audit"}, Action: sqlguard.Allow}}}
	for _, tt := range []struct {
		name   string
		steps  string // "cut" is between them
		asked  string
		policy sqlguard.Policy
	}{
		{
			name:  "its commit rolls back",
			steps: "begin\nINSERT INTO t\nread-only\ncut\nSELECT 1\ncommit !",
			asked: "begin, INSERT INTO t, SELECT 1, rollback",
		},
		{
			name:  "also after the mode went off",
			steps: "begin\nINSERT INTO t\nread-only\ncut\noff\ncommit !",
			asked: "begin, INSERT INTO t, rollback",
		},
		{
			name:  "and what it writes then is not sent",
			steps: "begin\nINSERT INTO t\nread-only\ncut\noff\nINSERT INTO t !\ncommit !",
			asked: "begin, INSERT INTO t, rollback",
		},
		{
			name:   "nor what a rule allows, nor a bypass",
			policy: allowAudit,
			steps:  "begin\nINSERT INTO t\nread-only\ncut\nINSERT INTO audit !\nbypass: INSERT INTO t !\ncommit !",
			asked:  "begin, INSERT INTO t, rollback",
		},
		{
			name:  "a rollback ends it, and the next one commits",
			steps: "begin\nINSERT INTO t\nread-only\ncut\noff\nrollback\nbegin\nINSERT INTO t\ncommit",
			asked: "begin, INSERT INTO t, rollback, begin, INSERT INTO t, commit",
		},
		{
			name:  "one that was begun and committed by texts",
			steps: "observe\nBEGIN\nINSERT INTO t\nread-only\ncut\nSELECT 1\nCOMMIT !\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, SELECT 1, ROLLBACK, COMMIT",
		},
		{
			name:  "such a one, also after the mode went off",
			steps: "observe\nBEGIN\nINSERT INTO t\nread-only\ncut\noff\nCOMMIT !\nINSERT INTO t",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, INSERT INTO t",
		},
		{
			name:  "what would commit it in passing is refused",
			steps: "observe\nBEGIN\nINSERT INTO t\nread-only\ncut\noff\nCREATE TABLE u !\nBEGIN !\nXA END !\nROLLBACK\nCREATE TABLE u",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, CREATE TABLE u",
		},
		{
			name:  "one that a savepoint began is not committed by its release",
			steps: "observe\nSAVEPOINT s\nINSERT INTO t\nread-only\ncut\noff\nRELEASE s !",
			asked: "SAVEPOINT s, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "one that comes back from the pool is rolled back",
			steps: "observe\nBEGIN\nINSERT INTO t\nread-only\ncut\nreturn\noff\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, COMMIT",
		},
		{
			name:  "BeginTx rolls back before it begins another",
			steps: "observe\nBEGIN\nINSERT INTO t\nread-only\ncut\noff\nSELECT 1\nbegin\nINSERT INTO t\ncommit",
			asked: "BEGIN, INSERT INTO t, SELECT 1, ROLLBACK, begin, INSERT INTO t, commit",
		},
		{
			name:  "what begins after it is not concerned",
			steps: "read-only\ncut\nbegin\nSELECT 1\ncommit\nBEGIN\nSELECT 1\nCOMMIT",
			asked: "begin read-only, SELECT 1, commit, BEGIN, SELECT 1, COMMIT",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, &fake{}, sqlguard.Config{Policy: tt.policy})
			for step := range strings.SplitSeq(tt.steps, "\n") {
				if step == "cut" {
					m.cut()
					if got := waiting(t, m.guard); got != "" {
						t.Errorf("after Cut a drain waits for %s", got)
					}
					continue
				}
				m.run(step)
			}
			if got := calls(m.f); got != tt.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, tt.asked)
			}
		})
	}
}

func TestACommitThatWasCutOffIsNoted(t *testing.T) {
	m := newMoment(t, &fake{}, sqlguard.Config{})
	ctx, recorder := sqlguard.WithRecorder(context.Background())
	tx, err := m.conn.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, tx, "INSERT INTO t")
	set(t, m.guard, sqlguard.ReadOnly)
	m.cut()
	blocked := refused(t, "the commit", tx.Commit())
	if blocked.Op != "COMMIT" || blocked.Why != "the transaction was cut off, so all of it was rolled back" {
		t.Errorf("it is refused with %+v", blocked)
	}
	if recorder.Blocked() != blocked || m.guard.Counts().Rejected != 1 {
		t.Errorf("the recorder has %v, and %d are counted", recorder.Blocked(), m.guard.Counts().Rejected)
	}
}

func TestACutTransactionWhoseRollbackFailsStaysCut(t *testing.T) {
	m := newMoment(t, &fake{errs: failing(errDriver, "Rollback")}, sqlguard.Config{})
	m.run("begin\nINSERT INTO t\nread-only")
	m.cut()
	blocked := refused(t, "the commit", m.step("commit"))
	if !strings.Contains(blocked.Why, "it can only be rolled back") {
		t.Errorf("the error says that it was rolled back, which it was not: %v", blocked)
	}
	m.run("off\nCOMMIT !")
	if got := calls(m.f); got != "begin, INSERT INTO t, rollback, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestGraceForTransactions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		steps  string // "grace" closes writing with a minute of grace, "over" ends the minute
		asked  string
		graced uint64
	}{
		{
			name:   "a transaction that was open goes on writing, and commits",
			steps:  "begin\nINSERT INTO t\ngrace\nINSERT INTO t\nINSERT INTO u\ncommit",
			asked:  "begin, INSERT INTO t, INSERT INTO t, INSERT INTO u, commit",
			graced: 2,
		},
		{
			name:   "it commits after the deadline too",
			steps:  "begin\ngrace\nINSERT INTO t\nover\nSELECT 1\ncommit",
			asked:  "begin, INSERT INTO t, SELECT 1, commit",
			graced: 1,
		},
		{
			name:   "a write after the deadline is refused, and then it can only be rolled back",
			steps:  "begin\ngrace\nINSERT INTO t\nover\nINSERT INTO t !\ncommit !",
			asked:  "begin, INSERT INTO t, rollback",
			graced: 1,
		},
		{
			name:   "one that was begun by a text which was seen has it too",
			steps:  "observe\nBEGIN\ngrace\nINSERT INTO t\nCOMMIT",
			asked:  "BEGIN, INSERT INTO t, COMMIT",
			graced: 1,
		},
		{
			name:  "one that was begun unseen has none",
			steps: "BEGIN\ngrace\nINSERT INTO t !\nCOMMIT !",
			asked: "BEGIN, ROLLBACK",
		},
		{
			name:  "the next one has none",
			steps: "begin\ngrace\ncommit\nbegin\nINSERT INTO t !\ncommit !",
			asked: "begin, commit, begin read-only, rollback",
		},
		{
			name:  "what commits in passing has none",
			steps: "begin\ngrace\nCREATE TABLE u !\ncommit !",
			asked: "begin, rollback",
		},
		{
			name:   "there is no end of it that is not asked for: a refused one stays refused",
			steps:  "begin\ngrace\nover\nINSERT INTO t !\noff\ngrace\nINSERT INTO t !\ncommit !",
			asked:  "begin, rollback",
			graced: 1, // it was let through, and then kept from the dead transaction
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, &fake{}, sqlguard.Config{})
			grace := func(d time.Duration) {
				if err := m.guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: d}); err != nil {
					t.Fatal(err)
				}
			}
			for step := range strings.SplitSeq(tt.steps, "\n") {
				switch step {
				case "grace":
					grace(time.Minute)
				case "over":
					grace(time.Nanosecond) // which has passed since writing was closed
				default:
					m.run(step)
				}
			}
			if got := calls(m.f); got != tt.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, tt.asked)
			}
			if got := m.guard.Counts().Graced; got != tt.graced {
				t.Errorf("%d writes were counted, want %d", got, tt.graced)
			}
			if got := waiting(t, m.guard); got != "" {
				t.Errorf("open is %s", got)
			}
		})
	}
}
