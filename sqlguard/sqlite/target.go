package sqlite

import (
	"slices"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// target is the table that a statement writes, and how. A statement of SQLite names
// one at most: WITH holds no writes.
type target struct {
	schema, table lex.Lexeme
	ops           [3]sqlguard.Op // what is done to it, in the order of the text
	n             int            // how many these are, 0 if there is no target
}

// also notes that something is done to the target, once.
func (t *target) also(op sqlguard.Op) {
	if !slices.Contains(t.ops[:t.n], op) {
		t.ops[t.n] = op
		t.n++
	}
}

// table reads the name of a table, with its schema if there is one. It reports
// false if there is none.
func (p *parser) table() (schema, table lex.Lexeme, ok bool) {
	if !p.Named() {
		return schema, table, false
	}
	table = p.Lexeme
	p.shift()
	if !p.Is('.') {
		return schema, table, true
	}
	p.shift()
	if !p.Named() {
		return schema, table, false
	}
	schema, table = table, p.Lexeme
	p.shift()
	return schema, table, true
}

// name puts the target into the verdict, if there is one.
func (p *parser) name() {
	if p.target.n == 0 {
		return
	}
	schema, ok := targets.Name{Fold: targets.Lower}, true
	if p.target.schema.Kind() != lex.EOF {
		schema.Text, ok = p.target.schema.Token().Name(p.src)
	}
	table, named := p.target.table.Token().Name(p.src)
	if !ok || !named {
		return
	}
	p.v.Tables = targets.List(schema, targets.Name{Text: table, Fold: targets.Lower}, p.target.ops[:p.target.n]...)
	p.v.Complete = true
}
