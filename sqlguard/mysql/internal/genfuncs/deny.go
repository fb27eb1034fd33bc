package main

import (
	"slices"
	"strings"
)

// denied reports whether a name is not to be listed though a server has it.
func denied(name string) bool {
	for _, names := range deny {
		if slices.Contains(strings.Fields(names), name) {
			return true
		}
	}
	return false
}

// deny are names that no server's answer makes known readers, by the reason.
var deny = map[string]string{
	// They take and release named locks. The judge knows them as that.
	"locks": "get_lock release_lock release_all_locks",

	// They move sequences of MariaDB.
	"writes": "nextval setval",

	// DEFAULT(column) computes the column's default, which may call and move anything.
	"computes": "default",

	// Keywords that the grammars let a parenthesis follow without a call. The judge
	// knows some of them by themselves or by what stands around them, and the others need no parenthesis.
	"keywords": `in and or not xor on using values value row as where having select distinct distinctrow all any some
		exists between like rlike regexp div case when then else from join straight_join union except intersect by partition
		binary limit key index returning high_priority sql_calc_found_rows sql_big_result sql_small_result sql_no_cache
		sql_buffer_result sql_cache unique character sql_tsi_second sql_tsi_minute sql_tsi_hour sql_tsi_day sql_tsi_week
		sql_tsi_month sql_tsi_quarter sql_tsi_year`,
}
