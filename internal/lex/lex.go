package lex

import "strings"

// Dialect is the language a [Lexer] reads.
type Dialect uint8

const (
	Postgres Dialect = iota + 1 // PostgreSQL 16
	MySQL                       // MySQL and MariaDB
	SQLite                      // SQLite 3
)

// Options are the server settings that change how bytes are read. The zero
// value is what servers start with. PostgreSQL and SQLite have none.
type Options struct {
	// NoBackslashEscapes makes a backslash an ordinary character in MySQL's
	// strings, as sql_mode NO_BACKSLASH_ESCAPES does.
	NoBackslashEscapes bool

	// ANSIQuotes makes "x" a quoted identifier instead of a string, as MySQL's
	// sql_mode ANSI_QUOTES does.
	ANSIQuotes bool

	// Latin1Space makes the byte 0xA0 white space, as it is to MySQL when
	// character_set_client is latin1. Otherwise it is part of a word.
	Latin1Space bool
}

// Kind is what a token is.
type Kind uint8

const (
	// EOF ends every text, and is returned for ever after. It is empty.
	EOF Kind = iota
	// Error covers all of the text from where it could not be read.
	Error
	// Word is an unquoted identifier or a keyword.
	Word
	// Ident is a quoted identifier.
	Ident
	// String is a string, bit string or blob literal, with its prefix.
	String
	// Number is a numeric literal without a sign, or MySQL's \N.
	Number
	// Param is a parameter ($1, ?, ?1, :a, @a, $a) or a MySQL variable: @v,
	// @'v', or @@name without the name that may follow a dot.
	Param
	// Op is an operator or another punctuation mark. Brackets, commas, and dots are
	// tokens of one byte.
	Op
	// Semicolon separates statements.
	Semicolon
	// ExecOpen is the beginning of an executable comment with its version:
	// "/*!", "/*!50000", "/*M!100100".
	ExecOpen
	// ExecClose is the end of an executable comment.
	ExecClose
)

var kindNames = [...]string{
	EOF: "end of text", Error: "error", Word: "word", Ident: "quoted identifier",
	String: "string", Number: "number", Param: "parameter", Op: "operator",
	Semicolon: "semicolon", ExecOpen: "executable comment", ExecClose: "end of executable comment",
}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown kind"
}

// Flags tell what a token's kind does not.
type Flags uint8

const (
	// Backslash marks a plain PostgreSQL string that holds a backslash. It would
	// end elsewhere with standard_conforming_strings off.
	Backslash Flags = 1 << iota
	// Unicode marks PostgreSQL's U&'…' and U&"…", whose escapes are not decoded.
	Unicode
)

// Token is a piece of the text: src[Start:End].
type Token struct {
	Kind       Kind
	Flags      Flags
	Start, End int
}

// Lexer splits one text. Copying a Lexer copies its position, which is how a
// caller looks ahead. It is not for use by several goroutines.
type Lexer struct {
	src     string
	pos     int
	reason  string
	dialect Dialect
	opts    Options
	checked bool // for NUL bytes
	invalid bool // the reason is one that every server refuses
	inExec  bool // inside an executable comment
	word    bool // the token before ended in an unquoted word, right here
	dot     bool // the token before was a dot that followed such a word
}

// New returns a Lexer at the beginning of src. An unknown Dialect yields an
// Error token.
func New(d Dialect, src string, o Options) Lexer {
	return Lexer{src: src, dialect: d, opts: o}
}

// Reason says why the last token was an Error, in words that hold nothing of
// the text. It is empty before that.
func (l *Lexer) Reason() string { return l.reason }

// Invalid reports whether the last token was an Error because no server accepts
// what stands there: an unterminated quote, a malformed literal. A server runs
// nothing of the statement that it is in. It is false for what is refused
// because servers differ or look no further.
func (l *Lexer) Invalid() bool { return l.invalid }

// Next returns the next token. Tokens come in the order of the text and do not
// overlap; between them is nothing but white space and comments.
func (l *Lexer) Next() Token {
	if !l.checked {
		l.checked = true
		if strings.IndexByte(l.src, 0) >= 0 {
			return l.fail(0, "a NUL byte")
		}
	}
	if l.reason != "" {
		return Token{Kind: EOF, Start: len(l.src), End: len(l.src)}
	}
	switch l.dialect {
	case Postgres:
		return l.nextPostgres()
	case MySQL:
		return l.nextMySQL()
	case SQLite:
		return l.nextSQLite()
	}
	return l.fail(0, "no such dialect")
}

// emit returns the token from start to end and moves on behind it.
func (l *Lexer) emit(k Kind, start, end int) Token {
	l.pos = end
	return Token{Kind: k, Start: start, End: end}
}

// fail ends the text with an Error token.
func (l *Lexer) fail(start int, reason string) Token {
	l.reason = reason
	return l.emit(Error, start, len(l.src))
}

// failInvalid is fail for what every server refuses.
func (l *Lexer) failInvalid(start int, reason string) Token {
	l.invalid = true
	return l.fail(start, reason)
}

// quoted emits a token that ends with the quote q; body is where its content
// starts.
func (l *Lexer) quoted(k Kind, start, body int, q byte, backslash bool) Token {
	end := closingQuote(l.src, body, q, backslash)
	if end < 0 {
		return l.failInvalid(start, "an unterminated quote")
	}
	return l.emit(k, start, end)
}

// at returns the byte at i, 0 behind the end. There is no other NUL: Next has
// refused those.
func (l *Lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// closingQuote returns the index behind the closing quote q of a literal whose
// content starts at i, -1 if there is none. A doubled quote does not close.
func closingQuote(s string, i int, q byte, backslash bool) int {
	for i < len(s) {
		switch c := s[i]; {
		case c == '\\' && backslash:
			i += 2
		case c != q:
			i++
		case i+1 < len(s) && s[i+1] == q:
			i += 2
		default:
			return i + 1
		}
	}
	return -1
}

// lineEnd returns the index of the first line feed at or behind i, or the
// length of s.
func lineEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s)
}

// operator returns the length of the first of ops that s begins with.
func operator(s string, ops []string) int {
	for _, op := range ops {
		if strings.HasPrefix(s, op) {
			return len(op)
		}
	}
	return 0
}
