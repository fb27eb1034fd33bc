package sqlite

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

// A word's code has its number, if it is a keyword that the judge asks for, and
// bits of lex, and readOnly.
const (
	// number is the keyword's number, with the bit that all words have.
	number = lex.Known | 1<<8 - 1
	// readOnly marks SQLite's own functions that do nothing but read and compute.
	readOnly uint16 = 1 << 13
)

// The keywords that the judge asks for, by number.
const (
	wordAlter uint16 = lex.Known + 1 + iota
	wordAnalyze
	wordAs
	wordAttach
	wordBegin
	wordBy
	wordCommit
	wordConflict
	wordCreate
	wordDeferred
	wordDelete
	wordDetach
	wordDo
	wordDrop
	wordEnd
	wordExclusive
	wordExists
	wordExplain
	wordFilter
	wordFrom
	wordGroup
	wordIf
	wordImmediate
	wordIndex
	wordInsert
	wordInto
	wordMaterialized
	wordNot
	wordOn
	wordOr
	wordOrder
	wordOver
	wordPartition
	wordPlan
	wordPragma
	wordQuery
	wordRegexp
	wordReindex
	wordRelease
	wordRename
	wordReplace
	wordRollback
	wordSavepoint
	wordSelect
	wordTable
	wordTemp
	wordTemporary
	wordTo
	wordTransaction
	wordTrigger
	wordUnique
	wordUpdate
	wordVacuum
	wordValues
	wordView
	wordVirtual
	wordWith
)

// keywords are the keywords in the order of their numbers.
const keywords = `
	alter analyze as attach begin by commit conflict create deferred delete detach do drop end exclusive exists explain
	filter from group if immediate index insert into materialized not on or order over partition plan pragma query
	regexp reindex release rename replace rollback savepoint select table temp temporary to transaction trigger
	unique update vacuum values view virtual with`

// halting are the keywords that change what a query is, wherever they stand: they are
// reserved, but for REGEXP, which calls a function that no library brings.
const halting = `delete insert into regexp update`

// beforeParenthesis are reserved words that a parenthesis may follow without a
// call. Words that SQLite falls back to reading as names are not among them.
const beforeParenthesis = `
	all and as between case distinct else escape except exists from group having in intersect is isnull join limit
	not notnull on or order returning select set then union using values when where`

var words = func() *lex.WordTable {
	t := lex.NewWordTable(512)
	add := func(list string, bits uint16) {
		t.Add(uint64(bits|lex.Known), strings.Fields(list)...)
	}
	for i, w := range strings.Fields(keywords) {
		add(w, wordAlter+uint16(i))
	}
	add(halting, lex.Halts)
	add(beforeParenthesis, lex.Reserved)
	add(readers, readOnly)
	return t
}()
