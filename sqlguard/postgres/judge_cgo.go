//go:build cgo

package postgres

import (
	"github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/quiescehq/quiesce/sqlguard"
)

// judge parses a text that the gate let through, and walks its tree.
func judge(sql string) sqlguard.Verdict {
	tree, err := parser.ParseToJSON(sql)
	if err != nil {
		return unparsed(sql)
	}
	return judgeTree(tree)
}
