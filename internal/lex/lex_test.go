package lex_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

// kinds are the letters in which the tests write tokens.
var kinds = map[lex.Kind]string{
	lex.Error: "!", lex.Word: "w", lex.Ident: "i", lex.String: "s", lex.Number: "n",
	lex.Param: "p", lex.Op: "o", lex.Semicolon: "e", lex.ExecOpen: "<", lex.ExecClose: ">",
}

// tokens writes the tokens of src as kind:text, separated by blanks.
func tokens(d lex.Dialect, src string, o lex.Options) string {
	var out []string
	l := lex.New(d, src, o)
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		if t.Kind == lex.Error {
			out = append(out, "!")
			continue
		}
		out = append(out, kinds[t.Kind]+":"+t.Text(src))
	}
	return strings.Join(out, " ")
}

type lexCase struct{ name, src, want string }

func runLexCases(t *testing.T, d lex.Dialect, o lex.Options, cases []lexCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := tokens(d, c.src, o); got != c.want {
				t.Errorf("tokens of %q\n got %s\nwant %s", c.src, got, c.want)
			}
		})
	}
}

func TestPostgres(t *testing.T) {
	runLexCases(t, lex.Postgres, lex.Options{}, []lexCase{
		{"comments nest", "a/* /* */ x */b", "w:a w:b"},
		{"a line comment ends at a line feed", "a--x\nb", "w:a w:b"},
		{"a line comment ends at a carriage return", "a--x\rb", "w:a w:b"},
		{"a comment may end the text", "a -- x", "w:a"},
		{"an unterminated comment is an error", "a /* /* */", "w:a !"},
		{"a doubled quote does not end a string", "'a''b'c", "s:'a''b' w:c"},
		{"a backslash does not escape in a plain string", `'a\'b`, `s:'a\' w:b`},
		{"a backslash escapes in an E string", `E'a\'b'c`, `s:E'a\'b' w:c`},
		{"an E string goes on behind a line break", "e'a'\n 'b\\'c' d", "s:e'a'\n 'b\\'c' w:d"},
		{"an E string goes on behind a comment with a line break", "E'a' -- x'\n'b\\'c'd", "s:E'a' -- x'\n'b\\'c' w:d"},
		{"strings on one line are two", "'a' 'b'", "s:'a' s:'b'"},
		{"a block comment parts strings", "'a'\n/**/'b'", "s:'a' s:'b'"},
		{"bit, hexadecimal and national strings", "B'1'x'f'N'a\\'", `s:B'1' s:x'f' s:N'a\'`},
		{"Unicode strings and names", `U&'\0041'u&"a""b"`, `s:U&'\0041' i:u&"a""b"`},
		{"u is a column where no quote follows", "u&1", "w:u o:& n:1"},
		{"dollar quotes", "$$ ' $$ $x$ $$ $y$ $x$", "s:$$ ' $$ s:$x$ $$ $y$ $x$"},
		{"dollars behind a letter belong to the word", "a$$; b$$", "w:a$$ e:; w:b$$"},
		{"dollars behind a number begin a quote", "1$$;$$", "n:1 s:$$;$$"},
		{"an unterminated dollar quote is an error", "$a$ $b$", "!"},
		{"parameters", "$1+$23", "p:$1 o:+ p:$23"},
		{"a letter behind a parameter is an error", "$1a", "!"},
		{"a lone dollar sign is an error", "$ 1", "!"},
		{"quoted names", `"a""b"."c"`, `i:"a""b" o:. i:"c"`},
		{"an operator ends where a comment begins", "5*/*x*/2+--\n3", "n:5 o:* n:2 o:+ n:3"},
		{"a trailing minus is an operator of its own", "a=-1 <@-b @-c", "w:a o:= o:- n:1 o:<@- w:b o:@- w:c"},
		{"casts and slices", "a::int[1:2]:=3", "w:a o::: w:int o:[ n:1 o:: n:2 o:] o::= n:3"},
		{"numbers", "1 1.5 .5 1e-3 0xfF 1_000 1.", "n:1 n:1.5 n:.5 n:1e-3 n:0xfF n:1_000 n:1."},
		{"two dots are no part of a number", "1..2", "n:1 o:.. n:2"},
		{"a letter behind a number is an error", "1a", "!"},
		{"NUL is an error wherever it is", "a 'b\x00c'", "!"},
		{"U+FEFF is a letter", "\uFEFFa", "w:\uFEFFa"},
		{"a control character is an error", "a \x01", "w:a !"},
		{"bytes that are no UTF-8 are letters", "\xff\xfe1", "w:\xff\xfe1"},
		{"form feed and vertical tab are white space", "a\fb\vc", "w:a w:b w:c"},
		{"an unterminated string is an error", "a 'b", "w:a !"},
		{"an unterminated name is an error", `"b`, "!"},
		{"a backslash is an error", `a \b`, "w:a !"},
	})
}

