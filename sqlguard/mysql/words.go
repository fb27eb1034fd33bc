package mysql

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

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
var dictionary = newWords(map[word][]string{
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

// words is a table of words with what is known of each.
type words struct {
	table *lex.WordTable
	kinds map[string]word // the same, for what is made of it once
}

// newWords makes a table of words, which are separated by white space; a word may
// have several kinds.
func newWords(kinds map[word][]string) words {
	w := words{table: lex.NewWordTable(4096), kinds: make(map[string]word)}
	for kind, lists := range kinds {
		for _, list := range lists {
			for _, text := range strings.Fields(list) {
				w.table.Add(uint64(kind), text)
				w.kinds[text] |= kind
			}
		}
	}
	return w
}

// find returns what is known of the word src[start:end], which is not empty. Of a word
// that is not known it is anyWord alone.
func (w words) find(src string, start, end int) word {
	return word(w.table.Find(src, start, end)) | anyWord
}

// setOf makes a set of the words in the list.
func setOf(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
