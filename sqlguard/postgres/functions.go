package postgres

import "slices"

// effect is what a call of a function does, as far as its name tells.
type effect uint8

const (
	unlisted effect = iota
	reads
	writes     // data, files, other sessions, or the server's state
	locks      // takes an advisory lock
	unlocks    // releases one
	escapes    // hands the session's state to others
	configures // set_config
	opens      // lo_open: reads, or by its mode makes a large object ready to be written
	parses     // pg_input_is_valid: reads a value of a type that is named as a string
)

// effectOf looks a function up. Names come as the parser resolved them: folded
// unless they were quoted.
//
// A name that is known to write counts whatever its schema is, because extensions
// live in any. A name that is known to read counts only without a schema, or
// with that of the built-ins.
func effectOf(schema, name string) effect {
	e := effects[name]
	switch {
	case schema == "" || schema == catalog || e == writes:
		return e
	case schema == "information_schema" && isBuiltin(schemaReaders[:], name):
		return reads
	}
	return unlisted
}

// effects are those of the built-in functions, and of the writers of the extensions.
var effects = func() map[string]effect {
	all := map[string]effect{
		"set_config": configures, "pg_export_snapshot": escapes, "lo_open": opens,
		"pg_input_is_valid": parses, "pg_input_error_info": parses,
		"pg_advisory_lock": locks, "pg_advisory_lock_shared": locks,
		"pg_advisory_xact_lock": locks, "pg_advisory_xact_lock_shared": locks,
		"pg_try_advisory_lock": locks, "pg_try_advisory_lock_shared": locks,
		"pg_try_advisory_xact_lock": locks, "pg_try_advisory_xact_lock_shared": locks,
		"pg_advisory_unlock": unlocks, "pg_advisory_unlock_all": unlocks, "pg_advisory_unlock_shared": unlocks,
	}
	for _, list := range [][]string{readers[:], volatileReaders[:], newerReaders[:]} {
		for _, name := range list {
			all[name] = reads
		}
	}
	for _, name := range writers {
		all[name] = writes
	}
	return all
}()

// builtinOperators and builtinTypes have each name for itself.
var builtinOperators, builtinTypes = byName(operators[:]), byName(types[:])

func byName(list []string) map[string]string {
	names := make(map[string]string, len(list))
	for _, name := range list {
		names[name] = name
	}
	return names
}

// isOfCatalog reports whether a name without a schema, or with that of the built-ins, is
// one of theirs.
func isOfCatalog(names map[string]string, schema, name string) bool {
	_, found := names[name]
	return found && (schema == "" || schema == catalog)
}

// isBuiltin reports whether a sorted list has the name.
func isBuiltin(list []string, name string) bool {
	_, found := slices.BinarySearch(list, name)
	return found
}

// writers are the functions of PostgreSQL up to 18, and of the extensions it
// ships with, that change something: data, the catalog, sequences, large objects,
// files, statistics, replication, other sessions. The dblink functions run
// anything in another session, where no read-only transaction of this one reaches.
var writers = [...]string{
	"autoprewarm_dump_now", "autoprewarm_start_worker", "binary_upgrade_add_sub_rel_state",
	"binary_upgrade_create_empty_extension", "binary_upgrade_replorigin_advance",
	"binary_upgrade_set_missing_value", "binary_upgrade_set_next_array_pg_type_oid",
	"binary_upgrade_set_next_heap_pg_class_oid", "binary_upgrade_set_next_heap_relfilenode",
	"binary_upgrade_set_next_index_pg_class_oid", "binary_upgrade_set_next_index_relfilenode",
	"binary_upgrade_set_next_multirange_array_pg_type_oid", "binary_upgrade_set_next_multirange_pg_type_oid",
	"binary_upgrade_set_next_pg_authid_oid", "binary_upgrade_set_next_pg_enum_oid",
	"binary_upgrade_set_next_pg_tablespace_oid", "binary_upgrade_set_next_pg_type_oid",
	"binary_upgrade_set_next_toast_pg_class_oid", "binary_upgrade_set_next_toast_relfilenode",
	"binary_upgrade_set_record_init_privs", "brin_desummarize_range", "brin_summarize_new_values",
	"brin_summarize_range", "dblink", "dblink_cancel_query", "dblink_close", "dblink_connect", "dblink_connect_u",
	"dblink_disconnect", "dblink_exec", "dblink_fetch", "dblink_get_result", "dblink_open", "dblink_send_query",
	"gin_clean_pending_list", "heap_force_freeze", "heap_force_kill", "lo_creat", "lo_create", "lo_export",
	"lo_from_bytea", "lo_import", "lo_import_with_oid", "lo_put", "lo_truncate", "lo_truncate64", "lo_unlink",
	"lowrite", "nextval", "pg_backup_start", "pg_backup_stop", "pg_cancel_backend", "pg_clear_attribute_stats",
	"pg_clear_relation_stats", "pg_copy_logical_replication_slot", "pg_copy_physical_replication_slot",
	"pg_create_logical_replication_slot", "pg_create_physical_replication_slot", "pg_create_restore_point",
	"pg_drop_replication_slot", "pg_extension_config_dump", "pg_file_rename", "pg_file_sync", "pg_file_unlink",
	"pg_file_write", "pg_import_system_collations", "pg_log_backend_memory_contexts", "pg_log_standby_snapshot",
	"pg_logical_emit_message", "pg_logical_slot_get_binary_changes", "pg_logical_slot_get_changes", "pg_nextoid",
	"pg_notify", "pg_prewarm", "pg_promote", "pg_reload_conf", "pg_replication_origin_advance",
	"pg_replication_origin_create", "pg_replication_origin_drop", "pg_replication_origin_session_reset",
	"pg_replication_origin_session_setup", "pg_replication_origin_xact_reset", "pg_replication_origin_xact_setup",
	"pg_replication_slot_advance", "pg_restore_attribute_stats", "pg_restore_relation_stats", "pg_rotate_logfile",
	"pg_rotate_logfile_old", "pg_start_backup", "pg_stat_reset", "pg_stat_reset_backend_stats",
	"pg_stat_reset_replication_slot", "pg_stat_reset_shared", "pg_stat_reset_single_function_counters",
	"pg_stat_reset_single_table_counters", "pg_stat_reset_slru", "pg_stat_reset_subscription_stats",
	"pg_stat_statements_reset", "pg_stop_backup", "pg_stop_making_pinned_objects", "pg_switch_wal",
	"pg_sync_replication_slots", "pg_terminate_backend", "pg_truncate_visibility_map", "pg_wal_replay_pause",
	"pg_wal_replay_resume", "postgres_fdw_disconnect", "postgres_fdw_disconnect_all", "setval",
}

