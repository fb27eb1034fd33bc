package sqlite_test

import (
	"fmt"
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

// minimal is the least that can be done to split a text into tokens: words,
// strings, comments, numbers, and bytes that stand for themselves.
func minimal(s string) (tokens int) {
	for i := 0; i < len(s); tokens++ {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_':
			for i++; i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] == '_'); i++ {
			}
		case c >= '0' && c <= '9':
			for i++; i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.'); i++ {
			}
		case c == '\'' || c == '"':
			for i++; i < len(s) && s[i] != c; i++ {
			}
			i++
		case c == '-' && i+1 < len(s) && s[i+1] == '-':
			for i++; i < len(s) && s[i] != '\n'; i++ {
			}
		case c == '/' && i+1 < len(s) && s[i+1] == '*':
			for i += 2; i+1 < len(s) && (s[i] != '*' || s[i+1] != '/'); i++ {
			}
			i += 2
		default:
			i++
		}
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

var (
	sink    int
	verdict sqlguard.Verdict
)

func counting(f func(string) int, text string) func(n int) {
	return func(n int) {
		for range n {
			sink += f(text)
		}
	}
}

func judging(text string) func(n int) {
	return func(n int) {
		for range n {
			verdict = sqlite.Dialect{}.Classify(text)
		}
	}
}

// maxRatio is how many times longer than a minimal lexer the judge may take.
const maxRatio = 2

func TestPlainStatementsAreJudgedAtTheSpeedOfALexer(t *testing.T) {
	if testing.Short() {
		t.Skip("compares timings, which -short leaves out")
	}
	var all, lexers, judges float64
	for _, text := range plain {
		took := ratio.Measure(40, counting(minimal, text), counting(own, text), judging(text))
		all, lexers, judges = all+took[0], lexers+took[1], judges+took[2]
		t.Logf("%.2f times a minimal lexer, %.2f times this one: %.0f ns, %s", took[2]/took[0], took[2]/took[1], took[2], text)
	}
	t.Logf("altogether %.2f times a minimal lexer, %.2f times this one", judges/all, judges/lexers)
	if judges > maxRatio*all {
		t.Errorf("the judge takes %.2f times as long as a minimal lexer, want at most %d", judges/all, maxRatio)
	}
}

var _ = fmt.Sprint
var _ = strings.Repeat
