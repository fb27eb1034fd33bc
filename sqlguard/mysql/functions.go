package mysql

// readOnly are the functions of MySQL 8.0 to 9 and MariaDB 10.6 to 11 that do
// nothing but read and compute. Whatever writes, locks, moves a sequence, or
// belongs to a plugin or component is not among them, nor what is not documented.
//
// MASTER_POS_WAIT and its like wait, SLEEP and BENCHMARK take time, LOAD_FILE reads a
// file of the server, LAST_INSERT_ID(x) sets a value of the session; none changes anything
// that another session sees.
var readOnly = wordSet(`
	abs acos asin atan atan2 ceil ceiling conv cos cot crc32 crc32c degrees exp floor format greatest least ln log log10
	log2 mod pi pow power radians rand round sign sin sqrt tan truncate bit_count
	`, `
	ascii bin char char_length character_length concat concat_ws elt export_set field find_in_set from_base64 hex insert
	instr lcase left length lengthb locate lower lpad ltrim make_set mid oct octet_length ord position quote regexp_instr
	regexp_like regexp_replace regexp_substr repeat replace reverse right rpad rtrim soundex space strcmp substr
	substring substring_index to_base64 trim ucase unhex upper weight_string chr natural_sort_key sformat
	trim_oracle rtrim_oracle ltrim_oracle lpad_oracle rpad_oracle substr_oracle concat_operator_oracle replace_oracle
	extractvalue updatexml match
	`, `
	adddate addtime convert_tz curdate current_date current_time current_timestamp curtime date date_add date_format
	date_sub datediff day dayname dayofmonth dayofweek dayofyear extract from_days from_unixtime get_format hour last_day
	localtime localtimestamp makedate maketime microsecond minute month monthname now period_add period_diff quarter
	sec_to_time second str_to_date subdate subtime sysdate time time_format time_to_sec timediff timestamp timestampadd
	timestampdiff to_days to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek
	add_months to_char
	`, `
	if ifnull nullif coalesce nvl nvl2 isnull interval decode cast convert values grouping any_value
	inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid
	uuid uuid_short uuid_to_bin bin_to_uuid uuid_v4 uuid_v7 sys_guid name_const sleep benchmark
	`, `
	aes_decrypt aes_encrypt compress uncompress uncompressed_length des_decrypt des_encrypt encrypt md5 old_password
	password random_bytes sha sha1 sha2 encode kdf statement_digest statement_digest_text validate_password_strength
	`, `
	charset coercibility collation connection_id current_role current_user database decode_histogram found_rows icu_version
	last_insert_id roles_graphml row_count rownum schema session_user system_user user version
	is_free_lock is_used_lock load_file master_pos_wait source_pos_wait master_gtid_wait wait_for_executed_gtid_set
	gtid_subset gtid_subtract binlog_gtid_pos format_bytes format_pico_time ps_current_thread_id ps_thread_id
	wsrep_last_seen_gtid wsrep_last_written_gtid wsrep_sync_wait_upto_gtid lastval
	`, `
	avg bit_and bit_or bit_xor count group_concat json_arrayagg json_objectagg max min std stddev stddev_pop stddev_samp
	sum var_pop var_samp variance median percentile_cont percentile_disc
	cume_dist dense_rank first_value lag lead nth_value ntile percent_rank rank row_number
	`, `
	json_array json_array_append json_array_insert json_array_intersect json_compact json_contains json_contains_path
	json_depth json_detailed json_equals json_exists json_extract json_insert json_key_value json_keys json_length
	json_loose json_merge json_merge_patch json_merge_preserve json_normalize json_object json_object_filter_keys
	json_object_to_array json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid
	json_schema_validation_report json_search json_set json_storage_free json_storage_size json_table json_type
	json_unquote json_valid json_value
	string_to_vector vector_to_string vector_dim vec_distance vec_distance_euclidean vec_distance_cosine vec_fromtext vec_totext
	column_add column_check column_create column_delete column_exists column_get column_json column_list
	`, `
	geomcollection geometrycollection geomcollfromtext geomcollfromwkb geometrycollectionfromtext geometrycollectionfromwkb
	geomfromtext geometryfromtext geomfromwkb geometryfromwkb linestring linefromtext linefromwkb linestringfromtext
	linestringfromwkb mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequal mbrequals mbrintersects mbroverlaps mbrtouches
	mbrwithin multilinestring multipoint multipolygon point pointfromtext pointfromwkb polygon polyfromtext polyfromwkb
	polygonfromtext polygonfromwkb astext aswkt asbinary aswkb
	st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_boundary st_buffer st_buffer_strategy st_centroid st_collect
	st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere st_endpoint
	st_envelope st_equals st_exteriorring st_frechetdistance st_geohash st_geomcollfromtext st_geomcollfromwkb
	st_geometrycollectionfromtext st_geometrycollectionfromwkb st_geometryfromtext st_geometryfromwkb st_geometryn
	st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb st_hausdorffdistance st_interiorringn
	st_intersection st_intersects st_isclosed st_isempty st_isring st_issimple st_isvalid st_latfromgeohash st_latitude
	st_length st_linefromtext st_linefromwkb st_lineinterpolatepoint st_lineinterpolatepoints st_linestringfromtext
	st_linestringfromwkb st_longfromgeohash st_longitude st_makeenvelope st_mlinefromtext st_mlinefromwkb st_mpointfromtext
	st_mpointfromwkb st_mpolyfromtext st_mpolyfromwkb st_multilinestringfromtext st_multilinestringfromwkb
	st_multipointfromtext st_multipointfromwkb st_multipolygonfromtext st_multipolygonfromwkb st_numgeometries
	st_numinteriorring st_numinteriorrings st_numpoints st_overlaps st_pointatdistance st_pointfromgeohash st_pointfromtext
	st_pointfromwkb st_pointn st_pointonsurface st_polyfromtext st_polyfromwkb st_polygonfromtext st_polygonfromwkb
	st_relate st_simplify st_srid st_startpoint st_swapxy st_symdifference st_touches st_transform st_union st_validate
	st_within st_x st_y
	`)
