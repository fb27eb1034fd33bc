package driver_test

import (
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// What may have been begun while nobody looked is not committed by what is let through later, and its
// program is told when it asks for the commit.
func TestWhatWasBegunUnseenIsNotCommittedInPassing(t *testing.T) {
	allow := sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"audit"}, Action: sqlguard.Allow}}}
	for _, tt := range []struct {
		name   string
		steps  string
		asked  string
		policy sqlguard.Policy
	}{
		{
			name:  "a bypass to define a table is preceded by a rollback, and the commit is refused",
			steps: "BEGIN\nINSERT INTO t\nread-only\nbypass: CREATE TABLE u\nCOMMIT !\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, CREATE TABLE u, ROLLBACK, COMMIT",
		},
		{
			name:  "so is a bypass to write",
			steps: "BEGIN\nINSERT INTO t\nread-only\nbypass: INSERT INTO t\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, INSERT INTO t, ROLLBACK",
		},
		{
			name:   "so is a write that a rule allows, once",
			policy: allow,
			steps:  "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO audit\nINSERT INTO audit\nCOMMIT !",
			asked:  "BEGIN, INSERT INTO t, ROLLBACK, INSERT INTO audit, INSERT INTO audit, ROLLBACK",
		},
		{
			name:   "a rule's write and a commit in one text are not sent",
			policy: allow,
			steps:  "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO audit; COMMIT !",
			asked:  "BEGIN, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "a bypass to keep it for a second phase is preceded by a rollback",
			steps: "BEGIN\nINSERT INTO t\nread-only\nbypass: XA END\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, XA END, ROLLBACK",
		},
		{
			name:  "a bypass does not release the savepoint that may have begun it",
			steps: "SAVEPOINT s\nINSERT INTO t\nread-only\nbypass: RELEASE s !\nROLLBACK",
			asked: "SAVEPOINT s, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "BeginTx is preceded by a rollback",
			steps: "BEGIN\nINSERT INTO t\nread-only\nbegin\nSELECT 1\ncommit",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, begin read-only, SELECT 1, commit",
		},
		{
			name:  "so is BEGIN at the head of a text that ends in COMMIT",
			steps: "BEGIN\nINSERT INTO t\nread-only\nBEGIN; SELECT 1; COMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, BEGIN; SELECT 1; COMMIT",
		},
		{
			name:  "a text that reads and then commits is not sent",
			steps: "BEGIN\nINSERT INTO t\nread-only\nSELECT 1; COMMIT !\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, COMMIT",
		},
		{
			name:  "a text that rolls back first is sent",
			steps: "BEGIN\nINSERT INTO t\nread-only\nROLLBACK; BEGIN; COMMIT\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK; BEGIN; COMMIT, COMMIT",
		},
		{
			name:  "what was rolled back by the guard stays so, when it was refused something too",
			steps: "BEGIN\nINSERT INTO t\nread-only\nbypass: INSERT INTO t\nINSERT INTO t !\noff\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, INSERT INTO t, ROLLBACK",
		},
		{
			name:   "what a rule lets begin a transaction, as with MySQL's autocommit off, may be committed",
			policy: allow,
			steps:  "read-only\nINSERT INTO audit\nINSERT INTO audit\nCOMMIT\nINSERT INTO audit\nCOMMIT",
			asked:  "INSERT INTO audit, INSERT INTO audit, COMMIT, INSERT INTO audit, COMMIT",
		},
		{
			name:   "but not after a refusal",
			policy: allow,
			steps:  "read-only\nINSERT INTO audit\nINSERT INTO t !\nINSERT INTO audit\nCOMMIT !\nINSERT INTO audit\nCOMMIT",
			asked:  "INSERT INTO audit, ROLLBACK, INSERT INTO audit, ROLLBACK, INSERT INTO audit, COMMIT",
		},
		{
			name:  "what wrote in observe mode may have begun one",
			steps: "observe\nINSERT INTO t\nread-only\nCOMMIT !\nCOMMIT",
			asked: "INSERT INTO t, ROLLBACK, COMMIT",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, &fake{}, sqlguard.Config{Policy: tt.policy})
			m.run(tt.steps)
			if got := calls(m.f); got != tt.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, tt.asked)
			}
			set(t, m.guard, sqlguard.ReadOnly)
			m.conn.Close()
			if got := waiting(t, m.guard); got != "" {
				t.Errorf("open is %s", got)
			}
		})
	}
}
