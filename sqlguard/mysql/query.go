package mysql

import (
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
		if !p.afterDot() && !p.qualifies(p.tok) && p.keyword() {
			return
		}
		p.reference()
	case lex.Ident:
		p.reference()
	case lex.Op:
		p.mark()
	}
	p.shift()
}

// mark judges an operator or a parenthesis.
func (p *parser) mark() {
	switch p.src[p.tok.Start:p.tok.End] {
	case "(":
		if p.depth++; p.depth > maxNesting {
			p.misunderstood("parentheses nested too deep")
		}
		p.from.open(p.depth)
	case ")":
		p.depth = max(p.depth-1, 0)
		p.from.closed()
	case ",":
		p.from.comma(p.depth)
	case "{":
		p.from.lost = true
	case ":=":
		p.raise(sqlguard.Session, sqlguard.OpSelect, "sets a user variable")
	}
}

// afterDot reports whether the token before is a dot, so that the current one
// is a name whatever it reads.
func (p *parser) afterDot() bool { return p.prev.IsOp(p.src, ".") }

// qualifies reports whether t is directly followed by a dot and a name, which
// makes it a name even if it is a keyword. Only then: UPDATE .t is an UPDATE, and so
// is one with 0xA0 behind the dot, which is white space in latin1 and begins no name elsewhere.
func (p *parser) qualifies(t lex.Token) bool {
	if t.End+1 >= len(p.src) || p.src[t.End] != '.' {
		return false
	}
	c := p.src[t.End+1]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80 && c != 0xA0
}

// keyword judges a word that is no name. It reports true if it has moved on.
func (p *parser) keyword() bool {
	if p.known&(acts|scans) == 0 {
		return false
	}
	switch string(p.word()) {
	case "insert", "replace":
		if !p.ahead.IsOp(p.src, "(") {
			p.dml()
			return true
		}
	case "update", "delete":
		p.dml()
		return true
	case "into":
		p.into()
	case "for":
		return p.forClause()
	case "lock":
		p.raise(sqlguard.Lock, sqlguard.OpLock, "row lock")
	case "next":
		if p.aheadIs("value") && p.thirdIs("for") {
			p.raise(sqlguard.Write, "NEXTVAL", "moves a sequence")
		}
	}
	p.from.word(p.word(), p.depth)
	return false
}

// into judges SELECT … INTO.
func (p *parser) into() {
	switch {
	case p.aheadIs("outfile"), p.aheadIs("dumpfile"):
		p.raise(sqlguard.Write, "SELECT INTO OUTFILE", "writes a file on the server")
	case p.ahead.Kind == lex.Param && p.ahead.Text(p.src)[0] == '@':
		p.raise(sqlguard.Session, sqlguard.OpSelect, "sets a user variable")
	default:
		p.misunderstood("INTO something else than a file or a user variable")
	}
}

// forClause judges FOR UPDATE and FOR SHARE, and moves behind the UPDATE, so that
// it is not taken for a statement.
func (p *parser) forClause() bool {
	if !p.aheadIs("update") && !p.aheadIs("share") {
		return false
	}
	p.raise(sqlguard.Lock, sqlguard.OpLock, "row lock")
	p.from.closed()
	p.shift()
	p.shift()
	return true
}

// thirdIs reports whether the token behind the one ahead is the keyword.
func (p *parser) thirdIs(keyword string) bool {
	fork := p.tokens
	return fork.read().Is(p.src, keyword)
}

// reference judges a word or quoted name: is it a call, or a table?
func (p *parser) reference() {
	if p.from.wants(p.depth) && !p.afterDot() && !p.reserved() {
		p.from.name(p)
	}
	if p.ahead.IsOp(p.src, "(") {
		p.call()
		return
	}
	// In MariaDB's Oracle mode s.nextval moves the sequence s, quoted or not.
	if name, _ := p.tok.Name(p.src); p.afterDot() && strings.EqualFold(name, "nextval") {
		p.raise(sqlguard.Write, "NEXTVAL", "may move a sequence")
	}
}

