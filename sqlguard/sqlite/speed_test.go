package sqlite_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// plain are the statements that applications send most.
var plain = []string{
	"SELECT id, name, email FROM users WHERE id = ?",
	"SELECT * FROM posts WHERE author_id = ?1 AND published = 1 ORDER BY created_at DESC LIMIT 20",
	"SELECT count(*), coalesce(max(p.created_at), '') FROM posts p JOIN users u ON u.id = p.author_id WHERE u.id IN (?, ?, ?)",
	"SELECT \"t0\".\"id\", \"t0\".\"title\" FROM \"posts\" AS \"t0\" WHERE lower(\"t0\".\"title\") LIKE ? -- list",
	"INSERT INTO users (name, email, created_at) VALUES (?, ?, datetime('now')) RETURNING id",
	"INSERT INTO hits (path, n) VALUES (?, 1) ON CONFLICT (path) DO UPDATE SET n = n + 1",
	"UPDATE posts SET title = ?, body = ?, updated_at = ? WHERE id = ? AND version = ?",
	"DELETE FROM sessions WHERE expires_at < ?",
}

// token is the least that a lexer can say of a token at or behind i: what it begins
// with, where it begins, and where it ends. It knows words, numbers, strings and quoted names,
// comments, and bytes that stand for themselves.
func token(s string, i int) (first byte, start, end int) {
	for i < len(s) {
		c := s[i]
		start = i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_':
			for i++; i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] == '_'); i++ {
			}
			return c, start, i
		case c >= '0' && c <= '9':
			for i++; i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.'); i++ {
			}
			return c, start, i
		case c == '\'' || c == '"':
			for i++; i < len(s) && s[i] != c; i++ {
			}
			return c, start, i + 1
		case c == '-' && i+1 < len(s) && s[i+1] == '-':
			for i++; i < len(s) && s[i] != '\n'; i++ {
			}
		case c == '/' && i+1 < len(s) && s[i+1] == '*':
			for i += 2; i+1 < len(s) && (s[i] != '*' || s[i+1] != '/'); i++ {
			}
			i += 2
		default:
			return c, start, i + 1
		}
	}
	return 0, len(s), len(s)
}

// minimal reads a text to its end by token.
func minimal(s string) (tokens int) {
	for first, _, end := token(s, 0); first != 0; first, _, end = token(s, end) {
		tokens++
	}
	return tokens
}

// own is this project's lexer in a loop that does nothing else.
func own(s string) (tokens int) {
	l := lex.New(lex.SQLite, s, lex.Options{})
	for l.Next().Kind != lex.EOF {
		tokens++
	}
	return tokens
}

var sink int

// timed is false where timings say nothing.
var timed = true

// each calls f for every one of the texts, n times.
func each(texts []string, f func(string) int) func(n int) {
	return func(n int) {
		for range n {
			for _, text := range texts {
				sink += f(text)
			}
		}
	}
}

func judge(text string) int { return int(sqlite.Dialect{}.Classify(text).Class) }

// BenchmarkPlain holds the judge against a minimal lexer over the same bytes, and against
// this project's own in a loop that does nothing else. The bar is twice the former.
func BenchmarkPlain(b *testing.B) {
	compare := func(name string, texts []string) {
		b.Run(name, func(b *testing.B) {
			took := ratio.Measure(100, each(texts, minimal), each(texts, own), each(texts, judge))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				judge(texts[i%len(texts)])
			}
			b.ReportMetric(took[2]/took[0], "x-minimal")
			b.ReportMetric(took[2]/took[1], "x-lexer")
		})
	}
	compare("all", plain)
	for _, text := range plain {
		compare(text[:12], []string{text})
	}
}

func TestPlainStatementsAllocateNothing(t *testing.T) {
	others := []string{
		"REPLACE INTO [t] VALUES (1)", "WITH x(a) AS (SELECT 1) DELETE FROM main.t WHERE a IN x", "UPDATE OR REPLACE t SET a = 1 FROM u",
		"PRAGMA user_version", "BEGIN", "COMMIT", "SELECT * FROM pragma_table_info('t')", "EXPLAIN QUERY PLAN SELECT 1",
		"SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY (c)), CAST(d AS decimal(10, 2)) /* e */ FROM t",
	}
	for _, text := range append(others, plain...) {
		if n := testing.AllocsPerRun(100, func() { judge(text) }); n != 0 {
			t.Errorf("%v allocations: %s", n, text)
		}
	}
}

