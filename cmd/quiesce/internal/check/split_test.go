package check

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
)

// statementsOf returns the statements that split finds, each without its semicolon.
func statementsOf(d *dialect, text string) []string {
	var all []string
	for _, p := range split(d.language, text) {
		all = append(all, strings.TrimSuffix(text[p.start:p.end], ";"))
	}
	return all
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name, dialect, text string
		want                []string
	}{
		{"nothing", "postgres", "", nil},
		{"only comments and semicolons", "postgres", " -- a;b\n; /* c;d */ ;", nil},
		{"the last needs no semicolon", "postgres", "SELECT 1;\nSELECT 2 -- end\n", []string{"SELECT 1", "SELECT 2 -- end"}},
		{"a comment within stays", "postgres", "SELECT /* ; */ 1; SELECT 2", []string{"SELECT /* ; */ 1", "SELECT 2"}},
		{"CRLF", "postgres", "SELECT 1;\r\nSELECT 2;\r\n", []string{"SELECT 1", "SELECT 2"}},
		{"quotes", "postgres", `SELECT 'a;''b', ";", $x$;$x$, E'\';'; SELECT 2`, []string{`SELECT 'a;''b', ";", $x$;$x$, E'\';'`, "SELECT 2"}},
		{"a rule of several actions", "postgres", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
			[]string{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"}},
		{"a function's body", "postgres", "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; SELECT 3",
			[]string{"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END", "SELECT 3"}},
		{"a procedure's body in another", "postgres", "CREATE PROCEDURE p() BEGIN ATOMIC CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END; SELECT 2; END; SELECT 3",
			[]string{"CREATE PROCEDURE p() BEGIN ATOMIC CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END; SELECT 2; END", "SELECT 3"}},
		{"a transaction is no body", "postgres", "BEGIN; SELECT 1; END; SELECT 2", []string{"BEGIN", "SELECT 1", "END", "SELECT 2"}},
		{"an open bracket", "postgres", "SELECT (1; SELECT 2", []string{"SELECT (1; SELECT 2"}},
		{"an open quote takes the rest", "postgres", "SELECT 1; SELECT 'a; SELECT 2; ", []string{"SELECT 1", "SELECT 'a; SELECT 2"}},
		{"a command of psql's takes the rest", "postgres", "SELECT 1; \\connect db\nSELECT 2;", []string{"SELECT 1", "\\connect db\nSELECT 2"}},

		{"a trigger's body", "sqlite", "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM u; END; SELECT 3",
			[]string{"CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM u; END", "SELECT 3"}},
		{"an empty statement in its body", "sqlite", "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u;; END; SELECT 3",
			[]string{"CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u;; END", "SELECT 3"}},
		{"an explained trigger", "sqlite", "EXPLAIN QUERY PLAN CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END; SELECT 3",
			[]string{"EXPLAIN QUERY PLAN CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END", "SELECT 3"}},
		{"dropping a trigger", "sqlite", "DROP TRIGGER r; SELECT 3", []string{"DROP TRIGGER r", "SELECT 3"}},
		{"a table called trigger", "sqlite", "CREATE TABLE trigger (a); SELECT 3", []string{"CREATE TABLE trigger (a)", "SELECT 3"}},

		{"quotes and comments", "mysql", "SELECT ';', `;` # ;\n; SELECT 2 -- ;\n", []string{"SELECT ';', `;` # ;\n", "SELECT 2 -- "}},
		{"double quotes are quotes either way", "mysql", `SELECT ";"; SELECT 2`, []string{`SELECT ";"`, "SELECT 2"}},
		{"executable comments", "mysql", "/*!40101 SET @a = 1 */; SELECT 2", []string{"/*!40101 SET @a = 1 */", "SELECT 2"}},
		{"a backslash that may escape takes the rest", "mysql", `SELECT 1; SELECT 'it\'s'; SELECT 2`, []string{"SELECT 1", `SELECT 'it\'s'; SELECT 2`}},
		{"one that ends no quote either way does not", "mysql", `SELECT 'a\\b', 'c\n'; SELECT 2`, []string{`SELECT 'a\\b', 'c\n'`, "SELECT 2"}},
		{"a procedure with a block takes the rest", "mysql", "SELECT 1; CREATE DEFINER = a@b PROCEDURE p() BEGIN SELECT 1; END; SELECT 2",
			[]string{"SELECT 1", "CREATE DEFINER = a@b PROCEDURE p() BEGIN SELECT 1; END; SELECT 2"}},
		{"one without does not", "mysql", "CREATE PROCEDURE p() SELECT 1; SELECT 2", []string{"CREATE PROCEDURE p() SELECT 1", "SELECT 2"}},
		{"a table called event", "mysql", "CREATE TABLE event (a int); SELECT 2", []string{"CREATE TABLE event (a int)", "SELECT 2"}},
		{"DELIMITER takes the rest", "mysql", "SELECT 1; DELIMITER //\nSELECT 2; //", []string{"SELECT 1", "DELIMITER //\nSELECT 2; //"}},
		{"what would be a comment at the end", "mysql", "SELECT 1 --; DROP TABLE t", []string{"SELECT 1 --", "DROP TABLE t"}},
		{"a transaction", "mysql", "BEGIN; SELECT 1; BEGIN WORK; COMMIT", []string{"BEGIN", "SELECT 1", "BEGIN WORK", "COMMIT"}},
		{"a block of MariaDB's takes the rest", "mysql", "BEGIN NOT ATOMIC SELECT 1; END; SELECT 2", []string{"BEGIN NOT ATOMIC SELECT 1; END; SELECT 2"}},
	} {
		t.Run(tt.dialect+", "+tt.name, func(t *testing.T) {
			if got := statementsOf(dialects[tt.dialect], tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestAStatementStandsWhereItBegins(t *testing.T) {
	s, err := newScript("a.sql", strings.NewReader("\uFEFF-- é\r\n é; SELECT\n 1;\n\n\t\xff;SELECT 2"), dialects["sqlite"])
	if err != nil {
		t.Fatal(err)
	}
	items, err := s.next()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range items {
		got = append(got, it.at.String())
	}
	if want := []string{"a.sql:2:2", "a.sql:2:5", "a.sql:5:2", "a.sql:5:4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFileIsOneSession(t *testing.T) {
	j, err := newJudge(dialects["postgres"], nil)
	if err != nil {
		t.Fatal(err)
	}
	if j.answer(item{text: "SET search_path = app"}).decision != Pass {
		t.Skip("built without cgo; SET search_path does not pass then")
	}
	for _, tt := range []struct {
		name, text string
		want       []Decision
	}{
		{"calls before and behind a search path of its own", "SELECT lower('A'); SET search_path = app; SELECT lower('A'); SELECT a FROM t; SELECT 1; COMMIT; SELECT now()",
			[]Decision{Pass, Pass, Engine, Pass, Pass, Pass, Engine}},
		{"a write stays one", "SET search_path = app; DELETE FROM t WHERE a = lower('A')", []Decision{Pass, Reject}},
		{"what is judged as one", "SET search_path = app; SELECT lower('A') AS \"a; SELECT 1", []Decision{Pass, Reject}},
		{"the servers' own search path", "SET search_path = pg_catalog; SELECT lower('A')", []Decision{Pass, Pass}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			c := Config{Dialect: "postgres", Input: "sql", Format: "jsonl", Readers: []string{"lower"}}
			if _, err := Run(c, strings.NewReader(tt.text), &out, nil); err != nil {
				t.Fatal(err)
			}
			var got []Decision
			for line := range bytes.Lines(out.Bytes()) {
				var a jsonAnswer
				if err := json.Unmarshal(line, &a); err != nil {
					t.Fatal(err)
				}
				got = append(got, a.Decision)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q:\n%s", got, tt.want, out.String())
			}
		})
	}
}

func TestCallsBehindASearchPathOfItsOwn(t *testing.T) {
	set := answer{verdict: sqlguard.Verdict{Class: sqlguard.Session, Shadows: true}, decision: Pass}
	call := answer{verdict: sqlguard.Verdict{Class: sqlguard.Read, Functions: true}, decision: Pass}
	both := answer{verdict: sqlguard.Verdict{Class: sqlguard.Read, Functions: true, Parts: make([]sqlguard.Verdict, 2)}, decision: Pass}
	plain := answer{verdict: sqlguard.Verdict{Class: sqlguard.Read}, decision: Pass}
	refused := set
	refused.decision = Reject
	for _, tt := range []struct {
		name    string
		answers []answer
		want    []Decision
	}{
		{"before it", []answer{call, set}, []Decision{Pass, Pass}},
		{"behind it", []answer{set, plain, call}, []Decision{Pass, Pass, Engine}},
		{"beside another statement", []answer{set, both}, []Decision{Pass, Reject}},
		{"behind one that was refused", []answer{refused, call}, []Decision{Reject, Pass}},
	} {
		var path searchPath
		var got []Decision
		for _, a := range tt.answers {
			path.follow(&a)
			got = append(got, a.decision)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzSplit holds that no write hides behind the splitting: where every piece passes, the
// dialect lets the whole text pass too. That the statements of a text have to be judged
// together costs what passes, never what does not; but for a SET sql_mode of MySQL's, which
// makes what follows it uncertain in one text alone.
func FuzzSplit(f *testing.F) {
	names := []string{"postgres", "mysql", "sqlite"}
	for _, c := range corpus.Load(f, "postgres", "mysql", "mysql8", "mariadb", "sqlite") {
		i := byte(slices.Index(names, dialectNamed(c.Dialect).Name()))
		f.Add(i, c.Text()+"; SELECT 1; "+c.Text())
		f.Add(i, "SELECT 1;\n"+c.Text())
	}
	j, err := newJudge(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which byte, text string) {
		if len(text) > 4096 || strings.Contains(text, "\v") {
			t.Skip("a text of more statements than a dialect takes at once, or with what only some servers skip")
		}
		d := dialects[names[int(which)%len(names)]]
		last := 0
		for _, p := range split(d.language, text) {
			if p.start < last || p.end <= p.start || p.end > len(text) {
				t.Fatalf("%q: %v follows %d", text, p, last)
			}
			if strings.ContainsAny(text[p.start:p.start+1], "; \n") && !strings.Contains(text, "\x00") {
				t.Errorf("%q: a statement begins with %q", text, text[p.start:p.start+1])
			}
			last = p.end
		}
		whole := j.answer(item{text: text, dialect: d})
		s, err := Run(Config{Dialect: d.Name(), Input: "sql"}, strings.NewReader(text), io.Discard, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.Pass == s.Statements && whole.decision != Pass && !strings.Contains(strings.ToLower(text), "sql_mode") {
			t.Errorf("%q: all of %q pass, but not the whole: %s", text, statementsOf(d, text), whole.why)
		}
	})
}
