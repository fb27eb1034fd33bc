package mysql

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// set judges SET, assignment by assignment.
func (p *parser) set() {
	p.raise(sqlguard.Session, "SET", "sets session variables")
	p.shift()
	switch {
	case p.is("password"):
		p.account("sets a password")
		return
	case p.is("default") && p.aheadIs("role"):
		p.account("sets a default role")
		return
	case p.is("resource") && p.aheadIs("group"):
		p.account("assigns a resource group")
		return
	case p.is("role"):
		p.role()
		return
	case p.is("statement"):
		p.setStatement()
		return
	}
	p.assignments()
	if !p.end() {
		p.misunderstood("SET with something unknown behind it")
		p.skipRest()
	}
}

func (p *parser) account(why string) {
	p.raise(sqlguard.Schema, "SET", why)
	p.v.Commits = true
	p.skipRest()
}

// setStatement judges MariaDB's SET STATEMENT v = x, … FOR statement.
func (p *parser) setStatement() {
	p.shift()
	p.assignments()
	if !p.accept("for") {
		p.misunderstood("SET STATEMENT without a statement")
		return
	}
	p.nested++
	if p.nested > maxNested {
		p.misunderstood("SET STATEMENT nested too deep")
		p.skipRest()
		return
	}
	before := p.v
	p.v = sqlguard.Verdict{Calls: before.Calls, Functions: before.Functions}
	p.statement()
	p.rest()
	if severity(before.Class) > severity(p.v.Class) {
		p.v.Class, p.v.Op, p.v.Why, p.v.Complete = before.Class, before.Op, before.Why, false
	}
	p.v.Commits = p.v.Commits || before.Commits
	if before.Tx != sqlguard.TxNone {
		p.misunderstood("SET STATEMENT autocommit")
	}
}

// assignments reads the assignments of SET, separated by commas. The scope of one holds for those behind it that name none, as it does on the servers.
func (p *parser) assignments() {
	var scope scope
	for {
		p.assignment(&scope)
		if !p.isOp(",") {
			break
		}
		p.shift()
	}
}

// scope is where a variable is set.
type scope uint8

const (
	sessionScope scope = iota
	globalScope        // GLOBAL, PERSIST, PERSIST_ONLY
)

// assignment reads one item of SET.
func (p *parser) assignment(s *scope) {
	switch {
	case p.tok.Kind == lex.Param:
		p.variable(s)
		return
	case p.is("names"), p.is("charset"), p.is("character") && p.aheadIs("set"):
		p.charset()
		return
	}
	switch string(p.word()) {
	case "global", "persist", "persist_only":
		p.shift()
		*s = globalScope
	case "session", "local":
		p.shift()
		*s = sessionScope
	}
	if p.is("transaction") && !p.ahead.IsOp(p.src, "=") {
		p.setTransaction(*s)
		return
	}
	if p.tok.Kind == lex.Param {
		p.variable(s)
		return
	}
	t, ok := p.tableName("")
	if !ok {
		p.misunderstood("SET without a variable")
		p.skipRest()
		return
	}
	if t.Schema != "" && *s == sessionScope {
		p.misunderstood("SET of a structured variable")
	}
	p.assign(strings.ToLower(t.Name), *s)
}

// variable reads an assignment to @v or @@v.
func (p *parser) variable(s *scope) {
	name := p.tok.Text(p.src)
	p.shift()
	if !strings.HasPrefix(name, "@@") {
		if len(name) < 2 {
			p.misunderstood("SET of a variable without a name")
		}
		p.value()
		return
	}
	name = strings.ToLower(strings.Trim(name[2:], "`"))
	if p.isOp(".") {
		switch name {
		case "global", "persist", "persist_only":
			*s = globalScope
		case "session", "local":
			*s = sessionScope
		default:
			p.misunderstood("SET of a structured variable")
		}
		p.shift()
		name = strings.ToLower(p.name(p.tok))
		p.shift()
		if p.isOp(".") {
			p.misunderstood("SET of a structured variable")
		}
	}
	p.assign(name, *s)
}