func TestMySQL(t *testing.T) {
	runLexCases(t, lex.MySQL, lex.Options{}, []lexCase{
		{"comments do not nest", "a/* /* */b", "w:a w:b"},
		{"two minus signs and a blank begin a comment", "a -- b\nc", "w:a w:c"},
		{"two minus signs and a control character begin a comment", "a --\x01b\nc", "w:a w:c"},
		{"two minus signs at the end are a comment", "a --", "w:a"},
		{"two minus signs before anything else are two minus signs", "5--1", "n:5 o:- o:- n:1"},
		{"two minus signs before a byte above 0x7F are refused", "5--\xa01", "n:5 !"},
		{"a hash begins a comment", "a#b\nc", "w:a w:c"},
		{"a carriage return does not end a comment", "a#b\rc\nd", "w:a w:d"},
		{"an unterminated comment is an error", "a /*", "w:a !"},
		{"an executable comment is code with bounds", "a /*! b */ c", "w:a <:/*! w:b >:*/ w:c"},
		{"its version may have five digits", "/*!50000a*/", "<:/*!50000 w:a >:*/"},
		{"its version may have six digits", "/*!080000 a*/", "<:/*!080000 w:a >:*/"},
		{"four digits are no version", "/*!5000 a*/", "<:/*! n:5000 w:a >:*/"},
		{"a letter behind six digits is refused", "/*!080000a*/", "!"},
		{"a dot behind six digits is refused", "/*!080000.a*/", "!"},
		{"seven digits are refused", "/*!0800001 */", "!"},
		{"MariaDB's comments", "/*M!100100 a*/", "<:/*M!100100 w:a >:*/"},
		{"a small m makes a plain comment", "/*m! a*/b", "w:b"},
		{"a blank before the mark makes a plain comment", "/* !a*/b", "w:b"},
		{"a quote in an executable comment is refused", "/*! 'a' */", "<:/*! !"},
		{"a quoted variable in an executable comment is refused", "/*! @'a' */", "<:/*! !"},
		{"a semicolon in an executable comment is refused", "/*! ; */", "<:/*! !"},
		{"a comment in an executable comment is refused", "/*! /* */ */", "<:/*! !"},
		{"a hash in an executable comment is refused", "/*! a#b */", "<:/*! w:a !"},
		{"two minus signs in an executable comment are refused", "/*! a-- */", "<:/*! w:a !"},
		{"an unterminated executable comment is an error", "/*! a", "<:/*! w:a !"},
		{"hints are comments", "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1", "w:SELECT n:1"},
		{"quotes in a hint are refused", "SELECT /*+ QB_NAME(`a*/b`) */ 1", "w:SELECT !"},
		{"a backslash escapes in strings of both kinds", `'a\'b'"c\"d"e`, `s:'a\'b' s:"c\"d" w:e`},
		{"a backslash does not escape in a quoted name", "`a\\`b", "i:`a\\` w:b"},
		{"names may hold dollar signs", "a$$ $b", "w:a$$ w:$b"},
		{"what MySQL 9 takes for a dollar quote is refused", "$$ ; $$", "!"},
		{"what MySQL 9 takes for a tagged dollar quote is refused", "$a$", "!"},
		{"names may begin with digits", "1a 0xg 0b12 t.1e5 1ea", "w:1a w:0xg w:0b12 w:t o:. w:1e5 w:1ea"},
		{"numbers", "1 1.5 .5 1e5 1e-5 0x4F 0b01 1.", "n:1 n:1.5 n:.5 n:1e5 n:1e-5 n:0x4F n:0b01 n:1."},
		{"prefixed strings", "N'a\\'b' x'4f'b'1' _utf8'a'", `s:N'a\'b' s:x'4f' s:b'1' w:_utf8 s:'a'`},
		{"a malformed hexadecimal literal is refused", "x'4g'", "!"},
		{"variables", "@a.b @'x y' @`z` @@global.a @@`b`", "p:@a.b p:@'x y' p:@`z` p:@@global o:. w:a p:@@`b`"},
		{"a system variable needs a name", "@@ a", "!"},
		{"assignments and arrows", "@a:=b->>'$.c'", "p:@a o::= w:b o:->> s:'$.c'"},
		{"NULL as a backslash and N", `\N`, `n:\N`},
		{"another backslash is an error", `\n`, "!"},
		{"NUL is an error", "a/*\x00*/", "!"},
		{"placeholders", "?,?", "p:? o:, p:?"},
		{"the byte 0xA0 belongs to a word", "a\xa0b", "w:a\xa0b"},
	})
	runLexCases(t, lex.MySQL, lex.Options{NoBackslashEscapes: true, ANSIQuotes: true, Latin1Space: true}, []lexCase{
		{"a backslash may be an ordinary character", `'a\'b`, `s:'a\' w:b`},
		{"a double quote may quote a name", `"a""b"@"c\"`, `i:"a""b" p:@"c\"`},
		{"the byte 0xA0 may be white space", "a\xa0b\xa0@\xa0", "w:a w:b p:@"},
	})
}

