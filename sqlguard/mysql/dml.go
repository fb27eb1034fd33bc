package mysql

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// dml reads an INSERT, REPLACE, UPDATE or DELETE, which may stand behind WITH,
// to the end of the statement.
func (p *parser) dml() {
	if p.v.Class >= sqlguard.Write {
		p.misunderstood("a write inside of a write")
		p.skipRest()
		return
	}
	switch string(p.word()) {
	case "insert":
		p.insert(sqlguard.OpInsert, "inserts")
	case "replace":
		p.insert(sqlguard.OpReplace, "replaces")
	case "update":
		p.update()
	case "delete":
		p.delete()
	}
}

// insert reads INSERT and REPLACE.
func (p *parser) insert(op sqlguard.Op, why string) {
	p.raise(sqlguard.Write, op, why)
	p.shift()
	p.acceptAny("low_priority", "delayed", "high_priority", "ignore")
	p.accept("into")
	t, ok := p.tableName(op)
	if ok {
		p.addTable(t)
		p.v.Complete = true
	}
	if p.is("partition") && p.ahead.IsOp(p.src, "(") {
		p.shift()
		p.skipParentheses()
	}
	if p.isOp("(") && !p.subqueryBehind() {
		p.skipParentheses() // the columns
	}
	for !p.end() {
		if p.is("update") && p.prev.Is(p.src, "key") && p.before.Is(p.src, "duplicate") {
			p.shift() // ON DUPLICATE KEY UPDATE
			if ok {
				t.Op = sqlguard.OpUpdate
				p.addTable(t)
			}
			continue
		}
		p.step()
	}
}

// subqueryBehind reports whether something else than a name stands behind the
// parenthesis that opens here: a query, or another parenthesis.
func (p *parser) subqueryBehind() bool {
	switch p.ahead.Kind {
	case lex.Ident:
		return false
	case lex.Word:
		return !p.qualifies(p.ahead) && (p.aheadIs("select") || p.aheadIs("with") || p.aheadIs("values") || p.aheadIs("table"))
	}
	return !p.ahead.IsOp(p.src, ")")
}

// update reads UPDATE. Of several tables each counts as written.
func (p *parser) update() {
	p.raise(sqlguard.Write, sqlguard.OpUpdate, "updates")
	p.shift()
	p.acceptAny("low_priority", "ignore")
	p.from = tableScan{on: true}
	p.from.begin(p.depth)
	depth := p.depth
	for !p.end() && !(p.is("set") && p.depth == depth && !p.afterDot()) {
		p.step()
	}
	for _, src := range p.from.sources {
		p.addTable(sqlguard.Table{Schema: src.schema, Name: src.name, Op: sqlguard.OpUpdate})
	}
	p.v.Complete = !p.from.lost && len(p.from.sources) > 0
	p.from = tableScan{}
	p.rest()
}

// delete reads DELETE in its three forms: FROM t; t, u FROM sources; FROM t, u
// USING sources.
func (p *parser) delete() {
	p.raise(sqlguard.Write, sqlguard.OpDelete, "deletes")
	p.shift()
	p.acceptAny("low_priority", "quick", "ignore")
	from := p.accept("from")
	var targets []sqlguard.Table
	for {
		t, ok := p.tableName(sqlguard.OpDelete)
		if !ok || len(targets) == maxTables {
			p.v.Complete = false
			return
		}
		targets = append(targets, t)
		if p.isOp(".") && p.ahead.IsOp(p.src, "*") {
			p.shift()
			p.shift()
		}
		if !p.isOp(",") {
			break
		}
		p.shift()
	}
	switch {
	case from && p.is("using") || !from && p.is("from"):
		p.deleteSources(targets)
	case from && len(targets) == 1:
		p.addTable(targets[0])
		p.v.Complete = true
	}
}

// deleteSources reads the sources of a DELETE that names its targets apart, and
// notes what the targets stand for; all sources, where that is not clear.
func (p *parser) deleteSources(targets []sqlguard.Table) {
	p.shift()
	p.from = tableScan{on: true}
	p.from.begin(p.depth)
	p.rest()
	complete := !p.from.lost
	for _, t := range targets {
		resolved, ok := p.from.resolve(t)
		complete = complete && ok
		p.addTable(resolved)
	}
	if !complete {
		for _, src := range p.from.sources {
			p.addTable(sqlguard.Table{Schema: src.schema, Name: src.name, Op: sqlguard.OpDelete})
		}
	}
	p.v.Complete = complete
	p.from = tableScan{}
}

// load reads LOAD DATA and LOAD XML.
func (p *parser) load() {
	switch {
	case p.aheadIs("data"):
		p.raise(sqlguard.Write, "LOAD DATA", "loads a file")
	case p.aheadIs("xml"):
		p.raise(sqlguard.Write, "LOAD XML", "loads a file")
	default:
		p.schema("LOAD", "loads into a cache")
		return
	}
	op := p.v.Op
	for !p.end() && !(p.is("into") && p.aheadIs("table")) {
		p.shift()
	}
	if p.end() {
		return
	}
	p.shift()
	p.shift()
	if t, ok := p.tableName(op); ok {
		p.addTable(t)
		p.v.Complete = true
	}
	// Nothing before SET is an expression.
	for !p.end() && !(p.is("set") && !p.prev.Is(p.src, "character")) {
		p.shift()
	}
	p.rest()
}
