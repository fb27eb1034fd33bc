package lex_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

// chain writes head, then n times link, then tail.
func chain(head, link, tail string, n int) string {
	return head + strings.Repeat(link, n) + tail
}

func TestChainsAreBounded(t *testing.T) {
	for _, c := range []struct{ name, head, link, tail string }{
		{"additions", "SELECT 1", "+1", ""},
		{"concatenations", "SELECT 'a'", "||'b'", ""},
		{"joins", "SELECT * FROM a", " JOIN b ON true", ""},
		{"joins whose conditions have AND", "SELECT * FROM a", " JOIN b ON x AND y", ""},
		{"cross joins", "SELECT * FROM a", " CROSS JOIN b", ""},
		{"joins nested to the right", "SELECT * FROM a", " JOIN b", strings.Repeat(" ON true", 1000)},
		{"collations", "SELECT 'a'", ` COLLATE "C"`, ""},
		{"unions", "SELECT 1", " UNION SELECT 1", ""},
		{"unions of lists", "SELECT 1,2", " UNION ALL SELECT 1,2", ""},
		{"unions with AND", "SELECT 1 WHERE a AND b", " UNION ALL SELECT 1 WHERE a AND b", ""},
		{"intersections of values", "VALUES (1),(2)", " INTERSECT VALUES (1),(2)", ""},
		{"exceptions", "TABLE a", " EXCEPT TABLE a", ""},
		{"casts", "SELECT 1", "::int", ""},
		{"IS NULL", "SELECT 1", " IS NULL", ""},
		{"IS DISTINCT FROM", "SELECT 1", " IS DISTINCT FROM 1 IS NULL", ""},
		{"ISNULL", "SELECT 1", " ISNULL", ""},
		{"NOTNULL", "SELECT 1", " NOTNULL", ""},
		{"AT TIME ZONE", "SELECT now()", " AT TIME ZONE 'UTC'", ""},
		{"NOT", "SELECT", " NOT", " true"},
		{"minus signs", "SELECT", " -", " 1"},
		{"BETWEEN whose AND is no new condition", "SELECT 1", " BETWEEN 1 AND 2 IS NULL", ""},
		{"NOT IN", "SELECT 1", " NOT IN (1,2) IS NULL", ""},
		{"named operators", "SELECT 1", " OPERATOR(pg_catalog.+) 1", ""},
		{"columns named like clauses", "SELECT set", " + set + values + offset", ""},
		{"columns named like reserved words", "SELECT a", " + a.where + a . and", ""},
		{"WITHIN GROUP", "SELECT 1", " + mode() WITHIN GROUP (ORDER BY 1)", ""},
		{"parentheses", "SELECT ", "(", "1"},
		{"parentheses that close", "SELECT ", "(", "1" + strings.Repeat(")", 1000)},
		{"calls", "SELECT ", "f(", "1" + strings.Repeat(")", 1000)},
		{"calls behind a comma", "SELECT ", "f(1,", "1" + strings.Repeat(")", 1000)},
		{"conditions in parentheses", "SELECT ", "(a AND ", "1" + strings.Repeat(")", 1000)},
		{"subselects", "", "SELECT (", "1" + strings.Repeat(")", 1000)},
		{"subselects behind a comma", "SELECT 1", ",(SELECT 1", strings.Repeat(")", 1000)},
		{"arrays", "SELECT ", "ARRAY[", "1" + strings.Repeat("]", 1000)},
		{"CASE", "SELECT ", "CASE WHEN ", "1 THEN 1" + strings.Repeat(" END", 1000)},
		{"functions defined in the bodies of functions", "", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC ", "SELECT 1"},
		{"functions defined behind a semicolon in the bodies of functions", "", "CREATE PROCEDURE f() BEGIN /**/ ATOMIC SELECT 1; ", ""},
		{"a chain whose first operand is a chain in brackets", strings.Repeat("(", 150) + "1", "+1)+1+1", ""},
		{"a chain behind AND in nested brackets", "SELECT ", "(a AND 1+1+1+1+", "1" + strings.Repeat(")", 1000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := lex.Check(lex.Postgres, chain(c.head, c.link, c.tail, 401), lex.Options{})
			if !errors.Is(err, lex.ErrTooDeep) {
				t.Errorf("401 of them: %v, want ErrTooDeep", err)
			}
			if c.name == "a chain whose first operand is a chain in brackets" {
				return
			}
			if err := lex.Check(lex.Postgres, chain(c.head, c.link, c.tail, 30), lex.Options{}); err != nil {
				t.Errorf("30 of them: %v", err)
			}
		})
	}
}

func TestChainsAddUpOverBrackets(t *testing.T) {
	// 100 operators in each of 10 brackets: on the left, where they add up by
	// closing, and on the right, where they add up by opening.
	hundred := strings.Repeat("+1", 100)
	for name, src := range map[string]string{
		"left":                      "SELECT " + strings.Repeat("(", 10) + "1" + strings.Repeat(hundred+")", 10),
		"right":                     "SELECT " + strings.Repeat("("+strings.Repeat("- ", 100), 10) + "1" + strings.Repeat(")", 10),
		"case":                      "SELECT " + strings.Repeat("CASE 1"+hundred+" + ", 10) + "1" + strings.Repeat(" WHEN 1 THEN 1 END", 10),
		"subselects behind a comma": strings.Repeat("SELECT 1, (", 120) + "1" + strings.Repeat(")", 120),
		"joins before a comma":      "SELECT 1" + strings.Repeat("+1", 200) + "+(SELECT 1 FROM a" + strings.Repeat(" JOIN b ON c", 250) + ", d)",
		"unions":                    strings.Repeat("("+strings.Repeat("SELECT 1, 2 UNION ", 100), 10) + "SELECT 1" + strings.Repeat(")", 10),
	} {
		if err := lex.Check(lex.Postgres, src, lex.Options{}); !errors.Is(err, lex.ErrTooDeep) {
			t.Errorf("%s: %v, want ErrTooDeep", name, err)
		}
	}
}

func TestWideTextsAreNotDeep(t *testing.T) {
	for name, src := range map[string]string{
		"lists":           "SELECT a FROM t WHERE a IN (" + strings.Repeat("1+1,", 50000) + "1)",
		"rows":            "INSERT INTO t VALUES " + strings.Repeat("(1,-1,'a'||'b'),", 20000) + "(1,2,3)",
		"conditions":      "SELECT a FROM t WHERE " + strings.Repeat("(a=1 AND b>2) OR ", 20000) + "true",
		"BETWEENs":        "SELECT a FROM t WHERE " + strings.Repeat("a BETWEEN 1 AND 2 AND ", 20000) + "true",
		"cases":           "SELECT CASE" + strings.Repeat(" WHEN a=1 THEN b+1", 20000) + " END",
		"statements":      strings.Repeat("SELECT 1+1+1;", 20000),
		"columns":         "SELECT " + strings.Repeat("a.b::int AS \"case\", ", 20000) + "1",
		"names like CASE": "SELECT " + strings.Repeat("a.case, 1 AS case, ", 20000) + "1",
	} {
		for _, d := range []lex.Dialect{lex.Postgres, lex.MySQL, lex.SQLite} {
			if d != lex.Postgres && name == "columns" {
				continue // :: is PostgreSQL's
			}
			if err := lex.Check(d, src, lex.Options{}); err != nil {
				t.Errorf("%s, dialect %d: %v", name, d, err)
			}
		}
	}
}

func TestLengthIsBounded(t *testing.T) {
	pad := func(n int) string { return "SELECT 1" + strings.Repeat(" ", n-len("SELECT 1")) }
	if err := lex.Check(lex.Postgres, pad(lex.MaxLength), lex.Options{}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := lex.Check(lex.Postgres, pad(lex.MaxLength+1), lex.Options{}); !errors.Is(err, lex.ErrTooLong) {
		t.Errorf("over the limit: %v, want ErrTooLong", err)
	}
}

func TestUnreadableTextsSayWhy(t *testing.T) {
	var unreadable *lex.Unreadable
	err := lex.Check(lex.MySQL, "SELECT 'secret", lex.Options{})
	if !errors.As(err, &unreadable) || unreadable.Reason != "an unterminated quote" {
		t.Errorf("error is %v", err)
	}
	if strings.Contains(fmt.Sprint(err), "secret") {
		t.Errorf("%q quotes the text", err)
	}
}

func TestBracketsThatDoNotMatch(t *testing.T) {
	for _, src := range []string{")", "())", "(", "SELECT CASE ) END", "END", "(CASE", "]"} {
		if err := lex.Check(lex.Postgres, src, lex.Options{}); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
}
