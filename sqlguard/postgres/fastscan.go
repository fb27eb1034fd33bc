package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

// inWord are the bytes that a word may have.
var inWord = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
	}
	return t
}()

// begins is what a token that begins with a byte is.
type begins uint8

const (
	nothing begins = iota
	blank
	letter
	digit
	operator
	quote
	doubleQuote
	dollar
	colon
	dot
	comma
	opening
	closing
	semicolon
)

var beginning = func() (t [256]begins) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = digit
		case c != '$' && inWord[c]:
			t[c] = letter
		}
	}
	for _, c := range " \t\n\v\f\r" {
		t[c] = blank
	}
	for _, c := range "~!@#^&|`?+-*/%<>=" {
		t[c] = operator
	}
	t['\''], t['"'], t['$'], t[':'], t['.'], t[','], t[';'] = quote, doubleQuote, dollar, colon, dot, comma, semicolon
	t['('], t['['], t[')'], t[']'] = opening, opening, closing, closing
	return t
}()

// body reads the text from where the head ended.
func (f *fast) body() bool {
	for f.pos < len(f.src) {
		ok := true
		switch beginning[f.src[f.pos]] {
		case blank:
			f.pos++
		case letter:
			ok = f.word()
		case digit:
			ok = f.number()
		case operator:
			ok = f.operator()
		case quote:
			ok = f.string()
		case doubleQuote:
			ok = f.identifier()
		case dollar:
			ok = f.parameter()
		case colon:
			ok = f.colon()
		case dot:
			ok = f.dot()
		case comma:
			ok = f.comma()
		case opening:
			ok = f.bracket()
		case closing:
			ok = f.close()
		case semicolon:
			return f.finish(f.pos + 1)
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	return f.finish(f.pos)
}

// finish reports whether the statement may be over, and nothing follows it.
func (f *fast) finish(pos int) bool {
	f.pos = pos
	return f.space() && f.pos == len(f.src) && f.depth == 0 && !f.pending() &&
		f.levels[0].weight() <= maxChain
}

func (f *fast) at(c byte) bool { return f.pos < len(f.src) && f.src[f.pos] == c }

func (f *fast) isWord() bool { return f.pos < len(f.src) && beginning[f.src[f.pos]] == letter }

// space moves over white space and comments. It reports false at a comment that
// nests or does not end.
func (f *fast) space() bool {
	for f.pos < len(f.src) {
		switch c := f.src[f.pos]; {
		case beginning[c] == blank:
			f.pos++
		case c == '-' || c == '/':
			start := f.pos
			if !f.comment() {
				return false
			}
			if f.pos == start {
				return true
			}
		default:
			return true
		}
	}
	return true
}

// comment moves over a comment, if one is here.
func (f *fast) comment() bool {
	rest := f.src[f.pos:]
	switch {
	case strings.HasPrefix(rest, "--"):
		n := strings.IndexAny(rest, "\r\n")
		if n < 0 {
			n = len(rest)
		}
		f.pos += n
	case strings.HasPrefix(rest, "/*"):
		n := strings.Index(rest[2:], "*/")
		if n < 0 || strings.Contains(rest[2:2+n+1], "/*") {
			return false
		}
		f.pos += 2 + n + 2
	}
	return true
}

// scan reads the word that begins here.
func (f *fast) scan() trait {
	src, start := f.src, f.pos
	end := start + 1
	for end < len(src) && inWord[src[end]] {
		end++
	}
	f.pos = end
	return trait(lexicon.Find(src, start, end))
}

// number reads digits, with a fraction and an exponent.
func (f *fast) number() bool {
	i := f.digits(f.pos)
	if i < len(f.src) && f.src[i] == '.' {
		i = f.digits(i + 1)
	}
	if i < len(f.src) && f.src[i]|0x20 == 'e' {
		i++
		if i < len(f.src) && (f.src[i] == '+' || f.src[i] == '-') {
			i++
		}
		exponent := i
		if i = f.digits(i); i == exponent {
			return false // servers differ: a name and a comment may begin here
		}
	}
	return f.literal(i)
}

func (f *fast) digits(i int) int {
	for i < len(f.src) && beginning[f.src[i]] == digit {
		i++
	}
	return i
}

// literal ends a number or a parameter at i, behind which no word may begin.
func (f *fast) literal(i int) bool {
	if f.pending() || i < len(f.src) && (inWord[f.src[i]] || f.src[i] == '.') {
		return false
	}
	f.pos = i
	f.shift(lastLiteral, 0, true)
	return true
}

// parameter reads $1. A dollar quote is for the parser.
func (f *fast) parameter() bool {
	i := f.digits(f.pos + 1)
	return i > f.pos+1 && f.literal(i)
}

// string reads a string. Behind a name it would be a literal of the type that is named
// so, and behind another string or a bracket it is for the parser.
func (f *fast) string() bool {
	switch f.last {
	case lastMark, lastOpen:
	case lastWord:
		if f.traits&(takesOperand|isType) == 0 {
			return false
		}
		f.functions = f.functions || f.traits&(takesOperand|takesBracket) == 0
	default:
		return false
	}
	f.shift(lastLiteral, 0, true)
	return f.quoted('\'')
}

// quoted moves behind what the quote here begins. A doubled quote is part of it.
func (f *fast) quoted(q byte) bool {
	for i := f.pos + 1; ; i += 2 {
		n := strings.IndexByte(f.src[i:], q)
		if n < 0 {
			return false
		}
		i += n
		if i+1 == len(f.src) || f.src[i+1] != q {
			f.pos = i + 1
			return true
		}
	}
}

// identifier reads a quoted name.
func (f *fast) identifier() bool {
	l := lastName
	switch f.last {
	case lastDot:
		l = lastPart
	case lastCast, lastQuery:
		return false
	}
	f.shift(l, 0, true)
	return f.quoted('"')
}

// dot reads the dot between two parts of a name.
func (f *fast) dot() bool {
	switch f.last {
	case lastWord, lastName, lastPart, lastClose:
	default:
		return false
	}
	f.pos++
	f.shift(lastDot, 0, false)
	return f.pos < len(f.src) && beginning[f.src[f.pos]] != digit
}

// colon reads ::, :=, or the mark in a slice.
func (f *fast) colon() bool {
	if f.pending() || !f.deepen(1) {
		return false
	}
	f.pos++
	switch {
	case f.at(':'):
		f.pos++
		f.shift(lastCast, 0, false)
		return true
	case f.at('='):
		f.pos++
	}
	f.shift(lastMark, 0, false)
	return true
}

// bracket reads an opening bracket, which behind a name makes it a call.
func (f *fast) bracket() bool {
	square := f.at('[')
	f.pos++
	switch f.last {
	case lastWord:
		if square {
			break
		}
		switch t := f.traits; {
		case t&wordAs != 0:
			return f.open(false, lastQuery)
		case t&wordCast != 0:
			return f.open(true, lastOpen)
		case t&takesBracket != 0:
		case t&isReader != 0:
			f.functions = true
		default:
			return false
		}
	case lastMark, lastOpen, lastType, lastTarget:
	case lastQuery:
		return !square && f.open(false, lastQuery)
	case lastName:
		if !square {
			return f.before&wordAs != 0 && f.columns()
		}
	default:
		if !square || f.pending() {
			return false
		}
	}
	return f.open(false, lastOpen)
}

// columns reads the columns of an alias, AS t (a, b), up to the closing bracket. With
// types behind their names they are for the parser.
func (f *fast) columns() bool {
	for {
		if _, _, ok := f.targetName(); !ok || !f.space() || f.pos == len(f.src) {
			return false
		}
		f.pos++
		switch f.src[f.pos-1] {
		case ')':
			f.shift(lastClose, 0, true)
			return true
		case ',':
		default:
			return false
		}
	}
}

// operator reads an operator, or a comment that begins like one.
func (f *fast) operator() bool {
	start := f.pos
	if !f.comment() {
		return false
	}
	if f.pos > start {
		return true
	}
	end := start + 1
	if end < len(f.src) && beginning[f.src[end]] == operator {
		end = lex.PostgresOperator(f.src, start)
	}
	star := end == start+1 && f.src[start] == '*'
	if f.pending() && !(star && f.last == lastDot) || !f.deepen(1) {
		return false
	}
	f.pos = end
	if star && f.all() {
		f.shift(lastName, 0, true)
		return true
	}
	f.functions = true
	f.shift(lastMark, 0, false)
	if f.at(' ') {
		f.pos++
	}
	return isOperator(f.src[start:end])
}

// isOperator reports whether a built-in operator has the name. != is <> to the parser,
// and => names an argument.
func isOperator(name string) bool {
	switch name {
	case "=", "<", ">", "<=", ">=", "<>", "!=", "=>", "+", "-", "*", "/", "||", "->", "->>":
		return true
	}
	return isBuiltin(operators[:], name)
}

// all reports whether the * here stands for columns: SELECT *, t.*, count(*).
func (f *fast) all() bool {
	return f.last == lastDot || f.last == lastOpen || f.last == lastMark || f.traits&wordColumns != 0
}
