package mysql

import "strings"

// word says what is known of an unquoted word, and of what else a text is made of
// where that matters. The zero word is a name that means nothing here.
type word uint32

const (
	// reader is a function that does nothing but read; see KnownFunctions.
	reader word = 1 << iota
	// adjacent is a function only with the parenthesis right behind the name.
	adjacent
	// administers is a function that changes the server.
	administers
	// opens is a keyword that a parenthesis may follow without a call.
	opens
	// notAlias is neither the alias nor the name of a table.
	notAlias
	// acts makes a query more than a read, or may do so.
	acts
	// scans matters to a tableScan.
	scans
	// option may stand between the first word of a write and its table.
	option

	// Words that are told apart by more than what they have in common.
	wordAs
	wordDuplicate
	wordFrom
	wordInto
	wordKey
	wordNextval
	wordPartition
	wordSelect
	wordSet
	wordUpdate
	wordDelete
	wordInsert
	wordReplace
	wordQuery // SELECT, WITH, VALUES, TABLE
	wordTail  // WHERE, ORDER, LIMIT

	anyWord // every word
)

// dictionary holds all words that are known, in lower case.
var dictionary = newWordTable(map[word][]string{
	reader:      {onBoth, onMariaDB, onMySQL, unlisted},
	administers: {administrative},

	// Functions that the servers know only with the parenthesis right behind the name,
	// unless sql_mode has IGNORE_SPACE. With a blank between, an application's function of that
	// name is called. (MySQL 9 manual, section 11.2.5.)
	adjacent: {`
	adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat json_arrayagg
	json_objectagg max mid min now position session_user st_collect std stddev stddev_pop stddev_samp subdate substr substring sum
	sysdate system_user trim trim_oracle variance var_pop var_samp median percentile_cont percentile_disc row_number rank dense_rank cume_dist percent_rank ntile lead lag
	first_value last_value nth_value`},

	// All of these are keywords to all servers, and none is among those that MariaDB lets
	// an application's function have for a name without quotes: those, OF and COLUMNS for
	// instance, are known by what stands before them.
	opens: {`
	in and or not xor on using values value row as where having select distinct distinctrow all any some exists between
	like rlike regexp div case when then else from join straight_join union except intersect by partition binary
	limit key index returning high_priority sql_calc_found_rows sql_big_result sql_small_result
	character varchar varbinary decimal dec numeric fixed float double precision real int integer bigint smallint tinyint
	mediumint bit datetime nchar text blob`},

	notAlias: {`
	join inner cross left right natural straight_join on using where group having order limit union except intersect
	set use force ignore for lock into window partition select values table lateral as returning procedure from with`},

	acts: {"insert replace update delete into for lock next"},
	scans: {`
	from join straight_join on using partition select where group having order limit union except intersect window set
	lock into values`},
	option: {"low_priority delayed high_priority quick ignore"},

	wordAs: {"as"}, wordDuplicate: {"duplicate"}, wordFrom: {"from"}, wordInto: {"into"}, wordKey: {"key"},
	wordNextval: {"nextval"}, wordPartition: {"partition"}, wordSelect: {"select"}, wordSet: {"set"},
	wordUpdate: {"update"}, wordDelete: {"delete"}, wordInsert: {"insert"}, wordReplace: {"replace"},
	wordQuery: {"select with values table"}, wordTail: {"where order limit"},
})

// wordTable finds words without regard to ASCII case, as the servers do, in one
// step for most: it is a hash table with open addressing, made once. It is for unquoted
// words, of letters, digits, underscores, dollar signs, and bytes outside of ASCII.
type wordTable struct {
	slots   [tableSlots]uint16 // indexes into entries; 0 is none
	entries []wordEntry
	longest int
}

const (
	tableBits  = 12
	tableSlots = 1 << tableBits // several times the number of words
)

type wordEntry struct {
	text string
	key  uint64
	word word
}

// newWordTable makes a table of words, which are separated by white space; a
// word may have several kinds.
func newWordTable(kinds map[word][]string) *wordTable {
	t := &wordTable{entries: make([]wordEntry, 1)}
	for kind, lists := range kinds {
		for _, list := range lists {
			for _, text := range strings.Fields(list) {
				t.add(text, kind|anyWord)
			}
		}
	}
	return t
}

func (t *wordTable) add(text string, kind word) {
	t.longest = max(t.longest, len(text))
	key := wordKey64(text)
	slot := wordSlot(key, len(text))
	for ; t.slots[slot] != 0; slot = (slot + 1) % tableSlots {
		if e := &t.entries[t.slots[slot]]; e.text == text {
			e.word |= kind
			return
		}
	}
	t.slots[slot] = uint16(len(t.entries))
	t.entries = append(t.entries, wordEntry{text, key, kind})
}

// find returns what is known of the word s, which is not empty. Of a word that is
// not known it is anyWord alone.
func (t *wordTable) find(s string) word {
	if len(s) > t.longest {
		return anyWord
	}
	key := wordKey64(s)
	for slot := wordSlot(key, len(s)); ; slot = (slot + 1) % tableSlots {
		i := t.slots[slot]
		if i == 0 {
			return anyWord
		}
		e := &t.entries[i]
		if e.key == key && len(e.text) == len(s) && (len(s) <= 8 || sameFolded(s[4:len(s)-4], e.text[4:])) {
			return e.word
		}
	}
}

// folds makes ASCII letters lower case in eight bytes at once. Of the bytes that
// words are made of it maps no other two to one.
const folds = 0x2020202020202020

// wordKey64 returns the first and the last four bytes of s, folded, which is all of a
// word of up to eight.
func wordKey64(s string) uint64 {
	n := len(s)
	if n < 4 {
		return (uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16) | folds
	}
	head, tail := s[:4], s[n-4:]
	a := uint32(head[0]) | uint32(head[1])<<8 | uint32(head[2])<<16 | uint32(head[3])<<24
	b := uint32(tail[0]) | uint32(tail[1])<<8 | uint32(tail[2])<<16 | uint32(tail[3])<<24
	return uint64(a) | uint64(b)<<32 | folds
}

// wordSlot hashes a word by its key and length.
func wordSlot(key uint64, length int) uint32 {
	h := (key ^ uint64(length)) * 0x9E3779B97F4A7C15
	return uint32(h >> (64 - tableBits))
}

// sameFolded reports whether the bytes of s, which belong to a word, are in ASCII lower
// case those that text begins with.
func sameFolded(s, text string) bool {
	for i := 0; i < len(s) && i < len(text); i++ {
		if s[i]|0x20 != text[i]|0x20 {
			return false
		}
	}
	return true
}

// setOf makes a set of the words in the list.
func setOf(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
