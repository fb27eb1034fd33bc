package sqlite

import (
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// rest reads what is left of the statement as expressions and clauses of a
// query.
func (p *parser) rest() {
	for !p.end() {
		p.step()
	}
}

// step judges the current token within a query or expression and moves on.
func (p *parser) step() {
	switch p.tok.Kind {
	case lex.Word:
		if p.keyword() {
			return
		}
		p.reference()
	case lex.Ident, lex.String:
		p.reference()
	}
	p.shift()
}

// keyword judges a word that may be more than a name. It reports true if it has
// moved on. INSERT, UPDATE, DELETE and INTO are reserved, even behind a dot.
func (p *parser) keyword() bool {
	switch string(p.word()) {
	case "insert", "update", "delete":
		p.dml()
		return true
	case "replace":
		if p.aheadIs("into") {
			p.dml()
			return true
		}
	case "into":
		p.misunderstood("INTO in a query")
	case "regexp":
		// The operator calls a function that no library brings.
		if !p.ahead.IsOp(p.src, "(") {
			p.v.Functions = true
			p.addCall("regexp")
		}
	}
	return false
}

// reference judges a name: is it a call, or one of the tables that are PRAGMAs?
func (p *parser) reference() {
	call := p.ahead.IsOp(p.src, "(")
	if call && p.noCall() {
		return
	}
	s, ok := p.tok.Name(p.src)
	if !ok || !call && (len(s) < len("pragma_") || !strings.EqualFold(s[:len("pragma_")], "pragma_")) {
		return
	}
	name := p.name(p.tok)
	pragma, isPragma := strings.CutPrefix(name, "pragma_")
	switch {
	case isPragma:
		p.v.Functions = true
		kind := pragmas[pragma].kind
		if kind&reads == 0 || call && kind&readsArgument == 0 && !p.emptyCall() {
			p.addCall(name)
		}
	case p.prev.IsOp(p.src, "."):
		p.v.Functions = true
		p.addCall(p.name(p.before) + "." + name)
	default:
		p.v.Functions = true
		if !readOnly[name] {
			p.addCall(name)
		}
	}
}

// noCall reports whether the parenthesis behind the current token belongs to
// something else than a call.
func (p *parser) noCall() bool {
	if p.tok.Kind == lex.Word && p.length > 0 {
		switch string(p.word()) {
		case "over", "filter":
			if p.prev.IsOp(p.src, ")") {
				return true
			}
		case "by":
			if p.prevIs("group") || p.prevIs("order") || p.prevIs("partition") {
				return true
			}
		case "conflict":
			if p.prevIs("on") {
				return true
			}
		case "materialized":
			if p.prevIs("as") || p.prevIs("not") && p.before.Is(p.src, "as") {
				return true
			}
		default:
			if beforeParenthesis[string(p.word())] {
				return true
			}
		}
	}
	return p.prevIs("as") && p.typeLength() || p.columnList()
}

// emptyCall reports whether nothing is in the parenthesis ahead.
func (p *parser) emptyCall() bool {
	fork := p.lex
	return fork.Next().IsOp(p.src, ")")
}

// typeLength reports whether the parenthesis ahead holds the length of a type:
// CAST(a AS decimal(10,2)).
func (p *parser) typeLength() bool {
	fork := p.lex
	for {
		t := fork.Next()
		if t.IsOp(p.src, "-") || t.IsOp(p.src, "+") {
			t = fork.Next()
		}
		if t.Kind != lex.Number {
			return false
		}
		sep := fork.Next()
		if !sep.IsOp(p.src, ",") {
			return sep.IsOp(p.src, ")")
		}
	}
}

// columnList reports whether the parenthesis ahead holds the columns of a
// common table expression: c (a, b) AS (…), c (a) AS MATERIALIZED (…).
func (p *parser) columnList() bool {
	fork := p.lex
	for {
		if t := fork.Next(); !isName(t) {
			return false
		}
		sep := fork.Next()
		if sep.IsOp(p.src, ",") {
			continue
		}
		if !sep.IsOp(p.src, ")") || !fork.Next().Is(p.src, "as") {
			return false
		}
		// MATERIALIZED may also be an alias: f (x) AS materialized is a call.
		t := fork.Next()
		if t.Is(p.src, "not") {
			t = fork.Next()
		}
		if t.Is(p.src, "materialized") {
			t = fork.Next()
		}
		return t.IsOp(p.src, "(")
	}
}

// dml reads an INSERT, REPLACE, UPDATE or DELETE, which may stand behind WITH,
// to the end of the statement.
func (p *parser) dml() {
	if p.v.Class >= sqlguard.Write {
		p.misunderstood("a write inside of a write")
		p.skipRest()
		return
	}
	var op sqlguard.Op
	switch string(p.word()) {
	case "insert":
		op = sqlguard.OpInsert
		p.raise(sqlguard.Write, op, "inserts")
	case "replace":
		op = sqlguard.OpReplace
		p.raise(sqlguard.Write, op, "replaces")
	case "update":
		op = sqlguard.OpUpdate
		p.raise(sqlguard.Write, op, "updates")
	case "delete":
		op = sqlguard.OpDelete
		p.raise(sqlguard.Write, op, "deletes")
	}
	p.shift()
	replaces := false
	if p.accept("or") {
		replaces = p.is("replace")
		p.shift() // ABORT, FAIL, IGNORE, REPLACE, ROLLBACK
	}
	if !p.accept("into") {
		p.accept("from")
	}
	t, ok := p.table(op)
	if ok {
		p.v.Complete = len(p.v.Tables) == 0
		p.v.Tables = append(p.v.Tables, t)
		if replaces {
			p.also(t, sqlguard.OpReplace)
		}
	}
	if p.accept("as") {
		p.shift()
	}
	if p.isOp("(") {
		p.skipParentheses() // the columns of INSERT
	}
	for !p.end() {
		if p.is("update") && p.prevIs("do") {
			p.shift() // ON CONFLICT DO UPDATE
			if ok {
				p.also(t, sqlguard.OpUpdate)
			}
			continue
		}
		p.step()
	}
}

// also notes that a table is written in another way too, once.
func (p *parser) also(t sqlguard.Table, op sqlguard.Op) {
	t.Op = op
	if !slices.Contains(p.v.Tables, t) {
		p.v.Tables = append(p.v.Tables, t)
	}
}

// skipParentheses moves behind the parenthesis that opens here, judging nothing.
func (p *parser) skipParentheses() {
	depth := 0
	for !p.end() {
		switch {
		case p.isOp("("):
			depth++
		case p.isOp(")"):
			depth--
		}
		p.shift()
		if depth == 0 {
			return
		}
	}
}
