package sqlite

import (
	"github.com/quiescehq/quiesce/sqlguard"
)

// statement judges the head of a statement, and as much of the rest as is no
// plain expression.
func (p *parser) statement() {
	if p.is(wordExplain) {
		p.explain()
		return
	}
	switch p.word() {
	case wordSelect, wordValues, wordWith:
		p.raise(sqlguard.Read, sqlguard.OpSelect, "query")
		p.rest()
	case wordInsert, wordReplace, wordUpdate, wordDelete:
		p.dml()
	case wordPragma:
		p.pragma()
	case wordAttach:
		p.raise(sqlguard.Escape, "ATTACH", "opens, and may create, another file")
		p.skipRest()
	case wordDetach:
		p.raise(sqlguard.Escape, "DETACH", "closes a file that the session reads")
		p.skipRest()
	case wordVacuum:
		p.vacuum()
	case wordCreate, wordDrop, wordAlter, wordReindex, wordAnalyze:
		p.definition()
	default:
		if !p.transaction() {
			p.misunderstood("not a statement that is known")
			p.skipRest()
		}
	}
}

// explain judges EXPLAIN and EXPLAIN QUERY PLAN. They run nothing, but a PRAGMA
// acts while it is prepared, and functions of constants may be called by the planner.
func (p *parser) explain() {
	p.shift()
	if p.accept(wordQuery) && !p.accept(wordPlan) {
		p.misunderstood("EXPLAIN QUERY without PLAN")
	}
	switch p.word() {
	case wordSelect, wordValues, wordWith, wordInsert, wordReplace, wordUpdate, wordDelete:
	case wordPragma, wordAttach, wordDetach, wordVacuum, wordCreate, wordDrop, wordAlter, wordReindex, wordAnalyze:
		p.statement()
		return
	default:
		p.misunderstood("EXPLAIN of a statement that needs none")
		p.skipRest()
		return
	}
	p.statement()
	p.v.Class, p.v.Op, p.v.Why = sqlguard.Read, sqlguard.OpSelect, "explains a statement that is not run"
	p.target, p.v.Complete = target{}, true
}

// vacuum judges VACUUM, and VACUUM INTO, which writes another file.
func (p *parser) vacuum() {
	p.raise(sqlguard.Schema, "VACUUM", "rewrites the file")
	for !p.end() {
		if p.is(wordInto) {
			p.v.Class, p.v.Op, p.v.Why = sqlguard.Write, "VACUUM INTO", "writes another file"
		}
		p.shift()
	}
}

// transaction judges transaction control. It reports false for other
// statements.
func (p *parser) transaction() bool {
	switch p.word() {
	case wordBegin:
		p.begin()
	case wordCommit, wordEnd:
		p.shift()
		p.transactionName()
		p.control("COMMIT", "commits", sqlguard.TxCommit)
	case wordRollback:
		p.rollback()
	case wordSavepoint:
		p.shift()
		p.savepointName()
		p.control("SAVEPOINT", "sets a savepoint", sqlguard.TxSavepoint)
	case wordRelease:
		p.shift()
		p.knownSavepoint()
		p.control("RELEASE", "releases a savepoint", sqlguard.TxRelease)
	default:
		return false
	}
	return true
}

// begin judges BEGIN. IMMEDIATE and EXCLUSIVE take the lock of a writer at
// once.
func (p *parser) begin() {
	p.shift()
	locks := false
	switch p.word() {
	case wordImmediate, wordExclusive:
		locks = true
		p.shift()
	case wordDeferred:
		p.shift()
	}
	p.transactionName()
	p.control("BEGIN", "begins a transaction", sqlguard.TxBegin)
	if locks {
		p.raise(sqlguard.Lock, sqlguard.OpLock, "begins a transaction with a writer's lock")
	}
}

func (p *parser) rollback() {
	p.shift()
	p.transactionName()
	if !p.accept(wordTo) {
		p.control("ROLLBACK", "rolls back", sqlguard.TxRollback)
		return
	}
	p.knownSavepoint()
	p.control("ROLLBACK", "rolls back to a savepoint", sqlguard.TxRollbackTo)
}

// transactionName moves behind TRANSACTION and the name that may follow it.
func (p *parser) transactionName() {
	if p.accept(wordTransaction) && !p.end() && !p.is(wordTo) && p.Named() {
		p.shift()
	}
}

// savepointName moves behind the name of a savepoint.
func (p *parser) savepointName() {
	if !p.Named() {
		p.misunderstood("a savepoint without a name")
	}
	p.shift()
}

// knownSavepoint moves behind the name of a savepoint, before which SAVEPOINT may
// stand, which is a name itself.
func (p *parser) knownSavepoint() {
	if !p.accept(wordSavepoint) || !p.end() {
		p.savepointName()
	}
}

// control finishes a statement of transaction control, which must be over.
func (p *parser) control(op sqlguard.Op, why string, tx sqlguard.Tx) {
	if !p.end() {
		p.misunderstood(string(op) + " with something unknown behind it")
		p.skipRest()
	}
	p.raise(sqlguard.Session, op, why)
	p.v.Tx = tx
}
