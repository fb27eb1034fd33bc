package sqlite

// readers are SQLite's own functions that do nothing but read and compute,
// with those of its JSON, math, FTS, R-Tree and geopoly extensions, and generate_series. Not here, on
// purpose: load_extension, fts3_tokenizer, optimize (of FTS3) and what the shell adds.
const readers = `
	abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length like likelihood
	likely lower ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex
	sqlite_compileoption_get sqlite_compileoption_used sqlite_offset sqlite_source_id sqlite_version substr substring
	subtype total_changes trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob cast match raise
	date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
	avg count group_concat string_agg sum total median percentile percentile_cont percentile_disc
	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
	acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power
	radians sin sinh sqrt tan tanh trunc
	json json_array json_array_insert json_array_length json_error_position json_extract json_group_array json_group_object
	json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid
	jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object
	jsonb_patch jsonb_remove jsonb_replace jsonb_set json_each json_tree jsonb_each jsonb_tree generate_series
	bm25 highlight snippet offsets matchinfo fts5_source_id rtreecheck rtreedepth rtreenode
	geopoly_area geopoly_bbox geopoly_blob geopoly_ccw geopoly_contains_point geopoly_group_bbox geopoly_json
	geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform`
