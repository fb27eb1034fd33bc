package sqlite

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// statement judges the head of a statement, and as much of the rest as is no
// plain expression.
func (p *parser) statement() {
	if p.is("explain") {
		p.explain()
		return
	}
	switch string(p.word()) {
	case "select", "values", "with":
		p.raise(sqlguard.Read, sqlguard.OpSelect, "query")
		p.rest()
	case "insert", "replace", "update", "delete":
		p.dml()
	case "pragma":
		p.pragma()
	case "attach":
		p.raise(sqlguard.Escape, "ATTACH", "opens, and may create, another file")
		p.skipRest()
	case "detach":
		p.raise(sqlguard.Escape, "DETACH", "closes a file that the session reads")
		p.skipRest()
	case "vacuum":
		p.vacuum()
	case "create", "drop", "alter", "reindex", "analyze":
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
	if p.accept("query") && !p.accept("plan") {
		p.misunderstood("EXPLAIN QUERY without PLAN")
	}
	switch string(p.word()) {
	case "select", "values", "with", "insert", "replace", "update", "delete":
	case "pragma", "attach", "detach", "vacuum", "create", "drop", "alter", "reindex", "analyze":
		p.statement()
		return
	default:
		p.misunderstood("EXPLAIN of a statement that needs none")
		p.skipRest()
		return
	}
	p.statement()
	p.v.Class, p.v.Op, p.v.Why = sqlguard.Read, sqlguard.OpSelect, "explains a statement that is not run"
	p.v.Tables, p.v.Complete = nil, true
}

// vacuum judges VACUUM, and VACUUM INTO, which writes another file.
func (p *parser) vacuum() {
	p.raise(sqlguard.Schema, "VACUUM", "rewrites the file")
	for !p.end() {
		if p.is("into") {
			p.v.Class, p.v.Op, p.v.Why = sqlguard.Write, "VACUUM INTO", "writes another file"
		}
		p.shift()
	}
}

// transaction judges transaction control. It reports false for other
// statements.
func (p *parser) transaction() bool {
	switch string(p.word()) {
	case "begin":
		p.begin()
	case "commit", "end":
		p.shift()
		p.transactionName()
		p.control("COMMIT", "commits", sqlguard.TxCommit)
	case "rollback":
		p.rollback()
	case "savepoint":
		p.shift()
		p.savepointName()
		p.control("SAVEPOINT", "sets a savepoint", sqlguard.TxSavepoint)
	case "release":
		p.shift()
		if p.ahead.Kind != lex.Semicolon && p.ahead.Kind != lex.EOF {
			p.accept("savepoint")
		}
		p.savepointName()
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
	switch string(p.word()) {
	case "immediate", "exclusive":
		locks = true
		p.shift()
	case "deferred":
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
	if !p.accept("to") {
		p.control("ROLLBACK", "rolls back", sqlguard.TxRollback)
		return
	}
	if p.ahead.Kind != lex.Semicolon && p.ahead.Kind != lex.EOF {
		p.accept("savepoint")
	}
	p.savepointName()
	p.control("ROLLBACK", "rolls back to a savepoint", sqlguard.TxRollbackTo)
}

// transactionName moves behind TRANSACTION and the name that may follow it.
func (p *parser) transactionName() {
	if p.accept("transaction") && !p.end() && !p.is("to") && isName(p.tok) {
		p.shift()
	}
}

// savepointName moves behind the name of a savepoint.
func (p *parser) savepointName() {
	if !isName(p.tok) {
		p.misunderstood("a savepoint without a name")
	}
	p.shift()
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
