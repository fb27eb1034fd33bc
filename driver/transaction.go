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
//	  │ anything runs while the mode is off             │ a statement is refused,
//	  ↓                                                 ↓ or Guard.Cut is called
//	unsure ───────── a statement is refused ────────→ dead
//
// BeginTx is always seen. Texts are only looked at while a mode is on, and on a
// connection that is known or dead, which is followed to its end whatever
// the mode. So after a statement that nobody looked at, or that wrote in observe
// mode, a transaction may be open that nobody saw begin (unsure).
// In read-only mode it can only be rolled back too.
//
// In what is dead, or unsure while the mode is read-only:
//
//   - COMMIT by text sends ROLLBACK and returns the guard's error; so does the
//     RELEASE of a savepoint that began the transaction, which would commit it
//     in SQLite, and the SET autocommit = 1 that is MySQL's way to commit: whoever asks
//     for a commit must not be told that it succeeded;
//   - what would or might commit a dead one in passing is refused: MySQL's implicit
//     commits, BEGIN in a known transaction, COMMIT by text under BeginTx; and in a
//     known one all that writes, since a procedure may commit;
//   - an unsure one is rolled back before anything that would or might commit it in
//     passing, and before whatever a policy or bypass lets write. Its COMMIT is refused
//     all the same, or its program would think that it was committed;
//   - BEGIN by text, where no transaction is known, is preceded by a ROLLBACK, and
//     BeginTx always;
//   - ROLLBACK ends it, ROLLBACK TO does not;
//   - a dead connection that comes back from the pool is rolled back; a known one
//     is unsure from then on, and an unsure one stays so.
//
// A refusal where no transaction is known or possible dooms nothing, so that a
// connection of a pool stays as it is, however much is refused on it.
type transaction struct {
	driver     bool // begun by BeginTx
	begun      bool // begun by text
	savepoints int  // begun by a savepoint, and how many are open

	// implicit is whether one may be open that a write began, with MySQL's
	// autocommit=0, which was let through in read-only mode: nothing in it is unseen.
	implicit bool
	// armed is whether the engine refuses writes in the known one.
	armed  bool
	joined bool // it has taken the database's fence after something had run
	unsure doubt

	refused *sqlguard.BlockedError // the first refusal in it: it is dead
	cut     bool                   // Guard.Cut was called: it is dead too
}

// doubt is whether a transaction may be open that was begun by a text which nobody
// looked at.
type doubt uint8

const (
	certain doubt = iota // none is
	unseen               // one may be; the known one may not be any more
	cleared              // the guard has rolled it back, and its program does not know
)

// known reports whether a transaction was seen to begin.
func (t *transaction) known() bool { return t.driver || t.begun || t.savepoints > 0 }

// dead reports whether a transaction must not be committed, whatever the mode.
func (t *transaction) dead() bool { return t.refused != nil || t.cut }

// watched reports whether texts must be looked at although the mode is off.
func (t *transaction) watched() bool {
	return t.refused != nil || t.begun || t.savepoints > 0
}

// doom notes a refusal; other errors are none.
func (t *transaction) doom(err error) {
	possible := t.known() || t.implicit || t.unsure != certain
	if blocked, ok := err.(*sqlguard.BlockedError); ok && t.refused == nil && possible {
		t.refused = blocked
	}
}

// ending is what a text would do to a transaction that must not be committed, the
// least first.
type ending uint8

const (
	keeps    ending = iota // leaves it open, or rolls it back
	changes                // writes in it; a procedure may commit it
	begins                 // begins another
	passes                 // commits it in passing, or might
	releases               // asks for the release of a savepoint, which might commit it
	commits                // asks for its commit
)

// ends returns what a text does to the open transaction: the most, of several
// statements, up to the one that ends it. So who asks for a commit hears of it.
func (t *transaction) ends(v *sqlguard.Verdict) (end ending) {
	for i := range statements(v) {
		p := statement(v, i)
		end = max(end, t.endsBy(p))
		if p.Tx == sqlguard.TxRollback || p.Tx == sqlguard.TxCommit || p.Tx == sqlguard.TxBegin {
			break // what follows is in another transaction
		}
	}
	return end
}

func (t *transaction) endsBy(p *sqlguard.Verdict) ending {
	switch {
	case p.Tx == sqlguard.TxRollback:
		return keeps
	case p.Tx == sqlguard.TxCommit && t.driver:
		return passes // database/sql ends it, and must get the error
	case p.Tx == sqlguard.TxCommit:
		return commits
	case p.Tx == sqlguard.TxBegin && !t.known():
		return begins
	case p.Tx == sqlguard.TxBegin:
		return passes
	case p.Tx == sqlguard.TxRelease && !t.driver && !t.begun:
		if t.savepoints > 0 {
			return commits
		}
		return releases
	case p.Commits && p.Class == sqlguard.Session && !t.driver:
		return commits // MySQL's SET autocommit = 1
	case p.Commits, keepsForLater(p.Op):
		return passes
	case writes(p):
		return changes
	}
	return keeps
}

// ran notes what a text that ran to its end has done, after it was let through in a mode.
func (t *transaction) ran(v *sqlguard.Verdict, mode sqlguard.Mode) {
	for i := range statements(v) {
		p := statement(v, i)
		switch {
		case p.Tx == sqlguard.TxBegin:
			if !t.known() {
				*t = transaction{} // or another could not have begun
			}
			t.begun, t.unsure, t.armed = true, certain, false
		case p.Tx == sqlguard.TxCommit:
			*t = transaction{driver: t.driver, refused: t.refused, cut: t.cut, unsure: endedBy(t)}
		case p.Tx == sqlguard.TxRollback:
			*t = transaction{driver: t.driver, unsure: endedBy(t)}
		case p.Tx == sqlguard.TxSavepoint && !t.driver && !t.begun && t.unsure == certain:
			t.savepoints++
		case p.Tx == sqlguard.TxRelease && t.savepoints > 0:
			t.savepoints--
		case p.Commits:
			t.begun, t.savepoints, t.implicit, t.armed = false, 0, false, false
			if t.unsure == unseen || t.driver {
				t.unsure = endedBy(t)
			}
		case writes(p) && !t.known():
			// With MySQL's autocommit=0 it began a transaction.
			if mode == sqlguard.ReadOnly {
				t.implicit = true
			} else {
				t.unsure = unseen
			}
		}
		if writes(p) {
			t.armed = false // an Escape in observe mode, or a procedure that commits
		}
	}
}

// endedBy is the doubt after a text has ended the transaction.
func endedBy(t *transaction) doubt {
	if t.driver {
		return unseen // database/sql has not
	}
	return certain
}

// failed notes that nobody knows how far a text got which ends a transaction, or is
// one of several statements.
func (t *transaction) failed() { t.unsure, t.armed = unseen, false }

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
