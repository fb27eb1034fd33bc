package lex

// Bits that a [Cursor] heeds in its [WordTable]. The parser has the lower twelve and
// bit 13 for itself; a Lexeme keeps 16 bits.
const (
	// Known has to be set for every word in the table: it tells their codes from those of
	// operators.
	Known uint16 = 1 << 12
	// Halts marks words that a parser has to see, wherever they stand.
	Halts uint16 = 1 << 15
	// Reserved marks words that are not the name of a function where a parenthesis
	// follows.
	Reserved uint16 = 1 << 14
)

// Lexeme is a token with what a parser asks of it most, in two machine words.
type Lexeme struct {
	span uint64 // start, and from bit 32 on end
	what uint32 // code, and from bit 16 on kind
}

func lexeme(k Kind, code uint16, start, end int) Lexeme {
	return Lexeme{span: uint64(uint32(start)) | uint64(end)<<32, what: uint32(code) | uint32(k)<<16}
}

// Start is where the token begins; the text is shorter than 2 GiB.
func (x Lexeme) Start() int { return int(uint32(x.span)) }

// End is where the token ends.
func (x Lexeme) End() int { return int(x.span >> 32) }

// Kind is what the token is.
func (x Lexeme) Kind() Kind { return Kind(x.what >> 16) }

// Code is what the [WordTable] says of a Word, and the byte of an Op that is one byte long;
// else 0.
func (x Lexeme) Code() uint16 { return uint16(x.what) }

// Is reports whether the token is the operator, which is one byte long.
func (x Lexeme) Is(op byte) bool { return x.what == uint32(op)|uint32(Op)<<16 }

// Named reports whether the token may name something: a word, a quoted name, a
// string.
func (x Lexeme) Named() bool { return x.Kind()-Word <= String-Word }

// Token returns the token itself.
func (x Lexeme) Token() Token { return Token{Kind: x.Kind(), Start: x.Start(), End: x.End()} }

// Cursor reads a text one token at a time, looks each word up once, and remembers
// the last few tokens, which is what a parser without a tree lives on. It allocates
// nothing. Copying a Cursor copies its position.
type Cursor struct {
	Lexeme // the current token

	src    string
	lex    Lexer
	words  *WordTable
	past   [remembered]Lexeme
	passed uint // how many tokens were passed

	depth, deepest int // parentheses that are open now, and that were open at once
}

// remembered is how many tokens a Cursor looks back. It is a power of two.
const remembered = 4

// Begin puts a new Cursor on the first token of src.
func (c *Cursor) Begin(d Dialect, src string, o Options, words *WordTable) {
	c.src, c.words = src, words
	c.lex.src, c.lex.dialect, c.lex.opts = src, d, o
	c.Advance()
	c.Forget()
}

// Advance moves to the next token. At the end it stays.
func (c *Cursor) Advance() {
	if c.lex.dialect == SQLite && c.lex.reason == "" {
		c.stepSQLite(true)
		return
	}
	c.past[c.passed%remembered] = c.Lexeme
	c.passed++
	c.set(c.lex.Next())
}

func (c *Cursor) set(t Token) {
	code := uint16(0)
	switch {
	case t.Kind == Word:
		code = uint16(c.words.Find(c.src, t.Start, t.End))
	case t.Kind == Op && t.End-t.Start == 1:
		code = uint16(c.src[t.Start])
		c.nest(c.src[t.Start])
	}
	c.Lexeme = lexeme(t.Kind, code, t.Start, t.End)
}

// Skim moves to the next token, and on over those that mean nothing to a judge of
// queries, until one does: a word that Halts, a name that may be one of the tables
// whose names begin with "pragma_", a parenthesis behind a name, or the end of the
// statement, which is a Semicolon, EOF or Error. It is Advance in a loop, and only for SQLite
// does it spare what can be spared.
func (c *Cursor) Skim() {
	if c.lex.dialect == SQLite && c.lex.reason == "" {
		c.stepSQLite(false)
		return
	}
	for c.Advance(); !c.halts(); c.Advance() {
	}
}

// halts reports whether Skim ends at the current token.
func (c *Cursor) halts() bool {
	switch c.Kind() {
	case Word:
		return c.Code()&Halts != 0 || pragmaTable(c.src, c.Start(), c.End())
	case Ident, String:
		return pragmaTable(c.src, c.Start()+1, c.End()-1)
	case Op:
		before := c.Past(1)
		return c.Is('(') && before.Named() && before.Code()&Reserved == 0
	case Semicolon, EOF, Error:
		return true
	}
	return false
}

// pragmaTable reports whether src[start:end] looks like the beginning of a name of
// a PRAGMA as a table. It is exact in the first letter and the underscore alone.
func pragmaTable(src string, start, end int) bool {
	return end-start >= len("pragma_") && src[start]|0x20 == 'p' && src[start+len("pragma")] == '_'
}

// Past returns the token n tokens before the current one; n is 1, 2, 3 or 4. It is
// the zero Lexeme if there was none since [Cursor.Forget].
func (c *Cursor) Past(n uint) Lexeme { return c.past[(c.passed-n)%remembered] }

// Forget forgets the tokens before the current one.
func (c *Cursor) Forget() { c.past = [remembered]Lexeme{} }

// Ahead returns a Lexer that stands behind the current token, to look ahead. It does
// not look for NUL bytes, which would take as long as the text; the Cursor will.
func (c *Cursor) Ahead() Lexer {
	ahead := c.lex
	ahead.checked = true
	return ahead
}

// nest counts a parenthesis.
func (c *Cursor) nest(b byte) {
	switch b {
	case '(':
		c.depth++
		c.deepest = max(c.deepest, c.depth)
	case ')':
		c.depth = max(c.depth-1, 0)
	}
}

// Deepest returns how many parentheses were open at once so far.
func (c *Cursor) Deepest() int { return c.deepest }

// Reason is the Lexer's reason for an Error.
func (c *Cursor) Reason() string { return c.lex.Reason() }

// Text returns the current token as it stands in the text.
func (c *Cursor) Text() string { return c.src[c.Start():c.End()] }

// Head returns a Lexer for the first token of src, which may be the beginning of a
// longer text. It does not look for NUL bytes behind that token.
func Head(d Dialect, src string) Lexer { return Lexer{src: src, dialect: d, checked: true} }
