package sqlite

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// rest reads what is left of the statement, from the current token on, as expressions
// and clauses of a query. Most tokens say nothing, and are skimmed over.
func (p *parser) rest() {
	for !p.end() {
		switch {
		case p.Is('('):
			p.parenthesis()
		case p.Code()&lex.Halts != 0:
			if p.keyword() {
				continue
			}
		case p.Code() == 0 && p.Named():
			p.pragmaTable()
		}
		p.Skim()
	}
}

// keyword judges a word that no name is written with. It reports true if it has
// moved on.
func (p *parser) keyword() bool {
	switch p.word() {
	case wordUpdate:
		if p.was(1, wordDo) && p.target.how&(inserts|replaces) != 0 {
			p.target.how |= doUpdate // INSERT … ON CONFLICT DO UPDATE
			return false
		}
		p.dml()
		return true
	case wordInsert, wordDelete:
		p.dml()
		return true
	case wordInto:
		if p.was(1, wordReplace) {
			p.dml()
			return true
		}
		p.misunderstood("INTO in a query")
	case wordRegexp:
		if !p.aheadIsOp("(") {
			p.addCall("regexp") // which the operator calls, and no library brings
		}
	}
	return false
}

// parenthesis judges the parenthesis that opens here: does it make the name before
// it a call?
func (p *parser) parenthesis() {
	name := p.Past(1)
	if !name.Named() || name.Code()&lex.Reserved != 0 {
		return
	}
	qualified := p.Past(2).Is('.')
	if name.Code()&readOnly != 0 && !qualified {
		p.v.Functions = true
		return
	}
	if p.noCall() {
		return
	}
	text, ok := name.Token().Name(p.src)
	switch {
	case !ok || isPragmaTable(text): // which has been judged
	case qualified:
		p.addCall(p.lower(p.Past(3)) + "." + p.lower(name))
	case uint16(words.FindName(text))&readOnly != 0:
		p.v.Functions = true
	default:
		p.addCall(p.lower(name))
	}
}

// noCall reports whether the parenthesis that opens here belongs to something else
// than a call by the name before it.
func (p *parser) noCall() bool {
	switch before := p.Past(2); p.Past(1).Code() & number {
	case wordOver, wordFilter:
		if before.Is(')') {
			return true
		}
	case wordBy:
		if p.was(2, wordGroup) || p.was(2, wordOrder) || p.was(2, wordPartition) {
			return true
		}
	case wordConflict:
		if p.was(2, wordOn) {
			return true
		}
	case wordMaterialized:
		if p.was(2, wordAs) || p.was(2, wordNot) && p.was(3, wordAs) {
			return true
		}
	}
	return p.was(2, wordAs) && p.typeLength() || p.columnList()
}

const pragmaPrefix = "pragma_"

func isPragmaTable(name string) bool {
	return len(name) >= len(pragmaPrefix) && strings.EqualFold(name[:len(pragmaPrefix)], pragmaPrefix)
}

// pragmaTable judges the current token if it is one of the tables that are PRAGMAs,
// which may be written as a call or without one. A string that is compared is none.
func (p *parser) pragmaTable() {
	text, ok := p.Token().Name(p.src)
	before := p.Past(1)
	compared := before.Kind() == lex.Op && !before.Is(',') && !before.Is('(') && !before.Is('.')
	if !ok || !isPragmaTable(text) || compared && p.Kind() == lex.String && !p.aheadIsOp("(") {
		return
	}
	p.v.Functions = true
	rule, _ := findPragma(text[len(pragmaPrefix):])
	if rule.kind&reads == 0 || rule.kind&readsArgument == 0 && p.aheadIsOp("(") && !p.emptyCall() {
		p.addCall(p.lower(p.Lexeme))
	}
}

// emptyCall reports whether nothing is in the parenthesis ahead.
func (p *parser) emptyCall() bool {
	fork := p.Ahead()
	fork.Next() // the parenthesis
	return fork.Next().IsOp(p.src, ")")
}

// typeLength reports whether the parenthesis that opens here holds the length of a type:
// CAST(a AS decimal(10,2)).
func (p *parser) typeLength() bool {
	fork := p.Ahead()
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

// columnList reports whether the parenthesis that opens here holds the columns of a
// common table expression: c (a, b) AS (…), c (a) AS MATERIALIZED (…).
func (p *parser) columnList() bool {
	fork := p.Ahead()
	for {
		if t := fork.Next(); !named(t) {
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

// named reports whether t can name a column: strings can, too.
func named(t lex.Token) bool {
	return t.Kind == lex.Word || t.Kind == lex.Ident || t.Kind == lex.String
}

// dml reads an INSERT, REPLACE, UPDATE or DELETE, which may stand behind WITH,
// to the end of the statement. A REPLACE behind WITH is known by its INTO, and begins there.
func (p *parser) dml() {
	if p.v.Class >= sqlguard.Write {
		p.misunderstood("a write inside of a write")
		p.skipRest()
		return
	}
	var how how
	switch p.word() {
	case wordInsert:
		how = inserts
		p.raise(sqlguard.Write, sqlguard.OpInsert, "inserts")
	case wordUpdate:
		how = updates
		p.raise(sqlguard.Write, sqlguard.OpUpdate, "updates")
	case wordDelete:
		how = deletes
		p.raise(sqlguard.Write, sqlguard.OpDelete, "deletes")
	default:
		how = replaces
		p.raise(sqlguard.Write, sqlguard.OpReplace, "replaces")
	}
	if !p.is(wordInto) {
		p.shift()
	}
	if p.accept(wordOr) {
		if p.is(wordReplace) {
			how |= orReplace
		}
		p.shift() // ABORT, FAIL, IGNORE, REPLACE, ROLLBACK
	}
	if !p.accept(wordInto) {
		p.accept(wordFrom)
	}
	var named bool
	if p.target.schema, p.target.table, named = p.table(); named {
		p.target.how = how
	}
	if p.accept(wordAs) {
		p.shift()
	}
	if p.Is('(') {
		p.shift() // the columns of INSERT are no arguments
	}
	p.rest()
}
