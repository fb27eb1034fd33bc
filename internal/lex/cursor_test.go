package lex_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

// Codes as a parser gives them out.
const (
	wordSelect = 1
	wordIn     = 2 | lex.Reserved
	wordDelete = 3 | lex.Halts
)

var cursorWords = func() *lex.WordTable {
	t := lex.NewWordTable(4)
	for word, code := range map[string]uint16{"select": wordSelect, "in": wordIn, "delete": wordDelete, "last_insert_rowid": 4} {
		t.Add(uint64(code|lex.Known), word)
	}
	return t
}()

func begin(d lex.Dialect, src string) *lex.Cursor {
	var c lex.Cursor
	c.Begin(d, src, lex.Options{}, cursorWords)
	return &c
}

func TestSkimmingEndsAtWhatMatters(t *testing.T) {
	for _, c := range []struct{ says, src, want string }{
		{"a call", "SELECT a, f(b)", "( "},
		{"a call with a comment before its parenthesis", "SELECT f /* a */ (b)", "( "},
		{"a call by a quoted name", `SELECT "f"(b), 'g'(c)`, "( ( "},
		{"no parenthesis behind a reserved word", "SELECT a IN (b)", ""},
		{"no parenthesis behind an operator", "SELECT 1 + ((a), (b))", ""},
		{"a word that halts, in any case", "SELECT DeLeTe, [delete], delete_", "DeLeTe "},
		{"a table that may be a PRAGMA", `SELECT pragma_a, Pragma_b, "pragma_c", 'pragma_d', [pragma_e], p_____`, `pragma_a Pragma_b "pragma_c" 'pragma_d' [pragma_e] `},
		{"the end of a statement", "SELECT 1; SELECT", "; "},
		{"an error", "SELECT 1 #", "# "},
		{"a NUL byte at the end", "SELECT 'a\x00'", "SELECT 'a\x00' "},
		{"a NUL byte in a string", "SELECT 'a\x00', 'b'", "SELECT 'a\x00', 'b' "},
		{"a NUL byte in a comment", "SELECT /* \x00 */ 1", "SELECT /* \x00 */ 1 "},
		{"a NUL byte in brackets", "SELECT [\x00], 1", "SELECT [\x00], 1 "},
	} {
		got := ""
		cursor := begin(lex.SQLite, c.src)
		for cursor.Skim(); cursor.Kind() != lex.EOF; cursor.Skim() {
			got += cursor.Text() + " "
		}
		if got != c.want {
			t.Errorf("%s: %q ends at %q, want %q", c.says, c.src, got, c.want)
		}
	}
}

func TestTheLastTokensAreRemembered(t *testing.T) {
	c := begin(lex.SQLite, "select a.b(c)")
	c.Skim()
	if !c.Is('(') || c.Past(1).Token().Text("select a.b(c)") != "b" || !c.Past(2).Is('.') || c.Past(4).Code() != wordSelect|lex.Known {
		t.Errorf("at %q stand %v, %v, %v and %v before", c.Text(), c.Past(1), c.Past(2), c.Past(3), c.Past(4))
	}
	if c.Forget(); c.Past(1).Named() {
		t.Error("a token is remembered that was to be forgotten")
	}
}

func TestACursorAllocatesNothing(t *testing.T) {
	src := "SELECT a, 'b', \"c\", :d /* e */ FROM f WHERE g IN (1, 2.5) -- h"
	if n := testing.AllocsPerRun(100, func() {
		var c lex.Cursor
		for c.Begin(lex.SQLite, src, lex.Options{}, cursorWords); c.Kind() != lex.EOF; c.Skim() {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCursor holds the fast loop against the lexer, token by token, and Skim against
// what it says of itself.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{
		"SELECT a, f(b) FROM t", "a \vb", "'a''b'\"c\"`d`[e]", "1.5e3 .5 1. 0x1f 1_0 1a", "a->>'b' || c <> d == !e", "x'41' xa", "\uFEFFa\uFEFF",
		"pragma_a 'pragma_b'('c')", "delete;delete", "-- a\n/* b", "$a :b @c ?1", "'a\x00', b", "/*\x00*/", "[\x00]b", "a in (b) in(", "'", "last_insert_rowid ( a", "'pragma_' pragma_ 'pragma'_",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if strings.IndexByte(src, 0) >= 0 {
			c := begin(lex.SQLite, src)
			for c.Kind() != lex.Error && c.Kind() != lex.EOF {
				c.Advance()
			}
			if c.Kind() == lex.EOF {
				t.Errorf("%q has no error", src)
			}
			return
		}
		l, c := lex.New(lex.SQLite, src, lex.Options{}), begin(lex.SQLite, src)
		for want := l.Next(); ; want = l.Next() {
			if c.Token() != want {
				t.Fatalf("%q: token %v, the lexer says %v", src, c.Token(), want)
			}
			if want.Kind == lex.EOF {
				break
			}
			c.Advance()
		}
		compareSkims(t, src)
	})
}

// compareSkims holds Skim against Advance.
func compareSkims(t *testing.T, src string) {
	t.Helper()
	fast, slow := begin(lex.SQLite, src), begin(lex.SQLite, src)
	for fast.Kind() != lex.EOF {
		fast.Skim()
		for slow.Advance(); !halts(slow, src); slow.Advance() {
		}
		if fast.Lexeme != slow.Lexeme || fast.Past(1) != slow.Past(1) || fast.Past(2) != slow.Past(2) {
			t.Fatalf("%q: skimmed to %q behind %v, want %q behind %v", src, fast.Text(), fast.Past(1), slow.Text(), slow.Past(1))
		}
	}
}

// halts says it again, token by token, where Skim ends.
func halts(c *lex.Cursor, src string) bool {
	switch c.Kind() {
	case lex.EOF, lex.Semicolon, lex.Error:
		return true
	case lex.Op:
		return c.Is('(') && c.Past(1).Named() && c.Past(1).Code()&lex.Reserved == 0
	case lex.Word, lex.Ident, lex.String:
		name := c.Text()
		if c.Kind() != lex.Word {
			name = name[1 : len(name)-1]
		}
		return c.Code()&lex.Halts != 0 || len(name) >= 7 && name[0]|0x20 == 'p' && name[6] == '_'
	}
	return false
}
