package mysql

import "github.com/quiescehq/quiesce/internal/lex"

// role judges SET ROLE. MySQL takes a list of roles, but to MariaDB SET ROLE a is
// the first of a list of assignments, any of which may lift read-only.
func (p *parser) role() {
	p.v.Op, p.v.Why = "SET ROLE", "sets the session's role"
	p.shift()
	if p.is("all") && p.aheadIs("except") {
		p.shift()
		p.shift()
	}
	for p.roleName() && p.isOp(",") {
		p.shift()
		if p.ahead.Kind == lex.Word || p.ahead.IsOp(p.src, "=") || p.ahead.IsOp(p.src, ":=") || p.tok.Kind == lex.Param {
			p.assignments()
			break
		}
	}
	if !p.end() {
		p.misunderstood("SET ROLE with something unknown behind it")
		p.skipRest()
	}
}

// roleName moves behind role or role@host. It reports false, and moves nowhere, if
// there is none.
func (p *parser) roleName() bool {
	if p.tok.Kind != lex.Word && p.tok.Kind != lex.Ident && p.tok.Kind != lex.String {
		return false
	}
	p.shift()
	if p.tok.Kind == lex.Param {
		p.shift()
	}
	return true
}