// volatileReaders are built-in functions that only read, or change nothing but
// the session, although they are labelled volatile, which keeps them out of the generated list.
var volatileReaders = [...]string{
	"amvalidate", "array_sample", "array_shuffle", "clock_timestamp", "current_query", "currval",
	"gen_random_uuid", "lastval", "lo_close", "lo_get", "lo_lseek", "lo_lseek64", "lo_tell",
	"lo_tell64", "loread", "pg_available_wal_summaries", "pg_blocking_pids", "pg_collation_actual_version",
	"pg_control_checkpoint", "pg_control_init", "pg_control_recovery", "pg_control_system", "pg_current_logfile",
	"pg_current_wal_flush_lsn", "pg_current_wal_insert_lsn", "pg_current_wal_lsn",
	"pg_database_collation_actual_version", "pg_database_size", "pg_get_aios", "pg_get_backend_memory_contexts",
	"pg_get_loaded_modules", "pg_get_multixact_members", "pg_get_sequence_data", "pg_get_shmem_allocations",
	"pg_get_shmem_allocations_numa", "pg_get_wait_events", "pg_get_wal_replay_pause_state",
	"pg_get_wal_resource_managers", "pg_get_wal_summarizer_state", "pg_hba_file_rules", "pg_ident_file_mappings",
	"pg_indexes_size", "pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_isolation_test_session_is_blocked",
	"pg_jit_available", "pg_last_committed_xact", "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn",
	"pg_last_xact_replay_timestamp", "pg_lock_status", "pg_ls_archive_statusdir", "pg_ls_dir", "pg_ls_logdir",
	"pg_ls_logicalmapdir", "pg_ls_logicalsnapdir", "pg_ls_replslotdir", "pg_ls_summariesdir", "pg_ls_tmpdir",
	"pg_ls_waldir", "pg_notification_queue_usage", "pg_partition_ancestors", "pg_partition_tree",
	"pg_prepared_xact", "pg_relation_size", "pg_replication_origin_progress",
	"pg_replication_origin_session_is_setup", "pg_replication_origin_session_progress",
	"pg_safe_snapshot_blocking_pids", "pg_sequence_last_value", "pg_show_all_file_settings",
	"pg_show_replication_origin_status", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "pg_stat_clear_snapshot",
	"pg_stat_file", "pg_stat_force_next_flush", "pg_stat_get_backend_io", "pg_stat_get_backend_wal",
	"pg_stat_get_io", "pg_stat_get_recovery_prefetch", "pg_stat_get_xact_blocks_fetched",
	"pg_stat_get_xact_blocks_hit", "pg_stat_get_xact_function_calls", "pg_stat_get_xact_function_self_time",
	"pg_stat_get_xact_function_total_time", "pg_stat_get_xact_numscans", "pg_stat_get_xact_tuples_deleted",
	"pg_stat_get_xact_tuples_fetched", "pg_stat_get_xact_tuples_hot_updated", "pg_stat_get_xact_tuples_inserted",
	"pg_stat_get_xact_tuples_newpage_updated", "pg_stat_get_xact_tuples_returned",
	"pg_stat_get_xact_tuples_updated", "pg_stat_have_stats", "pg_table_size", "pg_tablespace_size",
	"pg_total_relation_size", "pg_wal_summary_contents", "pg_xact_commit_timestamp",
	"pg_xact_commit_timestamp_origin", "pg_xact_status", "random", "random_normal", "setseed", "timeofday",
	"txid_status", "uuidv4", "uuidv7",
}

// newerReaders look like functions to PostgreSQL 16's grammar, and are syntax of
// their own in 17 and 18. No catalog lists them, and all of them only read.
var newerReaders = [...]string{
	"json", "json_exists", "json_query", "json_scalar", "json_serialize", "json_value",
}

// schemaReaders are the functions of information_schema, which drivers use.
var schemaReaders = [...]string{
	"_pg_char_max_length", "_pg_char_octet_length", "_pg_datetime_precision", "_pg_expandarray",
	"_pg_index_position", "_pg_interval_type", "_pg_keysequal", "_pg_numeric_precision",
	"_pg_numeric_precision_radix", "_pg_numeric_scale", "_pg_truetypid", "_pg_truetypmod",
}
