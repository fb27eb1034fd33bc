package lex

import "strings"

const bom = "\uFEFF"

// start says what a token may be by its first byte.
type start uint8

const (
	startNone  start = iota // a byte that begins no token
	startSpace              // white space
	startWord
	startBlob  // x, which may begin a blob
	startMark  // U+FEFF's first byte, which may begin a word too
	startDigit // a number
	startDot   // a dot, or a number
	startQuote // '
	startName  // " and `
	startOpen  // [
	startEnd   // ;
	startParam // ? and numbers
	startNamed // : @ $
	startOne   // an operator of one byte
	startMany  // an operator that may be longer
	startMinus // an operator or a line comment
	startSlash // an operator or a block comment
)

var sqliteStarts = func() (t [256]start) {
	for c := range t {
		switch c := byte(c); {
		case is(c, digit):
			t[c] = startDigit
		case is(c, letter):
			t[c] = startWord
		case is(c, space) && c != '\v':
			t[c] = startSpace
		}
	}
	for of, bytes := range map[start]string{
		startBlob: "xX", startMark: bom[:1], startDot: ".", startQuote: "'", startName: "\"`", startOpen: "[", startEnd: ";",
		startParam: "?", startNamed: ":@$", startOne: "(),+*%&~", startMany: "=<>!|", startMinus: "-", startSlash: "/",
	} {
		for i := range len(bytes) {
			t[bytes[i]] = of
		}
	}
	return t
}()

// nextSQLite follows sqlite3GetToken in SQLite's tokenize.c. U+FEFF is white space,
// a vertical tab only behind other white space, and a block comment may end with the text.
func (l *Lexer) nextSQLite() Token {
	src, i := l.src, l.pos
	for i < len(src) {
		switch sqliteStarts[src[i]] {
		case startSpace:
			i = run(src, i+1, space)
			continue
		case startBlob:
			if l.at(i+1) == '\'' {
				return l.sqliteBlob(i)
			}
			return l.emit(Word, i, run(src, i+1, letter|digit|dollar))
		case startMark:
			if strings.HasPrefix(src[i:], bom) {
				i += len(bom)
				continue
			}
			return l.emit(Word, i, run(src, i+1, letter|digit|dollar))
		case startWord:
			return l.emit(Word, i, run(src, i+1, letter|digit|dollar))
		case startDot:
			if is(l.at(i+1), digit) {
				return l.sqliteNumber(i)
			}
			return l.emit(Op, i, i+1)
		case startMinus:
			if l.at(i+1) == '-' {
				i = lineEnd(src, i)
				continue
			}
			return l.sqliteOperator(i)
		case startSlash:
			if l.at(i+1) == '*' && i+2 < len(src) {
				i = sqliteCommentEnd(src, i+2)
				continue
			}
			return l.emit(Op, i, i+1)
		case startOne:
			return l.emit(Op, i, i+1)
		case startDigit:
			return l.sqliteNumber(i)
		case startQuote:
			return l.quoted(String, i, i+1, src[i], false)
		case startName:
			return l.quoted(Ident, i, i+1, src[i], false)
		case startParam:
			return l.emit(Param, i, run(src, i+1, digit))
		case startEnd:
			return l.emit(Semicolon, i, i+1)
		case startMany:
			return l.sqliteOperator(i)
		case startOpen:
			return l.sqliteBracket(i)
		case startNamed:
			return l.sqliteParam(i)
		default:
			return l.fail(i, "a character that belongs to no token")
		}
	}
	return l.emit(EOF, len(src), len(src))
}

// sqliteCommentEnd returns where the block comment ends whose content begins at i.
func sqliteCommentEnd(s string, i int) int {
	if n := strings.Index(s[i:], "*/"); n >= 0 {
		return i + n + 2
	}
	return len(s)
}

// sqliteBracket emits a name in brackets, which has no way to hold a closing one.
func (l *Lexer) sqliteBracket(i int) Token {
	n := strings.IndexByte(l.src[i:], ']')
	if n < 0 {
		return l.failInvalid(i, "an unterminated quote")
	}
	return l.emit(Ident, i, i+n+1)
}

// sqliteOperator emits an operator that may have more than one byte.
func (l *Lexer) sqliteOperator(i int) Token {
	n := 1
	switch next := l.at(i + 1); l.src[i] {
	case '-':
		if next == '>' {
			n = 2
			if l.at(i+2) == '>' {
				n = 3
			}
		}
	case '<':
		if next == '=' || next == '>' || next == '<' {
			n = 2
		}
	case '>':
		if next == '=' || next == '>' {
			n = 2
		}
	case '!':
		if next != '=' {
			return l.fail(i, "a character that belongs to no token")
		}
		n = 2
	default: // = and |
		if next == l.src[i] {
			n = 2
		}
	}
	return l.emit(Op, i, i+n)
}

// sqliteBlob emits x'…', whose content must be pairs of hexadecimal digits.
func (l *Lexer) sqliteBlob(i int) Token {
	end := run(l.src, i+2, digit|hexLetter)
	if l.at(end) != '\'' || (end-i)%2 != 0 {
		return l.failInvalid(i, "a malformed blob literal")
	}
	return l.emit(String, i, end+1)
}

// sqliteNumber emits a number. Digits may be parted by underscores since
// 3.46, where older libraries report an error.
func (l *Lexer) sqliteNumber(i int) Token {
	var end int
	if l.src[i] == '0' && l.at(i+1)|0x20 == 'x' && is(l.at(i+2), digit|hexLetter) {
		end = run(l.src, i+2, digit|hexLetter)
	} else {
		end = decimal(l.src, i, 0)
	}
	for l.at(end) == '_' && is(l.at(end+1), digit|hexLetter) {
		end = run(l.src, end+1, digit|hexLetter)
	}
	if is(l.at(end), letter|dollar) {
		return l.fail(i, "a letter right behind a number")
	}
	return l.emit(Number, i, end)
}

// sqliteParam emits :a, @a or $a. A name in Tcl's form, $a::b or $a(x), swallows
// what follows only in some builds of the library, and is refused.
func (l *Lexer) sqliteParam(i int) Token {
	end := run(l.src, i+1, letter|digit|dollar)
	switch {
	case end == i+1:
		return l.fail(i, "a parameter without a name")
	case l.at(end) == '(', l.at(end) == ':' && l.at(end+1) == ':':
		return l.fail(i, "a parameter in Tcl's form")
	}
	return l.emit(Param, i, end)
}