// patterns are what texts are made of to see whether the time grows faster than they do.
var patterns = []struct{ says, head, unit string }{
	{"columns", "SELECT a", ", t.column_name"},
	{"rows", "INSERT INTO t VALUES (0)", ", (1, 'text', ?, NULL)"},
	{"conditions", "DELETE FROM t WHERE 1", " AND a <> 1.5 OR lower(b) IN (2, 3)"},
	{"calls within calls", "SELECT ", "a(b(c(d("},
	{"known calls within calls", "SELECT ", "abs(max("},
	{"a call with many numbers", "SELECT x(1", ",1"},
	{"a type with many numbers", "SELECT CAST(a AS x(1", ",1"},
	{"types that do not end", "SELECT ", " AS x(1,1,(1,1"},
	{"lists of columns that do not end", "WITH ", "c(a,b,"},
	{"lists of columns of no table", "WITH ", "c(a,b) AS not "},
	{"common table expressions", "WITH a AS (SELECT 1)", ", c(a, b) AS NOT MATERIALIZED (SELECT 1)"},
	{"unknown functions", "SELECT 1", ", f(1)"},
	{"functions in any case", "SELECT 1", `, "F"(1)`},
	{"functions of schemas", "SELECT 1", ", a.f(1)"},
	{"comments", "SELECT 1", " /* ( */ a--(\n"},
	{"openings of comments", "SELECT 1", "/* /"},
	{"comments before parentheses", "SELECT ", "f/**/(/**/a/**/,"},
	{"quotes", "SELECT 1", `, 'a''b', "c""d", [e]`},
	{"PRAGMAs as tables", "SELECT * FROM a", ", pragma_a, pragma_table_info ("},
	{"operators that call", "SELECT 1", " REGEXP a"},
	{"writes within writes", "UPDATE t SET a = 1", " DO UPDATE"},
	{"REPLACE without INTO", "SELECT 1", " replace"},
	{"brackets", "SELECT ", "("},
	{"parentheses that close", "SELECT 1", ")"},
	{"statements", "", "SELECT 1;"},
	{"long words", "SELECT 1", ", sqlite_compileoption_used_"},
	{"signs", "SELECT CAST(a AS x(", "-"},
}

// maxGrowth is how many times longer a byte may take in a text of 1 MB than in one of
// 1 kB, which is the one that caches and branch predictors hold. If the time grew with the square of the
// length, it would be a thousand times; a busy machine makes it a few.
const maxGrowth = 30

func TestTimeGrowsWithTheTextAndNoFaster(t *testing.T) {
	if testing.Short() || !timed {
		t.Skip("compares timings, which -short and the race detector leave out")
	}
	for _, c := range patterns {
		small := c.head + strings.Repeat(c.unit, (1<<10-len(c.head))/len(c.unit))
		large := c.head + strings.Repeat(c.unit, (1<<20-len(c.head))/len(c.unit))
		best := math.Inf(1)
		for try := 0; try < 5 && best > maxGrowth; try++ {
			took := ratio.Measure(3, each([]string{small}, judge), each([]string{large}, judge))
			best = min(best, took[1]/float64(len(large))/(took[0]/float64(len(small))))
		}
		t.Logf("%.2f times: %s", best, c.says)
		if best > maxGrowth {
			t.Errorf("%s: a byte takes %.2f times as long in a text of 1 MB as in one of 1 kB", c.says, best)
		}
	}
}

func TestDepthIsNoMatter(t *testing.T) {
	const n = 100_000
	for says, c := range map[string]struct {
		text string
		want sqlguard.Class
	}{
		"brackets":                 {"SELECT " + strings.Repeat("(", n), write},
		"calls":                    {"SELECT " + strings.Repeat("abs(", n), write},
		"unknown calls":            {"SELECT " + strings.Repeat("f(", n), write},
		"brackets that close":      {"SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n), write},
		"brackets after comments":  {"SELECT " + strings.Repeat("/**/(", n), write},
		"brackets side by side":    {"SELECT 1 IN ((1)" + strings.Repeat(",(1)", n) + ")", read},
		"fewer brackets":           {"SELECT " + strings.Repeat("(", 900) + "1" + strings.Repeat(")", 900), read},
		"comments":                 {strings.Repeat("/* ", n), read},
		"comments that end":        {strings.Repeat("/**/", n) + "DROP TABLE t", schema},
		"lines of comments":        {strings.Repeat("--\n", n) + "DROP TABLE t", schema},
		"expressions":              {"WITH " + strings.Repeat("a AS (", n) + "DELETE FROM t", write},
		"prefixes":                 {strings.Repeat("EXPLAIN ", n), write},
		"prefixes of two words":    {strings.Repeat("EXPLAIN QUERY PLAN ", n/2), write},
		"cases":                    {"SELECT " + strings.Repeat("CASE ", n) + "1", read},
		"signs":                    {"SELECT " + strings.Repeat("- ", n) + "1", read},
		"operators":                {"SELECT 1" + strings.Repeat("+1", n), read},
		"statements in brackets":   {strings.Repeat("(SELECT ", n), write},
		"writes":                   {strings.Repeat("DELETE FROM ", 80_000), write},
		"strings without an end":   {"SELECT 1" + strings.Repeat(" '", n) + "'", write},
		"a text too long to judge": {"SELECT " + strings.Repeat("(", 1<<20), write},
	} {
		var v sqlguard.Verdict
		grown := growth(func() { v = sqlite.Dialect{}.Classify(c.text) })
		if v.Class != c.want {
			t.Errorf("%s: %v (%s), want %v", says, v.Class, v.Why, c.want)
		}
		if grown > 64<<10 {
			t.Errorf("%s: the stack grew by %d bytes", says, grown)
		}
	}
}

// growth returns by how many bytes the stacks of all goroutines grew while a new one ran f.
func growth(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
		runtime.ReadMemStats(&after)
	}()
	<-done
	return int64(after.StackInuse) - int64(before.StackInuse)
}
