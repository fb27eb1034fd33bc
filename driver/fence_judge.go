package driver

import (
	"github.com/quiescehq/quiesce/sqlguard"
)

// mayWrite reports whether a text, which passes, may write, or do what the fence must not be in the way of: it
// has to take the fence.
func mayWrite(v *sqlguard.Verdict) bool {
	for i := range statements(v) {
		p := statement(v, i)
		switch p.Class {
		case sqlguard.Lock:
			if p.Commits && p.Op == sqlguard.OpLock {
				return true // the tables' locks do not outlive the BEGIN of a transaction
			}
		case sqlguard.Session, sqlguard.Escape:
		default:
			if writes(p) || p.Class == sqlguard.Unproven {
				return true
			}
		}
		if len(p.Calls) > 0 {
			return true
		}
	}
	return false
}

// anyOf reports whether any statement of a text is so.
func anyOf(v *sqlguard.Verdict, is func(*sqlguard.Verdict) bool) bool {
	for i := range statements(v) {
		if is(statement(v, i)) {
			return true
		}
	}
	return false
}

// endsTx reports whether a statement may end the transaction, and with it let go of the fence.
func endsTx(p *sqlguard.Verdict) bool {
	return p.Commits || p.Tx == sqlguard.TxBegin || p.Tx == sqlguard.TxCommit || p.Tx == sqlguard.TxRollback
}

// mightCommit reports whether a statement may commit the transaction, or another that is open.
func mightCommit(p *sqlguard.Verdict) bool { return endsTx(p) && p.Tx != sqlguard.TxRollback }

func rollsBackTo(p *sqlguard.Verdict) bool { return p.Tx == sqlguard.TxRollbackTo }

// unfenced returns why the fence cannot be taken for a text, or "".
func (c *conn) unfenced(v *sqlguard.Verdict) string {
	commits := func(p *sqlguard.Verdict) bool { return p.Commits }
	switch {
	case len(c.fence.Enter) == 0:
		return "writing needs the database's fence, which this dialect does not have"
	case anyOf(v, commits):
		return "it commits in passing, and so would let go of the database's fence before it changes anything"
	case len(v.Parts) > 0 && anyOf(v, endsTx):
		return "the database's fence cannot be taken for a text that writes, and begins or ends a transaction: send its statements one by one"
	case anyOf(v, func(p *sqlguard.Verdict) bool { return p.Op == sqlguard.OpUnknown }):
		return "it is not understood, and might let go of the database's fence"
	case c.fence.LetsGo != nil && anyOf(v, c.fence.LetsGo):
		return "it may commit on the way, or at another time, and so let go of the database's fence"
	}
	return ""
}
