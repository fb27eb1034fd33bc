package postgres

import (
	"slices"
	"strings"
)

// settingEffect is what it means to change a setting.
type settingEffect uint8

const (
	unknownSetting settingEffect = iota
	harmless
	tightens  // may only be made true
	encodes   // may only be UTF-8
	resolves  // decides which object a name means
	forbidden // must not be changed at all
)

// settingOf looks a setting up. Names are not case-sensitive (guc_name_compare
// of utils/misc/guc.c). A name with a dot belongs to an extension or to the application,
// and no core mechanism listens to it.
func settingOf(name string) settingEffect {
	name = strings.ToLower(name)
	switch name {
	case "transaction_read_only", "default_transaction_read_only", "standard_conforming_strings":
		return tightens
	case "client_encoding":
		return encodes
	case "search_path":
		return resolves
	case "backslash_quote", "session_replication_role":
		return forbidden
	}
	if _, found := slices.BinarySearch(harmlessSettings[:], name); found || strings.Contains(name, ".") {
		return harmless
	}
	return unknownSetting
}

// harmlessSettings are those that change how the session plans, waits, formats and
// logs, or who it is: settings of the contexts "user" and "superuser" of
// pg_settings. Left out are those that load code, allow changes of the
// catalog, or overlook damage.
var harmlessSettings = [...]string{
	"application_name",
	"array_nulls",
	"bytea_output",
	"check_function_bodies",
	"client_connection_check_interval",
	"client_min_messages",
	"commit_siblings",
	"compute_query_id",
	"constraint_exclusion",
	"cpu_index_tuple_cost",
	"cpu_operator_cost",
	"cpu_tuple_cost",
	"cursor_tuple_fraction",
	"datestyle",
	"deadlock_timeout",
	"debug_parallel_query",
	"debug_pretty_print",
	"debug_print_parse",
	"debug_print_plan",
	"debug_print_rewritten",
	"default_statistics_target",
	"default_table_access_method",
	"default_tablespace",
	"default_text_search_config",
	"default_toast_compression",
	"default_transaction_deferrable",
	"default_transaction_isolation",
	"effective_cache_size",
	"effective_io_concurrency",
	"enable_async_append",
	"enable_bitmapscan",
	"enable_distinct_reordering",
	"enable_gathermerge",
	"enable_group_by_reordering",
	"enable_hashagg",
	"enable_hashjoin",
	"enable_incremental_sort",
	"enable_indexonlyscan",
	"enable_indexscan",
	"enable_material",
	"enable_memoize",
	"enable_mergejoin",
	"enable_nestloop",
	"enable_parallel_append",
	"enable_parallel_hash",
	"enable_partition_pruning",
	"enable_partitionwise_aggregate",
	"enable_partitionwise_join",
	"enable_presorted_aggregate",
	"enable_self_join_elimination",
	"enable_seqscan",
	"enable_sort",
	"enable_tidscan",
	"escape_string_warning",
	"extra_float_digits",
	"force_parallel_mode",
	"from_collapse_limit",
	"geqo",
	"geqo_effort",
	"geqo_generations",
	"geqo_pool_size",
	"geqo_seed",
	"geqo_selection_bias",
	"geqo_threshold",
	"gin_fuzzy_search_limit",
	"hash_mem_multiplier",
	"idle_in_transaction_session_timeout",
	"idle_session_timeout",
	"intervalstyle",
	"io_combine_limit",
	"jit",
	"jit_above_cost",
	"jit_expressions",
	"jit_inline_above_cost",
	"jit_optimize_above_cost",
	"jit_tuple_deforming",
	"join_collapse_limit",
	"lc_messages",
	"lc_monetary",
	"lc_numeric",
	"lc_time",
	"lock_timeout",
	"log_duration",
	"log_error_verbosity",
	"log_executor_stats",
	"log_lock_failures",
	"log_lock_waits",
	"log_min_duration_sample",
	"log_min_duration_statement",
	"log_min_error_statement",
	"log_min_messages",
	"log_parameter_max_length",
	"log_parameter_max_length_on_error",
	"log_parser_stats",
	"log_planner_stats",
	"log_replication_commands",
	"log_statement",
	"log_statement_sample_rate",
	"log_statement_stats",
	"log_temp_files",
	"log_transaction_sample_rate",
	"logical_decoding_work_mem",
	"maintenance_io_concurrency",
	"maintenance_work_mem",
	"max_parallel_maintenance_workers",
	"max_parallel_workers",
	"max_parallel_workers_per_gather",
	"min_parallel_index_scan_size",
	"min_parallel_table_scan_size",
	"parallel_leader_participation",
	"parallel_setup_cost",
	"parallel_tuple_cost",
	"password_encryption",
	"plan_cache_mode",
	"quote_all_identifiers",
	"random_page_cost",
	"recursive_worktable_factor",
	"restrict_nonsystem_relation_kind",
	"role",
	"row_security",
	"seed",
	"seq_page_cost",
	"session_authorization",
	"statement_timeout",
	"stats_fetch_consistency",
	"synchronize_seqscans",
	"synchronous_commit",
	"tcp_keepalives_count",
	"tcp_keepalives_idle",
	"tcp_keepalives_interval",
	"tcp_user_timeout",
	"temp_buffers",
	"temp_file_limit",
	"temp_tablespaces",
	"timezone",
	"timezone_abbreviations",
	"trace_notify",
	"trace_sort",
	"track_activities",
	"track_counts",
	"track_functions",
	"track_io_timing",
	"track_wal_io_timing",
	"transaction_deferrable",
	"transaction_isolation",
	"transaction_timeout",
	"transform_null_equals",
	"update_process_title",
	"vacuum_buffer_usage_limit",
	"vacuum_cost_delay",
	"vacuum_cost_limit",
	"vacuum_cost_page_dirty",
	"vacuum_cost_page_hit",
	"vacuum_cost_page_miss",
	"vacuum_failsafe_age",
	"vacuum_freeze_min_age",
	"vacuum_freeze_table_age",
	"vacuum_multixact_failsafe_age",
	"vacuum_multixact_freeze_min_age",
	"vacuum_multixact_freeze_table_age",
	"wal_sender_timeout",
	"wal_skip_threshold",
	"work_mem",
	"xmlbinary",
	"xmloption",
}
