package corpus

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Invariants fails the test where the dialect, which must be "mysql" or "sqlite",
// says of a text what cannot be true of any: fuzz targets call it.
func Invariants(t *testing.T, d sqlguard.Dialect, sql string) {
	t.Helper()
	v := d.Classify(sql)
	if v.Class == 0 || v.Op == "" || v.Why == "" {
		t.Errorf("%q: the verdict is not filled in: %+v", sql, v)
	}
	if len(v.Calls) > 0 && Passes(v) {
		t.Errorf("%q passes, though it calls %q", sql, v.Calls)
	}
	if len(v.Calls) > 0 && !v.Functions {
		t.Errorf("%q calls %q, but not any function", sql, v.Calls)
	}
	for _, tab := range v.Tables {
		if tab.Op == "" {
			t.Errorf("%q: nothing is done to table %q", sql, tab.Name)
		}
		if Passes(v) {
			t.Errorf("%q passes, though it writes %q", sql, tab.Name)
		}
	}
	dialect := lex.SQLite
	if d.Name() == "mysql" {
		dialect = lex.MySQL
	}
	if Passes(v) && !readable(dialect, sql) {
		t.Errorf("%q passes, though it cannot be read", sql)
	}
	tokens, ok := split(dialect, sql, lex.Options{})
	if !ok {
		return
	}
	if d.Name() == "sqlite" {
		var spread strings.Builder
		for _, tok := range tokens {
			spread.WriteString("/*;*/" + tok.Text(sql) + "\n--;\n")
		}
		if got := d.Classify(spread.String()); got.Class != v.Class || got.Op != v.Op {
			t.Errorf("%q is %v %s, but %v %s with comments between its tokens", sql, v.Class, v.Op, got.Class, got.Op)
		}
	}
	// A line break ends a line comment; a block comment that does not end swallows the rest.
	if ended, ok := split(dialect, sql+"\n;DROP TABLE t", lex.Options{}); ok && len(ended) > len(tokens) && Passes(d.Classify(sql+"\n;DROP TABLE t")) {
		t.Errorf("%q passes with a DROP behind it", sql)
	}
}

// readable reports whether sql can be read under any options.
func readable(d lex.Dialect, sql string) bool {
	for bits := range 8 {
		o := lex.Options{NoBackslashEscapes: bits&1 != 0, ANSIQuotes: bits&2 != 0, Latin1Space: bits&4 != 0}
		if _, ok := split(d, sql, o); ok {
			return true
		}
	}
	return false
}

// split returns the tokens of sql, false if it cannot be read.
func split(d lex.Dialect, sql string, o lex.Options) ([]lex.Token, bool) {
	var tokens []lex.Token
	l := lex.New(d, sql, o)
	for {
		t := l.Next()
		switch t.Kind {
		case lex.EOF:
			return tokens, true
		case lex.Error:
			return nil, false
		}
		tokens = append(tokens, t)
	}
}
