package mysql_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// baseline is about the least that reads SQL at all: it finds the words, strings,
// names in quotes, numbers, comments and marks of a text, and counts them.
func baseline(sql string) (tokens int) {
	for i := 0; i < len(sql); tokens++ {
		switch c := sql[i]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
			tokens--
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
			for i++; i < len(sql) && (sql[i] >= 'a' && sql[i] <= 'z' || sql[i] >= 'A' && sql[i] <= 'Z' || sql[i] == '_' || sql[i] >= '0' && sql[i] <= '9'); {
				i++
			}
		case c >= '0' && c <= '9':
			for i++; i < len(sql) && (sql[i] >= '0' && sql[i] <= '9' || sql[i] == '.'); {
				i++
			}
		case c == '\'' || c == '"' || c == '`':
			for i++; i < len(sql) && sql[i] != c; i++ {
				if sql[i] == '\\' {
					i++
				}
			}
			i++
		case c == '-' && strings.HasPrefix(sql[i:], "-- ") || c == '#':
			for i < len(sql) && sql[i] != '\n' {
				i++
			}
		case c == '/' && strings.HasPrefix(sql[i:], "/*"):
			n := strings.Index(sql[i:], "*/")
			if n < 0 {
				return tokens
			}
			i += n + 2
		default:
			i++
		}
	}
	return tokens
}

// lexed reads a text with the lexer that the parser stands on.
func lexed(sql string) (tokens int) {
	l := lex.New(lex.MySQL, sql, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		tokens++
	}
	return tokens
}

// short are plain statements as an application sends them, of 58 bytes in the mean.
var short = []string{
	"SELECT id, name, email FROM users WHERE id = ? LIMIT 1",
	"SELECT COUNT(*) FROM orders WHERE user_id = 42 AND state = 'paid'",
	"select * from sessions where token = ?",
	"SELECT p.id, p.title FROM posts p JOIN tags t ON t.post_id = p.id WHERE t.name = ?",
	"SELECT MAX(created_at) FROM events WHERE kind IN (1, 2, 3)",
	"INSERT INTO events (user_id, kind, data) VALUES (?, ?, ?)",
	"INSERT INTO log VALUES (1, 'started', NOW())",
	"UPDATE users SET last_seen = NOW() WHERE id = ?",
	"UPDATE accounts SET balance = balance - 10.50 WHERE id = 7",
	"DELETE FROM sessions WHERE expires_at < '2024-01-01 00:00:00'",
}

var sink int

func over(texts []string, f func(string)) func(n int) {
	return func(n int) {
		for range n {
			for _, sql := range texts {
				f(sql)
			}
		}
	}
}

// timed is false where timings say nothing.
var timed = true

func judge(sql string) { sink += int(mysql.Dialect{}.Classify(sql).Class) }

// BenchmarkFirstSight holds the judge against a minimal lexer over the same bytes, and
// against the lexer that the parser stands on. The bar is twice the former.
func BenchmarkFirstSight(b *testing.B) {
	long := "SELECT a.id, b.name, COALESCE(c.total, 0) FROM a JOIN b ON b.id = a.b_id LEFT JOIN c ON c.a_id = a.id WHERE a.state IN ('new', 'open') AND b.name LIKE 'x%' "
	for _, c := range []struct {
		name  string
		texts []string
	}{
		{"short", short}, {"short queries", short[:5]}, {"short writes", short[5:]},
		{"query of 2 kB", []string{long + strings.Repeat("AND a.n BETWEEN 10 AND 20 AND UPPER(b.name) <> 'nobody' ", 33)}},
		{"INSERT of 100 rows", []string{"INSERT INTO t (a, b, c) VALUES " + strings.Repeat("(17, 'some text of a row', NOW()), ", 99) + "(1, '', NULL)"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			took := ratio.Measure(60,
				over(c.texts, func(sql string) { sink += baseline(sql) }), over(c.texts, func(sql string) { sink += lexed(sql) }), over(c.texts, judge))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				judge(c.texts[i%len(c.texts)])
			}
			b.ReportMetric(took[2]/took[0], "x-minimal")
			b.ReportMetric(took[2]/took[1], "x-lexer")
		})
	}
}
