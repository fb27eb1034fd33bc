package mysql

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// source is a table named in a FROM clause, or in the place of one.
type source struct {
	schema, name, alias string
	inner               bool // it belongs to a subquery
}

// tableScan finds the tables that a statement names in FROM clauses and joins,
// those of its subqueries too, while the parser steps over it. It is told of each
// mark and keyword; the zero tableScan finds nothing.
type tableScan struct {
	on      bool
	sources []source
	// lists has a bit for each depth of parentheses at which a comma parts tables.
	lists uint64
	// queries has a bit for each depth of parentheses that holds a query of its own.
	queries uint64
	expect  bool // a table comes next
	lost    bool // something could not be followed
}

const maxDepth = 63

// begin expects a list of tables at this depth.
func (s *tableScan) begin(depth int) {
	if !s.on {
		return
	}
	if depth > maxDepth {
		s.lost = true
		return
	}
	s.lists |= 1 << depth
	s.expect = true
}

// open is told of an opening parenthesis; depth counts it already.
func (s *tableScan) open(depth int) {
	if !s.on {
		return
	}
	if depth > maxDepth {
		s.lost = true
		return
	}
	s.lists &^= 1 << depth
	s.queries &^= 1 << depth
	if s.expect {
		s.lists |= 1 << depth // joins in parentheses, unless SELECT comes next
	}
}

// closed is told of a closing parenthesis.
func (s *tableScan) closed() { s.expect = false }

// comma is told of a comma.
func (s *tableScan) comma(depth int) {
	s.expect = s.on && depth <= maxDepth && s.lists&(1<<depth) != 0
}

// wants reports whether a name at this depth is a table's.
func (s *tableScan) wants(depth int) bool { return s.on && s.expect && depth <= maxDepth }

// word is told of a keyword.
func (s *tableScan) word(word []byte, depth int) {
	if !s.on || depth > maxDepth {
		return
	}
	switch string(word) {
	case "select", "values", "table", "with":
		s.queries |= 1 << depth
	}
	switch string(word) {
	case "from":
		s.begin(depth)
	case "join", "straight_join":
		s.expect = true
	case "on", "using", "partition":
		s.expect = false
	case "select", "where", "group", "having", "order", "limit", "union", "except", "intersect",
		"window", "set", "lock", "into", "values":
		s.expect = false
		s.lists &^= 1 << depth
	}
}

// name is told of a name where a table is expected. A name with a parenthesis
// behind it is a table function.
func (s *tableScan) name(p *parser) {
	s.expect = false
	first := p.tok
	fork := *p
	fork.shift()
	src := source{name: p.name(first), inner: s.queries&(1<<(p.depth+1)-2) != 0}
	if fork.isOp(".") {
		fork.shift()
		src.schema, src.name = src.name, p.name(fork.tok)
		fork.shift()
	}
	if fork.isOp("(") {
		return
	}
	if fork.is("partition") && fork.ahead.IsOp(p.src, "(") {
		fork.shift()
		fork.skipParentheses()
	}
	src.alias = fork.alias()
	if len(s.sources) == maxTables {
		s.lost = true
		return
	}
	s.sources = append(s.sources, src)
}

// alias returns the alias that may stand here, empty if there is none.
func (p *parser) alias() string {
	as := p.accept("as")
	switch p.tok.Kind {
	case lex.Ident:
		return p.name(p.tok)
	case lex.Word:
		if as || p.known&notAlias == 0 {
			return p.name(p.tok)
		}
	}
	return ""
}

// skipParentheses moves behind the parenthesis that opens here, judging
// nothing; only lists of names may be skipped.
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

// tableName reads a table's name, with the database before it if there is one.
// It reports false, and moves nowhere, if there is none.
func (p *parser) tableName(op sqlguard.Op) (sqlguard.Table, bool) {
	if p.isOp(".") { // .t is t, for old ODBC programs
		p.shift()
	}
	if p.tok.Kind != lex.Word && p.tok.Kind != lex.Ident {
		return sqlguard.Table{}, false
	}
	t := sqlguard.Table{Name: p.name(p.tok), Op: op}
	p.shift()
	if p.isOp(".") && (p.ahead.Kind == lex.Word || p.ahead.Kind == lex.Ident) {
		p.shift()
		t.Schema, t.Name = t.Name, p.name(p.tok)
		p.shift()
	}
	return t, true
}

// resolve returns the table that target stands for among the tables that DELETE
// joins: the alias of one of them, or its name if it has none. It reports false where that is
// none or several, since names may differ by their case alone, or by a default database that
// no text shows.
func (s *tableScan) resolve(target sqlguard.Table) (sqlguard.Table, bool) {
	found := target
	matches := 0
	for _, src := range s.sources {
		if src.inner || !src.is(target) {
			continue
		}
		t := sqlguard.Table{Schema: src.schema, Name: src.name, Op: target.Op}
		if t.Schema == "" && src.alias == "" {
			t.Schema = target.Schema
		}
		if matches == 0 || t != found {
			found = t
			matches++
		}
	}
	return found, matches == 1
}

// is reports whether target may mean the source.
func (src source) is(target sqlguard.Table) bool {
	if src.alias != "" {
		return target.Schema == "" && strings.EqualFold(src.alias, target.Name)
	}
	sameSchema := target.Schema == "" || src.schema == "" || strings.EqualFold(src.schema, target.Schema)
	return sameSchema && strings.EqualFold(src.name, target.Name)
}

// lockedTables reads the statement again, from its beginning, and returns the
// tables it names: each of them may be locked.
func (p parser) lockedTables() ([]sqlguard.Table, bool) {
	p.from = tableScan{on: true}
	for !p.end() && !p.is("select") && !p.is("with") && !p.isOp("(") {
		p.shift()
	}
	p.rest()
	p.v.Tables = nil
	for _, src := range p.from.sources {
		p.addTable(sqlguard.Table{Schema: src.schema, Name: src.name, Op: sqlguard.OpLock})
	}
	complete := !p.from.lost && p.problem == "" && len(p.v.Tables) > 0
	return p.v.Tables, complete
}