// reserved reports whether the current token is a word that no server takes for
// the name of a table.
func (p *parser) reserved() bool {
	return p.known&notAlias != 0 && !p.qualifies(p.tok)
}

// call judges a name with a parenthesis behind it.
func (p *parser) call() {
	if p.afterDot() {
		p.v.Functions = true
		schema, _ := p.before.Name(p.src)
		p.addCall(strings.Clone(schema) + "." + p.functionName(p.tok))
		return
	}
	if p.known&opens != 0 || p.known != 0 && p.clause() {
		return
	}
	if p.columnList() {
		return
	}
	p.v.Functions = true
	if p.known == 0 {
		p.addCall(p.functionName(p.tok))
		return
	}
	p.function()
}

// function judges a call of an unquoted name.
func (p *parser) function() {
	switch string(p.word()) {
	case "get_lock":
		p.raise(sqlguard.Lock, sqlguard.OpAdvisoryLock, "takes a named lock")
		return
	case "release_lock", "release_all_locks":
		p.raise(sqlguard.Lock, sqlguard.OpUnlock, "releases a named lock")
		return
	case "nextval", "setval":
		p.raise(sqlguard.Write, "NEXTVAL", "moves a sequence")
		return
	case "default":
		// Computes the column's default, which in MariaDB may move a sequence. A write does so
		// anyway, but not where it is only explained.
		if p.v.Class < sqlguard.Write || p.explains {
			p.addCall("default")
		}
		return
	}
	if p.known&administers != 0 {
		p.raise(sqlguard.Write, "SELECT", "calls a function that changes the server")
		return
	}
	// A blank before the parenthesis makes some names an application's own function.
	if p.known&adjacent != 0 && p.tok.End != p.ahead.Start {
		p.addCall(p.functionName(p.tok))
		return
	}
	if p.known&reader == 0 {
		p.addCall(p.functionName(p.tok))
	}
}

// functionName returns the name of a function in lower case: servers do not
// distinguish case there.
func (p *parser) functionName(t lex.Token) string { return strings.ToLower(p.name(t)) }

// clause reports whether the parenthesis ahead belongs to the current word as
// to a keyword, by what stands around it: the word may also name a function.
func (p *parser) clause() bool {
	switch string(p.word()) {
	case "lateral":
		return p.thirdIs("select") || p.thirdIs("with")
	case "over":
		return p.prev.IsOp(p.src, ")") || p.prev.Is(p.src, "nulls")
	case "against":
		return p.prev.IsOp(p.src, ")")
	case "of":
		return p.prev.Is(p.src, "member")
	case "columns":
		return p.prev.Kind == lex.String
	case "sql_no_cache", "sql_buffer_result":
		return p.behindSelect()
	}
	return false
}

// behindSelect reports whether what stands before is SELECT or one of its options.
func (p *parser) behindSelect() bool {
	for _, word := range []string{
		"select", "all", "distinct", "distinctrow", "high_priority", "straight_join", "sql_small_result",
		"sql_big_result", "sql_buffer_result", "sql_no_cache", "sql_cache", "sql_calc_found_rows",
	} {
		if p.prev.Is(p.src, word) {
			return true
		}
	}
	return false
}

// columnList reports whether the parenthesis ahead holds the columns of a
// common table expression, c (a, b) AS (…), or of a derived table, (…) AS d (a, b).
func (p *parser) columnList() bool {
	as := p.prev.Is(p.src, "as") && p.before.IsOp(p.src, ")")
	derived := as || p.prev.IsOp(p.src, ")")
	fork := p.tokens
	for {
		t := fork.read()
		if t.Kind != lex.Word && t.Kind != lex.Ident {
			return false
		}
		sep := fork.read()
		if sep.IsOp(p.src, ",") {
			continue
		}
		if !sep.IsOp(p.src, ")") {
			return false
		}
		return derived || fork.read().Is(p.src, "as") && fork.read().IsOp(p.src, "(")
	}
}
