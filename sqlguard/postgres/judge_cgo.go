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

// unparsed judges a text that PostgreSQL 16's grammar does not know. It may be
// a query in the grammar of a later server, JSON_TABLE for one; if its tokens
// allow nothing else, the engine may judge it. Anything else is not understood.
func unparsed(sql string) sqlguard.Verdict {
	no := sqlguard.NotUnderstood("the text does not parse")
	statements, ok := tokenize(sql)
	if !ok || len(statements) != 1 || !statements[0].isQuery(0) {
		return no
	}
	s := scan{statement: statements[0], newer: true}
	v := s.query(0)
	if v.Class != sqlguard.Read && v.Class != sqlguard.Unproven {
		return no
	}
	v.Class = sqlguard.Unproven
	v.Why = "a query in a grammar newer than PostgreSQL 16's"
	return v
}
