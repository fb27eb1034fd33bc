package sqlite

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// target is the table that a statement writes, and how. A statement of SQLite names
// one at most: WITH holds no writes.
type target struct {
	schema, table lex.Lexeme
	how           how
}

// how is a set of what is done to a table.
type how uint8

const (
	inserts how = 1 << iota
	updates
	deletes
	replaces
	orReplace // INSERT OR REPLACE, UPDATE OR REPLACE
	doUpdate  // ON CONFLICT DO UPDATE
)

// targetOps are the operations of each set that a statement can have, in the order
// in which the text has them.
var targetOps = [...][]sqlguard.Op{
	inserts:                        {sqlguard.OpInsert},
	updates:                        {sqlguard.OpUpdate},
	deletes:                        {sqlguard.OpDelete},
	replaces:                       {sqlguard.OpReplace},
	inserts | orReplace:            {sqlguard.OpInsert, sqlguard.OpReplace},
	updates | orReplace:            {sqlguard.OpUpdate, sqlguard.OpReplace},
	inserts | doUpdate:             {sqlguard.OpInsert, sqlguard.OpUpdate},
	replaces | doUpdate:            {sqlguard.OpReplace, sqlguard.OpUpdate},
	inserts | orReplace | doUpdate: {sqlguard.OpInsert, sqlguard.OpReplace, sqlguard.OpUpdate},
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
	how := p.target.how
	if int(how) >= len(targetOps) || targetOps[how] == nil {
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
	p.v.Tables = targets.List(schema, targets.Name{Text: table, Fold: targets.Lower}, targetOps[how]...)
	p.v.Complete = true
}
