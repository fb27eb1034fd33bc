package mysql

import "strings"

// wordSet makes a set of the words in the lists.
func wordSet(lists ...string) map[string]bool {
	m := make(map[string]bool)
	for _, list := range lists {
		for _, w := range strings.Fields(list) {
			m[w] = true
		}
	}
	return m
}

// beforeParenthesis are words that a parenthesis may follow without a call. All
// of them are keywords to all servers, and none is among those that MariaDB lets
// an application's function have for a name without quotes: those, OF and COLUMNS for
// instance, are known by what stands before them.
var beforeParenthesis = wordSet(`
	in and or not xor on using values value row as where having select distinct distinctrow all any some exists between
	like rlike regexp div case when then else from join straight_join union except intersect by partition binary
	limit key index returning high_priority sql_calc_found_rows sql_big_result sql_small_result
	character varchar varbinary decimal dec numeric fixed float double precision real int integer bigint smallint tinyint
	mediumint bit datetime nchar text blob`)

// notAlias are words behind or in place of a table that are neither its alias nor its name.
var notAlias = wordSet(`
	join inner cross left right natural straight_join on using where group having order limit union except intersect
	set use force ignore for lock into window partition select values table lateral as returning procedure from with`)

// adjacent are functions that the servers know only with the parenthesis right
// behind the name, unless sql_mode has IGNORE_SPACE. With a blank between, an application's function of that
// name is called. (MySQL 9 manual, section 11.2.5.)
var adjacent = wordSet(`
	adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat json_arrayagg
	json_objectagg max mid min now position session_user st_collect std stddev stddev_pop stddev_samp subdate substr substring sum
	sysdate system_user trim trim_oracle variance var_pop var_samp median percentile_cont percentile_disc row_number rank dense_rank cume_dist percent_rank ntile lead lag
	first_value last_value nth_value`)
