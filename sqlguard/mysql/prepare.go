package mysql

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// prepare judges PREPARE, which runs nothing. The servers' read-only mode refuses it
// where the statement is a write, so it is one here too, and so is one that is not seen because it
// is the value of a variable or an expression.
func (p *parser) prepare() {
	p.shift()
	p.shift() // the name
	if p.accept("from") {
		if v, ok := p.quotedStatement(); ok && p.end() && passes(v) {
			p.raise(sqlguard.Session, "PREPARE", "prepares what only reads")
			p.v.Functions = v.Functions
			return
		}
	}
	p.raise(sqlguard.Write, "PREPARE", "prepares a statement that may write, or is not seen")
	p.rest()
}

// execute judges EXECUTE of a statement that was prepared, and MariaDB's EXECUTE
// IMMEDIATE, which runs what an expression gives, a string or another one.
func (p *parser) execute() {
	p.shift()
	p.raise(sqlguard.Write, "EXECUTE", "executes a statement that is not seen")
	p.rest()
}

// quotedStatement judges the statement in the string here and moves behind it. It
// reports false if a server may see another statement: what may be read in several ways is not
// looked into. In double quotes it is a name to some settings, and then an error.
func (p *parser) quotedStatement() (sqlguard.Verdict, bool) {
	if p.tok.Kind != lex.String && p.tok.Kind != lex.Ident {
		return sqlguard.Verdict{}, false
	}
	text, ok := p.tok.Name(p.src)
	p.shift()
	if !ok || strings.IndexByte(text, '\\') >= 0 || depends(text) || strings.Contains(text, "/*!") || strings.Contains(text, "/*M!") {
		return sqlguard.Verdict{}, false
	}
	inner := parser{tokens: tokens{src: text, lex: lex.New(lex.MySQL, text, lex.Options{})}}
	v, whole := inner.text(false)
	return v, whole && v.Parts == nil
}

// passes reports whether a statement only reads, or changes its session alone.
func passes(v sqlguard.Verdict) bool {
	return v.Class == sqlguard.Read || v.Class == sqlguard.Session && len(v.Calls) == 0
}
