package postgres

import "strings"

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
	wordAs
	wordAt // AT, WITH, WITHOUT: what may stand before TIME ZONE
	wordBetween
	wordBy
	wordCase
	wordCast
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
	wordReturning
	wordTime
	wordUpdate
	wordValues
	wordWhen
	wordWindow // OVER, FILTER
	wordZone
	wordJoin
	wordSide // LEFT, INNER, …: what may stand before JOIN
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
		"xmlparse", "json_table", "operator", "atomic", "materialized", "uescape", "cycle", "isnull", "notnull",
	}},
	{deepens, []string{
		// These are the words that lex.Check counts.
		"not", "is", "collate", "at", "in", "like", "ilike", "rlike", "glob", "regexp", "match", "similar", "escape",
		"overlaps", "any", "all", "some", "exists", "xor", "div", "mod", "sounds", "member", "binary", "interval",
		"against", "join", "straight_join", "between", "case",
	}},
	{chainsQueries, []string{"union", "intersect", "except", "minus"}},
	{beginsOperand, aliases[:]},
	{noOperand, []string{"by", "escape", "groups", "ilike", "is", "like", "overlaps", "range", "rows", "similar", "zone", "returning"}},
	{calls, []string{
		"in", "like", "ilike", "similar", "between", "is", "at", "overlaps", "using", "natural",
		"nullif", "greatest", "least", "trim", "substring", "overlay", "position", "extract", "normalize", "collate",
		"any", "all", "some", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
	}},
	{wordAs, []string{"as"}},
	{wordAt, []string{"at", "with", "without"}},
	{wordBetween, []string{"between"}},
	{wordBy, []string{"by"}},
	{wordCase, []string{"case"}},
	{wordCast, []string{"cast"}},
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
	{wordTime, []string{"time"}},
	{wordUpdate, []string{"update"}},
	{wordValues, []string{"values"}},
	{wordWhen, []string{"when"}},
	{wordWindow, []string{"over", "filter"}},
	{wordZone, []string{"zone"}},
	{wordJoin, []string{"join"}},
	{wordSide, []string{"left", "right", "full", "inner", "outer", "cross"}},
}

// vocabulary is a hash table of the words that the fast path knows, in lower case.
// Looking one up allocates nothing and reads the word once.
type vocabulary struct {
	// places hold the index of an entry, plus one, and above it some bits of the word's
	// hash, so that most of the words that are not known need no look at an entry. 0 is free.
	places  [vocabularySize]uint32
	entries []entry
}

const (
	vocabularyBits = 13 // which leaves more than half of the places free
	vocabularySize = 1 << vocabularyBits
	indexBits      = 13
)

type entry struct {
	key    wordKey
	traits trait
	word   string
}

// wordKey is a word in lower case: its first eight bytes, its last eight if it has
// as many, and its length. Up to 16 bytes it is all of the word.
type wordKey struct {
	first, last uint64
	length      int
}

// foldBits makes letters lower case. Of the bytes that a word may have it changes
// only one other, the underscore, into one that no word has.
const foldBits = 0x2020202020202020

// keyOf returns the key of src[start:end], which is not empty.
func keyOf(src string, start, end int) wordKey {
	k := wordKey{length: end - start}
	if k.length >= 8 {
		k.first = eight(src[start:]) | foldBits
		k.last = eight(src[end-8:]) | foldBits
		return k
	}
	for i := end - 1; i >= start; i-- {
		k.first = k.first<<8 | uint64(src[i]|0x20)
	}
	return k
}

// eight returns the first eight bytes of s. The compiler makes one load of them.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func (k wordKey) hash() uint64 {
	return (k.first ^ k.last>>3 ^ uint64(k.length)<<56) * 0x9E3779B97F4A7C15
}

// place is where a word with this hash stands, or the first place where it may.
func place(hash uint64) uint64 { return hash >> (64 - vocabularyBits) }

// mark is what a place holds above the index.
func mark(hash uint64) uint32 { return uint32(hash>>20) << indexBits }

var lexicon = newVocabulary()

func newVocabulary() (v vocabulary) {
	add := func(t trait, lists ...[]string) {
		for _, list := range lists {
			for _, word := range list {
				v.add(word, t)
			}
		}
	}
	add(isReader, readers[:], volatileReaders[:], newerReaders[:])
	add(isType, types[:], typeKeywords[:])
	add(takesBracket, reserved[:], typeKeywords[:])
	add(takesOperand|noOperand, reserved[:])
	v.remove("between", takesBracket) // an alias may have that name: FROM f() between (a my_type)
	for _, k := range keywordTraits {
		add(k.traits, k.words)
	}
	return v
}

func (v *vocabulary) add(word string, t trait) {
	k := keyOf(word, 0, len(word))
	h := k.hash()
	for i := place(h); ; i++ {
		at := &v.places[i%vocabularySize]
		if *at == 0 {
			v.entries = append(v.entries, entry{key: k, word: word})
			*at = mark(h) | uint32(len(v.entries))
		}
		if e := &v.entries[*at%(1<<indexBits)-1]; e.word == word {
			e.traits |= t
			return
		}
	}
}

// remove takes traits from a word.
func (v *vocabulary) remove(word string, t trait) {
	for i := range v.entries {
		if v.entries[i].word == word {
			v.entries[i].traits &^= t
		}
	}
}

// find returns the traits of a word in any letter case, by its key and the hash of
// that, none if it is not known.
func (v *vocabulary) find(k wordKey, h uint64, word string) trait {
	for i := place(h); ; i++ {
		at := v.places[i%vocabularySize]
		if at == 0 {
			return 0
		}
		if at&^(1<<indexBits-1) != mark(h) {
			continue
		}
		if e := &v.entries[at%(1<<indexBits)-1]; e.key == k && (k.length <= 16 || strings.EqualFold(word, e.word)) {
			return e.traits
		}
	}
}
