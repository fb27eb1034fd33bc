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

// administrative are functions of MySQL that change the server or its replication, and that
// its read-only mode does not stop: the engine could not judge them, so they are writes.
const administrative = `
	asynchronous_connection_failover_add_managed asynchronous_connection_failover_add_source
	asynchronous_connection_failover_delete_managed asynchronous_connection_failover_delete_source
	asynchronous_connection_failover_reset
	group_replication_disable_member_action group_replication_enable_member_action
	group_replication_reset_member_actions group_replication_set_as_primary
	group_replication_set_communication_protocol group_replication_set_write_concurrency
	group_replication_switch_to_multi_primary_mode group_replication_switch_to_single_primary_mode
	keyring_key_generate keyring_key_remove keyring_key_store
	audit_log_filter_flush audit_log_filter_remove_filter audit_log_filter_remove_user audit_log_filter_set_filter
	audit_log_filter_set_user audit_log_rotate audit_log_encryption_password_set
	flush_rewrite_rules load_rewrite_rules
	mysql_firewall_flush_status read_firewall_group_allowlist read_firewall_groups read_firewall_users
	read_firewall_whitelist set_firewall_group_mode set_firewall_mode
	version_tokens_delete version_tokens_edit version_tokens_set`

// KnownFunctions returns the names of the functions that count as readers without
// being vouched for, in lower case and in order.
func KnownFunctions() []string {
	names := strings.Fields(onBoth + onMariaDB + onMySQL + unlisted)
	slices.Sort(names)
	return slices.Compact(names)
}
