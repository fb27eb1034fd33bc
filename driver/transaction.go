package driver

import "github.com/quiescehq/quiesce/sqlguard"

// No half transactions: after a refusal in a transaction, it can only be rolled
// back. This file knows what transaction is open on a connection, and what the
// rule makes of each text; admit.go and tx.go apply it.
//
//	            BeginTx, BEGIN, SAVEPOINT (SQLite)
//	 none ──────────────────────────────────────────→ known ─┐ COMMIT passes
//	  │ ↑ COMMIT, ROLLBACK                              │     │
//	  │ └───────────────────────────────────────────────┼─────┘
//	  │ anything runs while the mode is off             │ a statement is refused
//	  ↓                                                 ↓
//	unsure ───────── a statement is refused ────────→ doomed
//
// BeginTx is always seen. Texts are only looked at while a mode is on, and on a
// connection that is known or doomed, which is followed to its end whatever
// the mode. So after a statement that nobody looked at, or that was let through and may
// have written, a transaction may be open that nobody saw begin (unsure).
// In read-only mode it can only be rolled back too.
//
// In what is doomed, or unsure while the mode is read-only:
//
//   - COMMIT by text sends ROLLBACK and returns the guard's error; so does the
//     RELEASE of a savepoint that began the transaction, which would commit it
//     in SQLite;
//   - what would or might commit in passing is refused: MySQL's implicit commits,
//     a RELEASE where the beginning was not seen, BEGIN in a known transaction,
//     COMMIT by text under BeginTx; and in a known and doomed one all that writes,
//     since a procedure may commit;
//   - BEGIN by text, where no transaction is known, is preceded by a ROLLBACK, and
//     BeginTx always;
//   - ROLLBACK ends it, ROLLBACK TO does not;
//   - a doomed connection that comes back from the pool is rolled back; a known one
//     is unsure from then on, and an unsure one stays so.
//
// A refusal where no transaction is known or possible dooms nothing, so that a
// connection of a pool stays as it is, however much is refused on it.
type transaction struct {
	driver     bool // begun by BeginTx
	begun      bool // begun by text
	savepoints int  // begun by a savepoint, and how many are open
	unsure     bool // may be open, begun by text that nobody looked at

	refused *sqlguard.BlockedError // the first refusal in it: it is doomed
}

// known reports whether a transaction was seen to begin.
func (t *transaction) known() bool { return t.driver || t.begun || t.savepoints > 0 }

// watched reports whether texts must be looked at although the mode is off.
func (t *transaction) watched() bool {
	return t.refused != nil || t.begun || t.savepoints > 0
}

// doom notes a refusal; other errors are none.
func (t *transaction) doom(err error) {
	if blocked, ok := err.(*sqlguard.BlockedError); ok && t.refused == nil && (t.known() || t.unsure) {
		t.refused = blocked
	}
}

// ending is what a text would do to a transaction that must not be committed.
type ending uint8

const (
	keeps   ending = iota // leaves it open, or rolls it back
	commits               // asks for its commit
	begins                // begins another
	passes                // commits it in passing, or might
)

// ends returns the first thing that a text does to the open transaction.
func (t *transaction) ends(v *sqlguard.Verdict) ending {
	for i := range statements(v) {
		p := statement(v, i)
		switch {
		case p.Tx == sqlguard.TxRollback:
			return keeps // what follows is in another transaction
		case p.Tx == sqlguard.TxCommit:
			if t.driver {
				return passes // database/sql ends it, and must get the error
			}
			return commits
		case p.Tx == sqlguard.TxBegin:
			if t.known() {
				return passes
			}
			return begins
		case p.Tx == sqlguard.TxRelease && !t.driver && !t.begun:
			if t.savepoints > 0 {
				return commits
			}
			return passes
		case p.Commits, keepsForLater(p.Op), t.refused != nil && t.known() && writes(p):
			return passes
		}
	}
	return keeps
}

// ran notes what a text that ran to its end has done.
func (t *transaction) ran(v *sqlguard.Verdict) {
	for i := range statements(v) {
		p := statement(v, i)
		switch {
		case p.Tx == sqlguard.TxBegin:
			if t.refused != nil && !t.known() {
				*t = transaction{} // or another could not have begun
			}
			t.begun = true
		case p.Tx == sqlguard.TxCommit:
			*t = transaction{driver: t.driver, refused: t.refused}
		case p.Tx == sqlguard.TxRollback:
			*t = transaction{driver: t.driver}
		case p.Tx == sqlguard.TxSavepoint && !t.driver && !t.begun && !t.unsure:
			t.savepoints++
		case p.Tx == sqlguard.TxRelease && t.savepoints > 0:
			t.savepoints--
		case p.Commits:
			t.begun, t.savepoints, t.unsure = false, 0, false
		case writes(p) && !t.known():
			t.unsure = true // with MySQL's autocommit=0 it began a transaction
		}
	}
}

// keepsForLater reports whether an operation hands the open transaction to a second
// phase, in which another connection may commit it.
func keepsForLater(op sqlguard.Op) bool { return op == "PREPARE TRANSACTION" || op == "XA" }

// writes reports whether a statement may change data, or is not understood.
func writes(v *sqlguard.Verdict) bool { return v.Class == 0 || v.Class >= sqlguard.Write }

// statements returns how many statements a text has, statement the i-th.
func statements(v *sqlguard.Verdict) int { return max(1, len(v.Parts)) }

func statement(v *sqlguard.Verdict, i int) *sqlguard.Verdict {
	if len(v.Parts) == 0 {
		return v
	}
	return &v.Parts[i]
}
