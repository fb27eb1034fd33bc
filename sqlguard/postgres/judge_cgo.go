//go:build cgo

package postgres

import (
	"bytes"
	"strings"

	"github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// judge parses a text that the gate let through, and walks its tree.
func judge(sql string) sqlguard.Verdict {
	if strings.Count(sql, "/*") > maxComments {
		sql = withoutComments(sql)
	}
	tree, err := parser.ParseToJSON(sql)
	if err != nil {
		return unparsed(sql)
	}
	return judgeTree(tree)
}

// maxComments is how many comments the parser gets to see. Its scanner reads on behind
// the beginning of a comment over all characters that operators are made of, other
// comments among them, and goes back: a text of nothing but comments takes the
// square of their number.
const maxComments = 64

// withoutComments returns the text with blanks in the place of comments, so that
// everything else stands where it stood.
func withoutComments(sql string) string {
	blanked := bytes.Repeat([]byte{' '}, len(sql))
	l := lex.New(lex.Postgres, sql, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		copy(blanked[t.Start:t.End], t.Text(sql))
	}
	return string(blanked)
}

// unparsed judges a text that PostgreSQL 16's grammar does not know. It may be
// a query in the grammar of a later server, JSON_TABLE for one, or EXPLAIN of one; if its tokens
// allow nothing else, the engine may judge it. Anything else is not understood.
func unparsed(sql string) sqlguard.Verdict {
	no := sqlguard.NotUnderstood("the text does not parse")
	statements, ok := tokenize(sql)
	if !ok || len(statements) != 1 {
		return no
	}
	s := scan{statement: statements[0], newer: true}
	begin := s.explained()
	if !s.isQuery(begin) {
		return no
	}
	v := s.query(begin)
	if v.Class != sqlguard.Read && v.Class != sqlguard.Unproven {
		return no
	}
	v.Class = sqlguard.Unproven
	v.Why = "a query in a grammar newer than PostgreSQL 16's"
	return v
}

// explained returns where the statement begins that EXPLAIN explains, with or without ANALYZE: a
// query may as well be executed. Without EXPLAIN it returns 0.
func (s statement) explained() int {
	if s.word(0) != "explain" {
		return 0
	}
	i := 1
	if s.op(i, "(") && !s.isQuery(i) {
		for i++; i < len(s) && !s.op(i, ")"); i++ {
		}
		return i + 1
	}
	for s.word(i) == "analyze" || s.word(i) == "analyse" || s.word(i) == "verbose" {
		i++
	}
	return i
}
