package mysql

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// statement judges the head of a statement, and as much of the rest as is no
// plain expression.
func (p *parser) statement() {
	if p.isOp("(") {
		p.query("query in parentheses")
		return
	}
	switch string(p.word()) {
	case "select", "values", "table", "with":
		p.query("query")
	case "insert", "replace", "update", "delete":
		p.dml()
	case "load":
		p.load()
	case "show", "help", "checksum":
		p.read1(sqlguard.OpSelect, "shows")
	case "explain", "describe", "desc":
		p.explain()
	case "analyze":
		p.analyze()
	case "use":
		p.session("USE", "changes the default database")
	case "handler":
		p.session("HANDLER", "reads through a handler")
	case "signal", "resignal":
		p.session("SIGNAL", "raises an error")
	case "get":
		p.getDiagnostics()
	case "deallocate":
		p.session("DEALLOCATE", "forgets a prepared statement")
	case "do":
		p.raise(sqlguard.Read, "DO", "evaluates expressions")
		p.shift()
	case "set":
		p.set()
	case "call":
		p.callProcedure()
	case "execute":
		p.execute()
	case "prepare":
		p.prepare()
	default:
		if !p.transaction() && !p.locking() && !p.definition() {
			p.misunderstood("not a statement that is known")
			p.skipRest()
		}
	}
}

// query judges SELECT, VALUES, TABLE and WITH by what is found in them.
func (p *parser) query(why string) {
	p.isSelect = true
	p.raise(sqlguard.Read, sqlguard.OpSelect, why)
	p.rest()
}

// read1 judges a statement that is a query by nature.
func (p *parser) read1(op sqlguard.Op, why string) {
	p.isSelect = true
	p.raise(sqlguard.Read, op, why)
	p.shift()
	p.rest()
}

// session judges a statement that changes nothing but its session.
func (p *parser) session(op sqlguard.Op, why string) {
	p.raise(sqlguard.Session, op, why)
	p.shift()
	p.rest()
}

// callProcedure judges CALL, whose effect is in a procedure that is not seen here.
func (p *parser) callProcedure() {
	p.raise(sqlguard.Write, "CALL", "calls a procedure")
	p.shift()
	p.rest()
}

// getDiagnostics judges GET [CURRENT | STACKED] DIAGNOSTICS.
func (p *parser) getDiagnostics() {
	p.shift()
	p.acceptAny("current", "stacked")
	if !p.is("diagnostics") {
		p.misunderstood("GET of something else than diagnostics")
		return
	}
	p.session("GET DIAGNOSTICS", "sets user variables")
}

// skipRest moves to the end of the statement, judging nothing.
func (p *parser) skipRest() {
	for !p.end() {
		p.shift()
	}
}

// explain judges EXPLAIN and its other names. Without ANALYZE the statement is
// not run, though MariaDB runs functions in derived tables.
func (p *parser) explain() {
	p.shift()
	runs := p.explainOptions()
	switch {
	case p.isOp("("):
	case p.tok.Kind == lex.Word && explainable[string(p.word())] && !p.qualifies(p.tok):
	default:
		p.describe()
		return
	}
	p.explains = true
	p.statement()
	p.rest()
	if runs || p.mixed {
		return
	}
	switch p.v.Op {
	case sqlguard.OpInsert, sqlguard.OpReplace, sqlguard.OpUpdate, sqlguard.OpDelete, sqlguard.OpLock:
		p.v.Class, p.v.Op, p.v.Why = sqlguard.Read, sqlguard.OpSelect, "explains a statement that is not run"
		p.v.Tables, p.v.Complete = nil, true
		p.isSelect = true
	}
}

// describe judges DESCRIBE t, DESCRIBE t column, and EXPLAIN FOR CONNECTION 1.
func (p *parser) describe() {
	p.raise(sqlguard.Read, sqlguard.OpSelect, "describes")
	if p.accept("for") {
		p.expect("connection")
		p.shift()
	} else {
		if _, ok := p.tableName(""); !ok {
			p.misunderstood("EXPLAIN of nothing")
		}
		p.shift() // a column or a pattern
	}
	if !p.end() {
		p.misunderstood("EXPLAIN of an unknown statement")
		p.skipRest()
	}
}

// explainable are the statements that can be explained.
var explainable = map[string]bool{
	"select": true, "values": true, "table": true, "with": true,
	"insert": true, "replace": true, "update": true, "delete": true,
}

// explainOptions moves behind the options of EXPLAIN and reports whether the
// statement is run.
func (p *parser) explainOptions() (runs bool) {
	for {
		switch {
		case p.is("analyze"):
			runs = true
			p.shift()
		case p.is("format") && p.ahead.IsOp(p.src, "="):
			p.shift()
			p.shift()
			p.shift()
		case p.is("into") && p.ahead.Kind == lex.Param:
			p.raise(sqlguard.Session, "EXPLAIN", "sets a user variable")
			p.shift()
			p.shift()
		case p.is("extended"), p.is("partitions"):
			p.shift()
		case p.is("for") && (p.aheadIs("schema") || p.aheadIs("database")):
			p.shift()
			p.shift()
			p.shift()
		default:
			return runs
		}
	}
}

// analyze judges ANALYZE TABLE, and MariaDB's ANALYZE of a statement, which
// runs it.
func (p *parser) analyze() {
	if p.aheadIs("table") || p.aheadIs("tables") || p.aheadIs("local") || p.aheadIs("no_write_to_binlog") {
		p.schema("ANALYZE TABLE", "updates statistics")
		return
	}
	p.shift()
	p.explainOptions()
	if !p.isOp("(") && !explainable[string(p.word())] {
		p.misunderstood("ANALYZE of an unknown statement")
		return
	}
	p.statement()
}
