package main

// denied are functions that do more than read and compute, and why.
var denied = map[string]string{
	"load_extension": "loads code",
	"fts3_tokenizer": "registers a tokenizer, by address",
	"optimize":       "merges the index of an FTS3 or FTS4 table, which writes it",
	"sqlite_log":     "writes to the log of the program",
	"fts5":           "hands out FTS5's interface, which registers functions",
	"geopoly_debug":  "switches the output of what geopoly does",
	"readfile":       "reads any file (of the shell)",
	"writefile":      "writes any file (of the shell)",
	"edit":           "runs an editor (of the shell)",
	"sha3_query":     "runs the statement that it is given (of the shell)",
	"usleep":         "sleeps (of the shell)",
}

// tableValued are the virtual tables without CREATE that a query may call, and that
// only read where it does.
var tableValued = map[string]bool{
	"json_each": true, "json_tree": true, "jsonb_each": true, "jsonb_tree": true, "generate_series": true,
	"dbstat":        true, // sizes of pages
	"sqlite_dbpage": true, // pages; a write to it is an UPDATE or INSERT, and shows as one
	"sqlite_stmt":   true, // prepared statements
}

// otherModules are virtual tables that are no functions that only read: those that
// need CREATE VIRTUAL TABLE, and those that read files.
var otherModules = map[string]bool{
	"fts3": true, "fts4": true, "fts4aux": true, "fts5": true, "fts5vocab": true, "fts3tokenize": true,
	"rtree": true, "rtree_i32": true, "geopoly": true,
}

// elsewhere are functions of the documentation that the builds at hand lack, since they
// are newer or need an option at compile time (percentile, math, soundex, offset, FTS3, geopoly,
// JSON), and what is written like a call but is syntax: CAST, RAISE, MATCH, IF.
const elsewhere = `
	cast raise match if
	concat concat_ws octet_length string_agg timediff unhex unistr unistr_quote soundex sqlite_offset subtype
	median percentile percentile_cont percentile_disc
	json_array_insert json_error_position json_pretty jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array
	jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
	json_each json_tree jsonb_each jsonb_tree generate_series dbstat sqlite_dbpage
	highlight snippet offsets matchinfo bm25 fts5_source_id rtreecheck rtreedepth rtreenode
	geopoly_area geopoly_bbox geopoly_blob geopoly_ccw geopoly_contains_point geopoly_group_bbox geopoly_json
	geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform`
