package postgres

import "github.com/quiescehq/quiesce/internal/lex"

// trait is a set of facts about a word that the fast path knows.
type trait uint64

const (
	// Before a bracket the word makes no call: IN (…), numeric (10, 2).
	takesBracket trait = 1 << iota
	// A string behind the word is its operand, no literal of a type that it names.
	takesOperand
	// The word names a function that only reads.
	isReader
	// The word names a built-in type, which may stand in a cast.
	isType
	// The word does not end an operand.
	noOperand
	// The word stands only where an operand begins; behind one it is an alias.
	beginsOperand
	// The word makes the syntax tree deeper, as an operator does.
	deepens
	// The word begins another part of a set operation.
	chainsQueries
	// The word calls an operator or a function without saying so.
	calls
	// What the word may mean is for the parser.
	unclear

	// Words that are known by what stands around them.
	wordArray // ARRAY, COLLATE: what may stand behind the type of a column
	wordAs
	wordAt // AT, WITH, WITHOUT: what may stand before TIME ZONE
	wordBegin
	wordBetween
	wordBy
	wordCase
	wordCast
	wordCommit
	wordColumns // SELECT, DISTINCT, …: what may stand before the * for all columns
	wordConflict
	wordDo
	wordDouble
	wordDelete
	wordEnd
	wordFrom
	wordInsert
	wordInto
	wordOnly
	wordPrecision
	wordGroup // GROUP, ORDER, PARTITION: what may stand before BY
	wordLike
	wordMerge
	wordNot
	wordOn
	wordQuery // SELECT, VALUES, TABLE, WITH: what a query begins with
	wordRelease
	wordReturning
	wordRollback
	wordSavepoint
	wordSet
	wordTime
	wordTo
	wordUpdate
	wordValues
	wordWhen
	wordWhere
	wordWindow // OVER, FILTER
	wordZone
	wordJoin
)

// keywordTraits are what the fast path knows of keywords, besides what is in
// reserved and typeKeywords.
var keywordTraits = []struct {
	traits trait
	words  []string
}{
	{unclear | wordInsert, []string{"insert"}},
	{unclear | wordDelete, []string{"delete"}},
	{unclear | wordMerge, []string{"merge"}},
	{unclear | wordInto, []string{"into"}},
	{wordFrom, []string{"from"}},
	{wordOnly, []string{"only"}},
	{wordPrecision, []string{"precision"}},
	{unclear, []string{
		// They write, lock or create, or a type or a method stands behind them.
		"for", "tablesample", "columns", "treat", "xmlserialize", "xmltable",
		"xmlparse", "json_table", "operator", "atomic", "materialized", "uescape", "cycle", "isnull", "notnull", "passing",
	}},
	{deepens, []string{
		// These are the words that lex.Check counts.
		"not", "is", "collate", "at", "in", "like", "ilike", "rlike", "glob", "regexp", "match", "similar", "escape",
		"overlaps", "any", "all", "some", "exists", "xor", "div", "mod", "sounds", "member", "binary", "interval",
		"against", "join", "straight_join", "between", "case",
	}},
	{chainsQueries, []string{"union", "intersect", "except", "minus"}},
	{beginsOperand, aliases[:]},
	{noOperand, []string{"by", "default", "escape", "first", "groups", "ilike", "is", "join", "like", "next", "overlaps",
		"range", "returning", "rows", "similar", "zone"}},
	{calls, []string{
		"in", "like", "ilike", "similar", "between", "is", "at", "overlaps", "using", "natural",
		"nullif", "greatest", "least", "trim", "substring", "overlay", "position", "extract", "normalize", "collate",
		"any", "all", "some", "system_user", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
	}},
	{wordArray, []string{"array", "collate"}},
	{wordAs, []string{"as"}},
	{wordAt, []string{"at", "with", "without"}},
	{wordBegin, []string{"begin"}},
	{wordCommit, []string{"commit"}},
	{wordRelease, []string{"release"}},
	{wordRollback, []string{"rollback"}},
	{wordSavepoint, []string{"savepoint"}},
	{wordTo, []string{"to"}},
	{wordBetween, []string{"between"}},
	{wordBy, []string{"by"}},
	{wordCase, []string{"case"}},
	{wordCast, []string{"cast"}},
	{wordColumns, []string{"select", "distinct", "all", "returning"}},
	{wordConflict, []string{"conflict"}},
	{wordDo, []string{"do"}},
	{wordDouble, []string{"double"}},
	{wordEnd, []string{"end"}},
	{wordGroup, []string{"group", "order", "partition"}},
	{wordLike, []string{"like", "ilike"}},
	{wordNot, []string{"not"}},
	{wordOn, []string{"on"}},
	{wordQuery, []string{"select", "values", "table", "with"}},
	{wordReturning, []string{"returning"}},
	{wordSet, []string{"set"}},
	{wordTime, []string{"time"}},
	{wordUpdate, []string{"update"}},
	{wordValues, []string{"values"}},
	{wordWhen, []string{"when"}},
	{wordWhere, []string{"where"}},
	{wordWindow, []string{"over", "filter"}},
	{wordZone, []string{"zone"}},
	{wordJoin, []string{"join"}},
}

// lexicon holds the traits of the words that the fast path knows.
var lexicon = newLexicon()

func newLexicon() *lex.WordTable {
	words := lex.NewWordTable(4096)
	for _, list := range [...]struct {
		traits trait
		words  []string
	}{
		{isReader, readers[:]}, {isReader, volatileReaders[:]}, {isReader, newerReaders[:]},
		{isType, types[:]}, {isType | takesBracket, typeKeywords[:]},
		{takesBracket | takesOperand | noOperand, reserved[:]},
	} {
		words.Add(uint64(list.traits), list.words...)
	}
	for _, k := range keywordTraits {
		words.Add(uint64(k.traits), k.words...)
	}
	// An alias may have that name too: FROM f() between (a my_type).
	words.Remove(uint64(takesBracket|beginsOperand), "between")
	return words
}