func TestSQLite(t *testing.T) {
	runLexCases(t, lex.SQLite, lex.Options{}, []lexCase{
		{"comments do not nest", "a/* /* */b", "w:a w:b"},
		{"a block comment may end with the text", "a /* b", "w:a"},
		{"an empty opening at the end is no comment", "a /*", "w:a o:/ o:*"},
		{"a slash does not both open and close", "a /*/ b", "w:a"},
		{"a line comment needs no blank", "a--b\nc", "w:a w:c"},
		{"a carriage return does not end a comment", "a--b\rc", "w:a"},
		{"U+FEFF is white space", "\uFEFFa \uFEFFb", "w:a w:b"},
		{"U+FEFF within a word is a letter", "a\uFEFF", "w:a\uFEFF"},
		{"a vertical tab is white space behind white space", "a \vb", "w:a w:b"},
		{"a vertical tab alone is an error", "a\vb", "w:a !"},
		{"quoted names", "\"a\"\"b\"`c`[d\"]e", "i:\"a\"\"b\" i:`c` i:[d\"] w:e"},
		{"no backslash escapes", `'a\'b`, `s:'a\' w:b`},
		{"an unterminated bracket is an error", "[a", "!"},
		{"blobs", "x'4f' X''", "s:x'4f' s:X''"},
		{"a blob of odd length is an error", "x'4'", "!"},
		{"parameters", "? ?12 :a @b $c", "p:? p:?12 p::a p:@b p:$c"},
		{"Tcl's array form is refused", "$a(;)", "!"},
		{"Tcl's name spaces are refused", ":a::b", "!"},
		{"a parameter needs a name", ": a", "!"},
		{"a hash is an error", "#a", "!"},
		{"numbers", "1 .5 1e5 0x1F 1_000", "n:1 n:.5 n:1e5 n:0x1F n:1_000"},
		{"a letter behind a number is an error", "1a", "!"},
		{"operators", "a->>'b'||c<>d==e", "w:a o:->> s:'b' o:|| w:c o:<> w:d o:== w:e"},
		{"an exclamation mark alone is an error", "!a", "!"},
		{"NUL is an error", "SELECT 1\x00", "!"},
	})
}

func TestUnknownDialect(t *testing.T) {
	l := lex.New(0, "SELECT 1", lex.Options{})
	if k := l.Next().Kind; k != lex.Error {
		t.Errorf("first token is %v, want an error", k)
	}
	if l.Reason() == "" {
		t.Error("no reason given")
	}
	if k := l.Next().Kind; k != lex.EOF {
		t.Errorf("behind the error is %v, want the end", k)
	}
}

func TestInvalidTextsAreToldFromDoubtfulOnes(t *testing.T) {
	for _, c := range []struct {
		d    lex.Dialect
		src  string
		want bool
	}{
		{lex.MySQL, "'a", true}, {lex.MySQL, "x'g'", true}, {lex.MySQL, "$a$", false}, {lex.MySQL, "/*! ; */", false},
		{lex.MySQL, "'a\x00", false}, {lex.SQLite, "[a", true}, {lex.SQLite, "$a(b)", false}, {lex.Postgres, "E'a", true},
		{lex.Postgres, "$a$", true}, {lex.Postgres, "1a", false},
	} {
		l := lex.New(c.d, c.src, lex.Options{})
		for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		}
		if l.Reason() == "" || l.Invalid() != c.want {
			t.Errorf("%q: invalid is %v, want %v (%s)", c.src, l.Invalid(), c.want, l.Reason())
		}
	}
}

func TestName(t *testing.T) {
	for _, c := range []struct {
		d         lex.Dialect
		src, want string
		ok        bool
	}{
		{lex.Postgres, `"a""b"`, `a"b`, true},
		{lex.Postgres, `Abc`, `Abc`, true},
		{lex.Postgres, `U&"\0041"`, ``, false},
		{lex.Postgres, `$$a$$`, ``, false},
		{lex.Postgres, `E'a'`, ``, false},
		{lex.Postgres, `12`, ``, false},
		{lex.MySQL, "`a``b`", "a`b", true},
		{lex.SQLite, `[a"b]`, `a"b`, true},
		{lex.SQLite, `'it''s'`, `it's`, true},
		{lex.SQLite, `x'41'`, ``, false},
		{lex.SQLite, `""`, ``, true},
	} {
		l := lex.New(c.d, c.src, lex.Options{})
		if got, ok := l.Next().Name(c.src); got != c.want || ok != c.ok {
			t.Errorf("name of %s is %q, %v, want %q, %v", c.src, got, ok, c.want, c.ok)
		}
	}
}

