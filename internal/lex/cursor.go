package lex

// Bits of a word's code that [Cursor.Skim] heeds. The others are the parser's own.
const (
	// Halts marks words that a parser has to see, wherever they stand.
	Halts uint16 = 1 << 15
	// Reserved marks words that are not the name of a function where a parenthesis
	// follows.
	Reserved uint16 = 1 << 14
)

// Lexeme is a token with what a parser asks of it most.
type Lexeme struct {
	// Start and End are where it stands: src[Start:End]. Texts for a Cursor are
	// shorter than 2 GiB.
	Start, End int32
	// Code is what [Words] say of a Word, 0 if it is not in them.
	Code uint16
	Kind Kind
	// Op is the operator if it is one byte long, else 0.
	Op byte
}

// Token returns the token itself.
func (x Lexeme) Token() Token { return Token{Kind: x.Kind, Start: int(x.Start), End: int(x.End)} }

// Named reports whether the token may name something: a word, a quoted name, a
// string.
func (x Lexeme) Named() bool { return x.Kind == Word || x.Kind == Ident || x.Kind == String }

// Cursor reads a text one token at a time, looks each word up once, and remembers
// the last few tokens, which is what a parser without a tree lives on. It allocates
// nothing. Copying a Cursor copies its position.
type Cursor struct {
	Lexeme // the current token

	src    string
	lex    Lexer
	words  *Words
	past   [remembered]Lexeme
	passed uint // how many tokens were passed
}

// remembered is how many tokens a Cursor looks back. It is a power of two.
const remembered = 4

// NewCursor returns a Cursor that stands on the first token of src.
func NewCursor(d Dialect, src string, o Options, words *Words) Cursor {
	c := Cursor{src: src, lex: New(d, src, o), words: words}
	c.set(c.lex.Next()) // which looks for NUL bytes
	return c
}

// Advance moves to the next token. At the end it stays.
func (c *Cursor) Advance() {
	c.past[c.passed%remembered] = c.Lexeme
	c.passed++
	c.set(c.lex.Next())
}

func (c *Cursor) set(t Token) {
	x := Lexeme{Kind: t.Kind, Start: int32(t.Start), End: int32(t.End)}
	switch {
	case t.Kind == Word:
		x.Code = c.words.Find(c.src, t.Start, t.End)
	case t.Kind == Op && t.End-t.Start == 1:
		x.Op = c.src[t.Start]
	}
	c.Lexeme = x
}

// Skim moves to the next token, and on over those that mean nothing to a judge of
// queries, until one does: a word that Halts, a name that may be one of the tables
// whose names begin with "pragma_", a parenthesis behind a name, or the end of the
// statement, which is a Semicolon, EOF or Error. It is Advance in a loop, and only for SQLite
// does it spare what can be spared.
func (c *Cursor) Skim() {
	if c.lex.dialect == SQLite && c.lex.reason == "" {
		c.skimSQLite()
		return
	}
	for c.Advance(); !c.halts(); c.Advance() {
	}
}

// halts reports whether Skim ends at the current token.
func (c *Cursor) halts() bool {
	switch c.Kind {
	case Word:
		return c.Code&Halts != 0 || pragmaTable(c.src, int(c.Start), int(c.End))
	case Ident, String:
		return pragmaTable(c.src, int(c.Start)+1, int(c.End))
	case Op:
		before := c.Past(1)
		return c.Op == '(' && before.Named() && before.Code&Reserved == 0
	case Semicolon, EOF, Error:
		return true
	}
	return false
}

// pragmaTable reports whether src[start:end] looks like the beginning of a name of
// a PRAGMA as a table. It is exact in the first letter and the underscore alone.
func pragmaTable(src string, start, end int) bool {
	return end-start > len("pragma_") && src[start]|0x20 == 'p' && src[start+len("pragma")] == '_'
}

// Past returns the token n tokens before the current one; n is 1, 2, 3 or 4. It is
// the zero Lexeme if there was none since [Cursor.Forget].
func (c *Cursor) Past(n uint) Lexeme { return c.past[(c.passed-n)%remembered] }

// Forget forgets the tokens before the current one.
func (c *Cursor) Forget() { c.past = [remembered]Lexeme{} }

// Ahead returns a Lexer that stands behind the current token, to look ahead.
func (c *Cursor) Ahead() Lexer { return c.lex }

// Reason is the Lexer's reason for an Error.
func (c *Cursor) Reason() string { return c.lex.Reason() }

// Text returns the current token as it stands in the text.
func (c *Cursor) Text() string { return c.src[c.Start:c.End] }
