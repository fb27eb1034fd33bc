package check

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

// restore puts literals back where pg_stat_statements has replaced them by parameters
// and PostgreSQL's grammar does not know a parameter: INTERVAL $1, DATE $1, EXTRACT($1 FROM t),
// SAVEPOINT $1, SET work_mem = $1. All of these were seen in exports of PostgreSQL 15 and 18.
//
// What is put there is not what was there, but the class does not depend on it: behind
// a type's name stands a string whatever it says, and of a setting the string is no
// value that any rule on settings lets pass.
func restore(sql string) string {
	if !strings.Contains(sql, "$") {
		return sql
	}
	var b strings.Builder
	r := restorer{src: sql}
	l := lex.New(lex.Postgres, sql, lex.Options{})
	copied := 0
	for {
		t := l.Next()
		if t.Kind == lex.EOF || t.Kind == lex.Error {
			b.WriteString(sql[copied:])
			return b.String()
		}
		ahead := l
		if t.Kind == lex.Param {
			if literal := r.literal(ahead.Next()); literal != "" {
				b.WriteString(sql[copied:t.Start])
				b.WriteString(literal)
				copied = t.End
			}
		}
		r.add(t)
	}
}

// restorer knows what stands before a parameter.
type restorer struct {
	src      string
	first    string   // the first word of the text, in lower case, as all words here
	last     string   // the token before
	brackets []string // what stands before each open bracket
	typed    bool     // the tokens before are a type's name
	modifier bool     // and what comes is in the brackets behind it
}

// anyString is no value of any setting.
const anyString = `'a string'`

// literal returns what stood where a parameter stands now, before the token next;
// nothing where a parameter may stand.
func (r *restorer) literal(next lex.Token) string {
	switch {
	case r.typed && !r.modifier:
		return anyString
	case r.last == "(" && r.inside("extract"):
		return "year"
	case r.last == "," && r.inside("normalize") && next.IsOp(r.src, ")"):
		return "nfc"
	case (r.last == "is" || r.last == "not") && next.Is(r.src, "normalized"):
		return "nfc"
	case r.last == "transaction" && r.first == "prepare", r.last == "prepared":
		return anyString
	}
	switch r.first {
	case "savepoint", "release", "rollback", "deallocate":
		return "name"
	case "set":
		return anyString
	}
	return ""
}

// add takes the next token.
func (r *restorer) add(t lex.Token) {
	word := strings.ToLower(t.Text(r.src))
	if r.first == "" {
		r.first = word
	}
	switch {
	case r.modifier:
		r.modifier = word != ")"
	case r.typed && word == "(":
		r.modifier = true
	case t.Kind == lex.Word && typeNames[word]:
		r.typed = true
	default:
		r.typed = r.typed && t.Kind == lex.Word && typeParts[word]
	}
	switch {
	case t.IsOp(r.src, "("):
		r.brackets = append(r.brackets, r.last)
	case t.IsOp(r.src, ")") && len(r.brackets) > 0:
		r.brackets = r.brackets[:len(r.brackets)-1]
	}
	r.last = word
}

// inside reports whether the innermost open bracket is that of a function.
func (r *restorer) inside(function string) bool {
	return len(r.brackets) > 0 && r.brackets[len(r.brackets)-1] == function
}

// typeNames are the names that literals of a type of PostgreSQL's own begin with.
var typeNames = set("interval date time timestamp timetz timestamptz numeric decimal dec int integer smallint " +
	"bigint int2 int4 int8 real float float4 float8 double bool boolean bit varbit char character varchar bpchar " +
	"national nchar text name json jsonb jsonpath xml uuid inet cidr macaddr macaddr8 money bytea oid regclass " +
	"regtype regproc regprocedure regrole regnamespace point line lseg box path polygon circle tsvector tsquery " +
	"int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange " +
	"tsmultirange tstzmultirange datemultirange pg_lsn")

// typeParts are the words that go on with such a name.
var typeParts = set("with without time zone precision varying character char")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