func TestWords(t *testing.T) {
	src := `SeLeCt "select" İ`
	l := lex.New(lex.Postgres, src, lex.Options{})
	word, ident, other := l.Next(), l.Next(), l.Next()
	if !word.Is(src, "select") || word.Is(src, "selec") || word.Is(src, "insert") {
		t.Error("a word does not compare without regard to case")
	}
	if ident.Is(src, "select") || other.Is(src, "i") {
		t.Error("what is no such keyword compares as one")
	}
	var buf [6]byte
	if got := string(lex.Fold(buf[:], word.Text(src))); got != "select" {
		t.Errorf("folded to %q", got)
	}
	if lex.Fold(buf[:], "selects") != nil {
		t.Error("a word longer than the buffer was folded")
	}
}

func TestPlainStringsWithBackslashesAreFlagged(t *testing.T) {
	for src, want := range map[string]lex.Flags{
		`'a\b'`: lex.Backslash, `N'\'`: lex.Backslash, `'a'`: 0, `E'\n'`: 0, `U&'\0041'`: lex.Unicode, `$$\$$`: 0,
	} {
		l := lex.New(lex.Postgres, src, lex.Options{})
		if got := l.Next().Flags; got != want {
			t.Errorf("flags of %s are %v, want %v", src, got, want)
		}
	}
}

func TestScanningDoesNotAllocate(t *testing.T) {
	src := "SELECT a, 'b', \"c\", :d /* e */ FROM f WHERE g IN (1, 2.5) -- h"
	for _, d := range []lex.Dialect{lex.Postgres, lex.MySQL, lex.SQLite} {
		n := testing.AllocsPerRun(100, func() {
			if err := lex.Check(d, src, lex.Options{}); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("dialect %d: %v allocations", d, n)
		}
	}
}

func FuzzLexer(f *testing.F) {
	for _, s := range []string{
		"SELECT 1", "'", `"a`, "$a$b$a$", "/*/**/", "/*!50000 a*/", "/*M!1*/", "@@", "x'1", "E'a'\n'\\''", "--\r",
		"[a]", "$a(b)", "\uFEFF", "1.e", ".1e+", "0x", "U&\"", "a.1b", "\xa0", "/*+`*/",
	} {
		f.Add(uint8(0), s)
	}
	f.Fuzz(func(t *testing.T, mode uint8, src string) {
		o := lex.Options{NoBackslashEscapes: mode&1 != 0, ANSIQuotes: mode&2 != 0, Latin1Space: mode&4 != 0}
		for _, d := range []lex.Dialect{lex.Postgres, lex.MySQL, lex.SQLite} {
			checkSpans(t, d, src, o)
			if err := lex.Check(d, src, o); err == nil && tokens(d, src+"\x00", o) != "!" {
				t.Errorf("dialect %d: NUL is not refused", d)
			}
		}
	})
}

// checkSpans reports tokens that are out of order, empty, or part from each other by more than
// white space and comments.
func checkSpans(t *testing.T, d lex.Dialect, src string, o lex.Options) {
	t.Helper()
	l, end := lex.New(d, src, o), 0
	for n := 0; ; n++ {
		tok := l.Next()
		if tok.Start < end || tok.End < tok.Start || tok.End > len(src) {
			t.Fatalf("dialect %d: token %d..%d behind %d of %q", d, tok.Start, tok.End, end, src)
		}
		if gap := src[end:tok.Start]; tok.Kind != lex.Error && gap != "" && !startsSkippable(gap) {
			t.Fatalf("dialect %d: skipped %q in %q", d, gap, src)
		}
		if tok.Kind == lex.EOF {
			break
		}
		if tok.Start == tok.End && tok.Kind != lex.Error {
			t.Fatalf("dialect %d: empty token at %d of %q", d, tok.Start, src)
		}
		if n > len(src)+1 {
			t.Fatalf("dialect %d: more tokens than bytes in %q", d, src)
		}
		end = tok.End
	}
	if again := l.Next(); again.Kind != lex.EOF {
		t.Fatalf("dialect %d: %v behind the end of %q", d, again.Kind, src)
	}
}

// startsSkippable reports whether s begins like white space or a comment.
func startsSkippable(s string) bool {
	return s[0] <= ' ' || s[0] == '-' || s[0] == '/' || s[0] == '#' || s[0] == 0xA0 || strings.HasPrefix(s, "\uFEFF")
}

func ExampleLexer() {
	src := "SELECT 'it''s' -- or not"
	l := lex.New(lex.SQLite, src, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		fmt.Println(t.Kind, t.Text(src))
	}
	// Output:
	// word SELECT
	// string 'it''s'
}