// assign judges what is assigned to a system variable.
func (p *parser) assign(name string, s scope) {
	if !p.isOp("=") && !p.isOp(":=") {
		p.misunderstood("SET without a value")
		p.skipRest()
		return
	}
	value := p.ahead
	constant := p.value()
	on, off := false, false
	if constant {
		switch strings.ToLower(strings.Trim(value.Text(p.src), "'\"")) {
		case "1", "on", "true":
			on = value.Kind != lex.Ident
		case "0", "off", "false":
			off = value.Kind != lex.Ident
		}
	}
	if s == globalScope {
		p.raise(sqlguard.Schema, "SET GLOBAL", "sets a variable of the server")
	}
	switch name {
	case "transaction_read_only", "tx_read_only", "read_only", "super_read_only":
		if !on {
			p.raise(sqlguard.Escape, "SET", "may lift read-only")
		} else if name == "read_only" || name == "super_read_only" {
			p.raise(sqlguard.Schema, "SET GLOBAL", "makes the server read-only")
		}
	case "autocommit":
		p.autocommit(s, on, off)
	case "sql_mode":
		p.rereads = true
	case "character_set_client":
		p.rereads = true
		if !constant || !p.safeCharset(value) {
			p.raise(sqlguard.Escape, "SET", "sets a client character set that is not known to be safe")
		}
	default:
		if s == sessionScope && !sessionVariables[name] {
			p.misunderstood("SET of a variable that is not known to be harmless")
		}
	}
}

// autocommit judges SET autocommit, which ends a transaction or keeps one
// open from then on.
func (p *parser) autocommit(s scope, on, off bool) {
	switch {
	case s == globalScope:
	case p.v.Tx != sqlguard.TxNone || p.v.Commits || on == off:
		p.misunderstood("SET autocommit twice, or to something else than 0 or 1")
	case on:
		p.v.Commits = true
	case off:
		p.v.Tx = sqlguard.TxBegin
	}
}

// value reads the value of an assignment. It reports whether it is a single
// token: a constant or a word.
func (p *parser) value() bool {
	if !p.isOp("=") && !p.isOp(":=") {
		p.misunderstood("SET without a value")
		p.skipRest()
		return false
	}
	p.shift()
	depth, tokens := p.depth, 0
	for !p.end() && !(p.depth == depth && (p.isOp(",") || p.is("for") && !p.afterDot())) {
		p.step()
		tokens++
	}
	return tokens == 1
}

// charset judges SET NAMES and SET CHARACTER SET.
func (p *parser) charset() {
	p.rereads = true
	p.accept("character")
	p.shift()
	if !p.safeCharset(p.tok) {
		p.raise(sqlguard.Escape, "SET", "sets a client character set that is not known to be safe")
	}
	p.shift()
	if p.accept("collate") {
		p.shift()
	}
}

// safeCharset reports whether t names a character set in which the bytes of
// quotes and backslashes mean nothing else.
func (p *parser) safeCharset(t lex.Token) bool {
	if t.Kind != lex.Word && t.Kind != lex.String && t.Kind != lex.Ident {
		return false
	}
	s, _ := t.Name(p.src)
	switch strings.ToLower(s) {
	case "utf8mb4", "utf8mb3", "utf8", "latin1", "ascii", "binary":
		return true
	}
	return false
}

// setTransaction judges SET TRANSACTION.
func (p *parser) setTransaction(s scope) {
	if s == globalScope {
		p.raise(sqlguard.Schema, "SET GLOBAL", "sets a variable of the server")
	}
	p.shift()
	for !p.end() {
		if p.is("write") {
			p.raise(sqlguard.Escape, "SET TRANSACTION", "makes transactions read-write")
		}
		if p.tok.Kind != lex.Word && !p.isOp(",") {
			p.misunderstood("SET TRANSACTION with something unknown behind it")
		}
		p.shift()
	}
}
