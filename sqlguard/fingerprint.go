package sqlguard

import (
	"bytes"
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

const (
	// maxFingerprint bounds the length of a fingerprint in bytes.
	maxFingerprint = 512
	// maxTokens bounds how much of a text is read for it.
	maxTokens = 4096
	// elided ends what was cut off.
	elided = "…"
)

var lexers = map[string]lex.Dialect{"postgres": lex.Postgres, "mysql": lex.MySQL, "sqlite": lex.SQLite}

// fingerprint returns what two texts have in common that differ in values alone:
// the words, names and operators, with a "?" for each literal and placeholder, one for a list
// of them, and one for rows of such lists. Comments are gone, and white space is one space.
//
// It is not certain if, from somewhere on, values and names cannot be told apart,
// because a setting of the server decides where a string ends, or because no server
// would accept the text. Then it is what comes before that.
func fingerprint(dialect lex.Dialect, sql string) (text string, certain bool) {
	f := printer{dialect: dialect, src: sql, lex: lex.New(dialect, sql, lex.Options{})}
	for range maxTokens {
		t := f.lex.Next()
		switch {
		case t.Kind == lex.EOF:
			return strings.TrimRight(string(f.out), "; "), true
		case t.Kind == lex.Error || f.doubtful(t):
			return string(f.out), false
		}
		f.add(t)
		if len(f.out) > maxFingerprint {
			return clip(string(f.out), maxFingerprint), true
		}
	}
	return clip(string(f.out)+" "+elided, maxFingerprint), true
}

// printer makes the fingerprint of one text.
type printer struct {
	dialect lex.Dialect
	src     string
	lex     lex.Lexer
	out     []byte

	last, before lex.Token // the last two tokens
	hidden       bool      // in an executable comment
	setting      bool      // the statement is a SET or PRAGMA
	value        bool      // what it sets comes now
}

// doubtful reports whether a server's setting decides where a string ends: whether
// a backslash before the quote hides it.
func (f *printer) doubtful(t lex.Token) bool {
	text := t.Text(f.src)
	switch {
	case f.dialect == lex.Postgres && t.Flags&lex.Backslash != 0:
		return strings.Contains(text, `\'`)
	case f.dialect == lex.MySQL && (t.Kind == lex.String || t.Kind == lex.Param):
		quote := text[len(text)-1:]
		return (quote == `'` || quote == `"`) && strings.Contains(text, `\`+quote)
	}
	return false
}

func (f *printer) add(t lex.Token) {
	switch {
	case t.Kind == lex.ExecOpen:
		// To some servers it is a comment, and may hold anything.
		f.write(t, "/*!*/")
		f.hidden = true
	case t.Kind == lex.ExecClose:
		f.hidden = false
	case f.hidden:
		return
	case f.isValue(t):
		f.hole(t)
	default:
		f.write(t, t.Text(f.src))
	}
	f.follow(t)
	f.before, f.last = f.last, t
}

// follow minds what a token makes of those behind it.
func (f *printer) follow(t lex.Token) {
	switch {
	case t.Kind == lex.Semicolon:
		f.setting, f.value = false, false
	case f.last.Kind == lex.EOF || f.last.Kind == lex.Semicolon:
		f.setting = t.Is(f.src, "set") || t.Is(f.src, "pragma")
	case f.setting && (t.Is(f.src, "to") || t.IsOp(f.src, "=") || t.IsOp(f.src, ":=") || t.IsOp(f.src, "(")):
		f.value = true
	}
}

// isValue reports whether a token is, or may be, a value and no name.
func (f *printer) isValue(t lex.Token) bool {
	switch t.Kind {
	case lex.String, lex.Number, lex.Param:
		return true
	case lex.Word:
		return f.value || f.isValueWord(t)
	case lex.Ident:
		return f.value || f.dialect == lex.SQLite && f.src[t.Start] == '"' && !f.mustBeName(t)
	}
	return false
}

// isValueWord reports whether a word may be a value: one that is written without
// quotes, or one that begins with a digit, or where the client's character set decides
// whether it does (the byte A0 is white space in latin1).
func (f *printer) isValueWord(t lex.Token) bool {
	switch first := f.src[t.Start]; {
	case first >= '0' && first <= '9':
		return true
	case f.dialect == lex.MySQL && strings.IndexByte(t.Text(f.src), 0xA0) >= 0:
		return true
	case f.last.Kind != lex.Op || f.last.IsOp(f.src, ".") || f.last.IsOp(f.src, ")"):
		return false
	}
	return t.Is(f.src, "null") || t.Is(f.src, "true") || t.Is(f.src, "false")
}

// mustBeName reports whether "…" is a name in SQLite wherever it stands: where no
// column has the name, and a value may stand, SQLite takes it for a string.
func (f *printer) mustBeName(t lex.Token) bool {
	for _, word := range []string{"into", "update", "join", "table"} {
		if f.last.Is(f.src, word) {
			return true
		}
	}
	ahead := f.lex
	return f.last.IsOp(f.src, ".") || ahead.Next().IsOp(f.src, ".") ||
		f.last.Is(f.src, "from") && f.before.Is(f.src, "delete")
}

// hole writes a "?" for a value.
func (f *printer) hole(t lex.Token) {
	signed := f.last.IsOp(f.src, "-") || f.last.IsOp(f.src, "+")
	if signed && f.before.Kind == lex.Op && !f.before.IsOp(f.src, ")") && !f.before.IsOp(f.src, "]") {
		f.out = f.out[:len(f.out)-1] // the sign is the value's
	}
	f.write(t, "?")
	f.fold("?, ?", "?")
}

// write writes what stands for a token, behind a space if there is something between
// it and the token before it.
func (f *printer) write(t lex.Token, text string) {
	gap := t.Start > f.last.End
	switch {
	case len(f.out) == 0, f.last.IsOp(f.src, "("), f.last.IsOp(f.src, "["):
		gap = false
	case f.last.IsOp(f.src, ","):
		gap = true
	}
	switch text {
	case ")", "]", ",", ";":
		gap = false
	}
	if gap && f.out[len(f.out)-1] != ' ' {
		f.out = append(f.out, ' ')
	}
	if len(text) > maxFingerprint {
		text = text[:maxFingerprint]
	}
	for _, b := range []byte(text) {
		if b < ' ' || b == 0x7f {
			b = ' ' // in a quoted name
		}
		f.out = append(f.out, b)
	}
	if text == ")" {
		f.fold("(?), (?)", "(?)")
	}
}

// fold makes what was written last shorter.
func (f *printer) fold(long, short string) {
	if bytes.HasSuffix(f.out, []byte(long)) {
		f.out = append(f.out[:len(f.out)-len(long)], short...)
	}
}

// clip returns s in at most so many bytes, and never more of the memory that s is
// in.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:limit-len(elided)], "") + elided
}
