package lex

import "strings"

const bom = "\uFEFF"

// nextSQLite follows sqlite3GetToken in SQLite's tokenize.c.
func (l *Lexer) nextSQLite() Token {
	l.skipSQLite()
	i := l.pos
	if i == len(l.src) {
		return l.emit(EOF, i, i)
	}
	c, next := l.src[i], l.at(i+1)
	switch {
	case (c == 'x' || c == 'X') && next == '\'':
		return l.sqliteBlob(i)
	case is(c, letter):
		return l.emit(Word, i, run(l.src, i, letter|digit|dollar))
	case is(c, digit), c == '.' && is(next, digit):
		return l.sqliteNumber(i)
	}
	switch c {
	case '\'':
		return l.quoted(String, i, i+1, c, false)
	case '"', '`':
		return l.quoted(Ident, i, i+1, c, false)
	case '[':
		n := strings.IndexByte(l.src[i:], ']')
		if n < 0 {
			return l.failInvalid(i, "an unterminated quote")
		}
		return l.emit(Ident, i, i+n+1)
	case ';':
		return l.emit(Semicolon, i, i+1)
	case '?':
		return l.emit(Param, i, run(l.src, i+1, digit))
	case ':', '@', '$':
		return l.sqliteParam(i)
	case '(', ')', ',', '.', '+', '*', '/', '%', '&', '~':
		return l.emit(Op, i, i+1)
	}
	if n := operator(l.src[i:], sqliteOps); n > 0 {
		return l.emit(Op, i, i+n)
	}
	return l.fail(i, "a character that belongs to no token")
}

// sqliteOps are the operators that may have more than one byte, longer ones
// first.
var sqliteOps = []string{"->>", "->", "==", "=", "<=", "<>", "<<", "<", ">=", ">>", ">", "!=", "||", "|", "-"}

// operator returns the length of the first of ops that s begins with.
func operator(s string, ops []string) int {
	for _, op := range ops {
		if strings.HasPrefix(s, op) {
			return len(op)
		}
	}
	return 0
}

// skipSQLite moves over white space and comments. U+FEFF is white space, a
// vertical tab only behind other white space, and a block comment may end with the
// text.
func (l *Lexer) skipSQLite() {
	for {
		rest := l.src[l.pos:]
		switch {
		case rest == "":
			return
		case rest[0] != '\v' && is(rest[0], space):
			l.pos = run(l.src, l.pos, space)
		case strings.HasPrefix(rest, bom):
			l.pos += len(bom)
		case strings.HasPrefix(rest, "--"):
			l.pos = lineEnd(l.src, l.pos)
		case strings.HasPrefix(rest, "/*") && len(rest) > 2:
			if n := strings.Index(rest[2:], "*/"); n >= 0 {
				l.pos += 2 + n + 2
			} else {
				l.pos = len(l.src)
			}
		default:
			return
		}
	}
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
