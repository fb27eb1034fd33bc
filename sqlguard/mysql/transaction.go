package mysql

import "github.com/quiescehq/quiesce/sqlguard"

// transaction judges transaction control. It reports false for other
// statements.
func (p *parser) transaction() bool {
	switch string(p.word()) {
	case "begin":
		p.shift()
		p.accept("work")
		p.control("BEGIN", "begins a transaction", sqlguard.TxBegin)
		p.v.Commits = true
	case "start":
		p.start()
	case "commit":
		p.ending("COMMIT", "commits", sqlguard.TxCommit)
	case "rollback":
		p.ending("ROLLBACK", "rolls back", sqlguard.TxRollback)
	case "savepoint":
		p.shift()
		p.shift()
		p.control("SAVEPOINT", "sets a savepoint", sqlguard.TxSavepoint)
	case "release":
		p.shift()
		if !p.accept("savepoint") {
			p.misunderstood("RELEASE of something else than a savepoint")
		}
		p.shift()
		p.control("RELEASE", "releases a savepoint", sqlguard.TxRelease)
	case "xa":
		p.xa()
	default:
		return false
	}
	return true
}

// control finishes a statement of transaction control, which must be over.
// BEGIN with anything behind it is a block of MariaDB's.
func (p *parser) control(op sqlguard.Op, why string, tx sqlguard.Tx) {
	if !p.end() {
		p.misunderstood(string(op) + " with something unknown behind it")
		p.skipRest()
	}
	p.raise(sqlguard.Session, op, why)
	p.v.Tx = tx
}

// start judges START TRANSACTION, and START REPLICA and its like.
func (p *parser) start() {
	if !p.aheadIs("transaction") {
		p.schema("START", "starts replication")
		return
	}
	p.shift()
	p.shift()
	for !p.end() {
		switch {
		case p.accept("read"):
			if p.is("write") {
				p.raise(sqlguard.Escape, "BEGIN", "begins a read-write transaction")
			} else if !p.is("only") {
				p.misunderstood("START TRANSACTION READ with something unknown behind it")
			}
		case p.accept("with"):
			if !p.accept("consistent") || !p.is("snapshot") {
				p.misunderstood("START TRANSACTION WITH something unknown")
			}
		default:
			p.misunderstood("START TRANSACTION with something unknown behind it")
		}
		p.shift()
		if p.isOp(",") {
			p.shift()
		}
	}
	p.control("BEGIN", "begins a transaction", sqlguard.TxBegin)
	p.v.Commits = true
}

// ending judges COMMIT and ROLLBACK.
func (p *parser) ending(op sqlguard.Op, why string, tx sqlguard.Tx) {
	p.shift()
	p.accept("work")
	if tx == sqlguard.TxRollback && p.accept("to") {
		p.accept("savepoint")
		p.shift()
		p.control("ROLLBACK", "rolls back to a savepoint", sqlguard.TxRollbackTo)
		return
	}
	if p.accept("and") {
		if p.accept("no") {
			p.expect("chain")
		} else {
			p.expect("chain")
			p.chained = true
		}
	}
	if p.accept("no") {
		p.expect("release")
	} else if p.accept("release") {
		why += " and ends the session"
	}
	p.control(op, why, tx)
}

// chainedBegin is the second half of COMMIT AND CHAIN: the server begins a new
// transaction at once, of the same kind as the one before.
func chainedBegin() sqlguard.Verdict {
	return sqlguard.Verdict{
		Class: sqlguard.Session, Op: "BEGIN", Tx: sqlguard.TxBegin, Complete: true, Why: "begins a transaction",
	}
}

// expect moves behind the keyword, which must stand here.
func (p *parser) expect(keyword string) {
	if !p.accept(keyword) {
		p.misunderstood("a keyword is missing")
	}
}

// xa judges XA. All of it but RECOVER decides over the work of a transaction
// that outlives the session.
func (p *parser) xa() {
	if p.aheadIs("recover") {
		p.raise(sqlguard.Read, "XA RECOVER", "lists prepared transactions")
	} else {
		p.raise(sqlguard.Write, "XA", "controls a distributed transaction")
	}
	p.skipRest()
}
