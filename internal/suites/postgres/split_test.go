package postgres

import (
	"slices"
	"strings"
	"testing"
)

func TestAScriptIsSplitAsPsqlDoes(t *testing.T) {
	for _, c := range []struct {
		says, text string
		want       []string // "query" or "\command arguments", or both
	}{
		{"statements end with a semicolon", "SELECT 1; SELECT\n2;\n", []string{"SELECT 1", "SELECT\n2"}},
		{"the end of the file ends one too", "SELECT 1", []string{"SELECT 1"}},
		{"comments before a statement do not belong to it", "-- a; b\n/* c; /* d; */ e; */ SELECT 1 -- f;\n;", []string{"SELECT 1 -- f;\n"}},
		{"quotes hold semicolons", `SELECT ';', 'it''s;', ";", E'\';', $$;$$, $a$;$$;$a$, a$b$c;`, []string{`SELECT ';', 'it''s;', ";", E'\';', $$;$$, $a$;$$;$a$, a$b$c`}},
		{"a backslash escapes nothing in a plain string", `SELECT '\'; SELECT 2;`, []string{`SELECT '\'`, "SELECT 2"}},
		{"brackets hold semicolons", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3;", []string{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"}},
		{"the body of a function holds semicolons", "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;",
			[]string{"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "SELECT 3"}},
		{"BEGIN alone holds none", "BEGIN; END;", []string{"BEGIN", "END"}},
		{`\; does not send`, `SELECT 1\; SELECT 2;`, []string{"SELECT 1; SELECT 2"}},
		{"commands end with their line, and leave the query alone", "SELECT 1\n\\d t\n, 2;", []string{`\d t`, "SELECT 1\n\n, 2"}},
		{`\gset and its like send`, "SELECT 1 AS a \\gset p_\nSELECT 2 \\g\nSELECT $1 \\bind 1 \\g\n", []string{`SELECT 1 AS a \gset p_`, `SELECT 2 \g`, `SELECT $1 \bind 1`, `\g`}},
		{"variables are replaced", "\\set a 1\n\\set b 'x' :a ' y'\nSELECT :a, :'b', :\"b\", :none, ':a', a::int, x[1:2], :{?a}, :{?none};",
			[]string{`SELECT 1, 'x1 y', "x1 y", :none, ':a', a::int, x[1:2], TRUE, FALSE`}},
		{"an unset variable stays as it is", "\\set a 1\n\\unset a\nSELECT :a;", []string{"SELECT :a"}},
		{`\r forgets the query`, "SELECT 1\n\\r\nSELECT 2;", []string{"SELECT 2"}},
		{`\quit ends the script`, "SELECT 1;\n\\q\nSELECT 2;", []string{"SELECT 1"}},
		{`\if chooses`, "\\set x on\n\\if :x\nSELECT 1;\n\\elif true\nSELECT 2;\n\\else\nSELECT 3;\n\\endif\n\\if false\n\\if true\nSELECT 4;\n\\endif\n\\quit\n\\else\nSELECT 5;\n\\endif\nSELECT 6;",
			[]string{"SELECT 1", "SELECT 5", "SELECT 6"}},
	} {
		s := &script{text: c.text, vars: map[string]string{}, escapes: func() bool { return false }}
		var got []string
		for p, ok := s.next(); ok; p, ok = s.next() {
			piece := strings.TrimLeft(p.query, " ")
			if p.command != "" {
				piece = strings.TrimSpace(strings.TrimSpace(piece) + " \\" + strings.TrimSpace(p.command+" "+p.args))
			}
			got = append(got, piece)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.says, got, c.want)
		}
	}
}

func TestRowsOfCopyAreNoStatements(t *testing.T) {
	s := &script{text: "COPY t FROM stdin;\n1\ta;b\n'\n\\.\nSELECT 1;\n", escapes: func() bool { return false }}
	if p, _ := s.next(); p.query != "COPY t FROM stdin" || p.line != 1 {
		t.Fatalf("%+v", p)
	}
	if rows := s.data(); rows != "1\ta;b\n'\n" {
		t.Errorf("rows %q", rows)
	}
	if p, _ := s.next(); p.query != "SELECT 1" || p.line != 5 {
		t.Errorf("%+v", p)
	}
}

func TestABackslashEscapesWhereTheServerSaysSo(t *testing.T) {
	s := &script{text: `SELECT '\';'; SELECT 2;`, escapes: func() bool { return true }}
	if p, _ := s.next(); p.query != `SELECT '\';'` {
		t.Errorf("%q", p.query)
	}
}
