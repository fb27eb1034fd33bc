//go:build !cgo

package postgres_test

// knownRefusals are the reads of the corpus that do not pass without the parser.
var knownRefusals = map[string]string{
	"WITH update AS (SELECT 1 AS x) SELECT x FROM update":                    "UPDATE in a WITH clause needs the grammar to be told from the name",
	"EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM t":                             "EXPLAIN with options",
	"EXPLAIN CREATE TABLE zz AS SELECT 1":                                    "EXPLAIN of what is no query",
	"COPY (SELECT * FROM t WHERE a <> 'delete') TO STDOUT WITH (FORMAT csv)": "COPY",
	"SELECT * FROM t TABLESAMPLE SYSTEM (10)":                                "system(10) looks like a call",
	"FETCH 10 FROM c": "the cursor's query is not known",
	"MOVE ALL IN c":   "the cursor's query is not known",
}
