package mysql

import (
	"slices"
	"strings"
)

//go:generate sh -c "go run ./internal/genfuncs -mariadb \"$MARIADB_DSN\" -mysql \"$MYSQL_DSN\" > functions.tmp && mv functions.tmp functions_gen.go"

// The functions that do nothing but read and compute: those that the servers have
// built in, by their own word, and a few that are not found so. Whatever writes, locks, moves a sequence, or
// belongs to a plugin or component is not among them.
//
// MASTER_POS_WAIT and its like wait, SLEEP and BENCHMARK take time, LOAD_FILE reads a
// file of the server, LAST_INSERT_ID(x) sets a value of the session; none changes anything
// that another session sees.

// unlisted are functions that cannot be asked for as the others are, because of a
// syntax of their own, and those that other versions have than the lists were made from:
// MariaDB 11 and 12.
const unlisted = `
	json_table match
	json_array_intersect json_key_value json_object_filter_keys json_object_to_array kdf uuid_v4 uuid_v7
	vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext`

// KnownFunctions returns the names of the functions that count as readers without
// being vouched for, in lower case and in order.
func KnownFunctions() []string {
	names := strings.Fields(onBoth + onMariaDB + onMySQL + unlisted)
	slices.Sort(names)
	return slices.Compact(names)
}
