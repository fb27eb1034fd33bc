package lex

import "strings"

// nextMySQL follows lex_one_token in MySQL's sql_lex.cc and its counterpart in
// MariaDB.
func (l *Lexer) nextMySQL() Token {
	// A dot right behind a word, and a word right behind that dot, belong together:
	// t.1a is a column.
	afterDot, afterWord := l.dot, l.word && l.at(l.pos) == '.'
	l.word, l.dot = false, false
	if !afterDot && !afterWord {
		if t, ok := l.skipMySQL(); !ok {
			return t
		}
	}
	i := l.pos
	if i == len(l.src) {
		if l.inExec {
			return l.fail(i, "an unterminated executable comment")
		}
		return l.emit(EOF, i, i)
	}
	c := l.src[i]
	switch {
	case afterDot && l.mysqlWordByte(i), is(c, letter):
		return l.mysqlWord(i)
	case afterWord:
		l.dot = l.mysqlWordByte(i + 1)
		return l.emit(Op, i, i+1)
	case is(c, digit):
		return l.mysqlNumber(i)
	case c == '.' && is(l.at(i+1), digit):
		return l.emit(Number, i, decimal(l.src, i, 0))
	}
	return l.mysqlMark(i, c)
}

// mysqlMark emits a token that begins with something else than a letter or a
// digit.
func (l *Lexer) mysqlMark(i int, c byte) Token {
	if l.inExec {
		if strings.IndexByte("'\"`;#\\", c) >= 0 {
			return l.fail(i, "a quote, semicolon, hash or backslash in an executable comment")
		}
		if c == '*' && l.at(i+1) == '/' {
			l.inExec = false
			return l.emit(ExecClose, i, i+2)
		}
	}
	switch c {
	case '\'':
		return l.quoted(String, i, i+1, c, !l.opts.NoBackslashEscapes)
	case '"':
		if l.opts.ANSIQuotes {
			return l.quoted(Ident, i, i+1, c, false)
		}
		return l.quoted(String, i, i+1, c, !l.opts.NoBackslashEscapes)
	case '`':
		return l.quoted(Ident, i, i+1, c, false)
	case '@':
		return l.mysqlVariable(i)
	case '$':
		return l.mysqlWord(i)
	case ';':
		return l.emit(Semicolon, i, i+1)
	case '?':
		return l.emit(Param, i, i+1)
	case '\\':
		if l.at(i+1) == 'N' {
			return l.emit(Number, i, i+2)
		}
		return l.failInvalid(i, "a backslash outside of quotes")
	case '/':
		if l.at(i+1) == '*' {
			return l.mysqlExec(i)
		}
		return l.emit(Op, i, i+1)
	case '(', ')', ',', '.', '+', '*', '%', '^', '~', '{', '}':
		return l.emit(Op, i, i+1)
	}
	if n := operator(l.src[i:], mysqlOps); n > 0 {
		return l.emit(Op, i, i+n)
	}
	return l.fail(i, "a character that belongs to no token")
}

// mysqlOps are the operators that may have more than one byte, longer ones
// first.
var mysqlOps = []string{":=", ":", "->>", "->", "-", "<=>", "<=", "<>", "<<", "<", ">=", ">>", ">", "!=", "!", "=", "||", "|", "&&", "&"}

// mysqlWordByte reports whether the byte at i may be part of a word.
func (l *Lexer) mysqlWordByte(i int) bool {
	c := l.at(i)
	return is(c, letter|digit|dollar) && !(c == 0xA0 && l.opts.Latin1Space)
}

// mysqlWord emits a word, or the literal whose prefix it looks like.
func (l *Lexer) mysqlWord(i int) Token {
	if l.at(i+1) == '\'' && !l.inExec {
		switch l.src[i] | 0x20 {
		case 'n':
			return l.quoted(String, i, i+2, '\'', !l.opts.NoBackslashEscapes)
		case 'x', 'b':
			end := run(l.src, i+2, digit|hexLetter)
			if l.at(end) != '\'' {
				return l.failInvalid(i, "a malformed bit or hexadecimal literal")
			}
			return l.emit(String, i, end+1)
		}
	}
	end := i
	for l.mysqlWordByte(end) {
		end++
	}
	// MySQL 9 quotes with $$ and $tag$; earlier servers and MariaDB see a name.
	if l.src[i] == '$' && strings.IndexByte(l.src[i+1:end], '$') >= 0 {
		return l.fail(i, "a dollar quote, which is a name to other servers")
	}
	l.word = true
	return l.emit(Word, i, end)
}

// mysqlNumber emits a number, or a word that begins with digits.
func (l *Lexer) mysqlNumber(i int) Token {
	if l.src[i] == '0' && (l.at(i+1) == 'x' || l.at(i+1) == 'b') {
		end := run(l.src, i+2, digit|hexLetter)
		binary := strings.Trim(l.src[i+2:end], "01") == ""
		if end > i+2 && !l.mysqlWordByte(end) && (l.src[i+1] == 'x' || binary) {
			return l.emit(Number, i, end)
		}
		return l.mysqlWord(i)
	}
	end := run(l.src, i, digit)
	switch {
	case l.at(end) == '.':
		return l.emit(Number, i, decimal(l.src, i, 0))
	case !l.mysqlWordByte(end):
		return l.emit(Number, i, end)
	}
	if float := decimal(l.src, end, 0); float > end {
		return l.emit(Number, i, float)
	}
	return l.mysqlWord(i)
}

// mysqlVariable emits @name, @'name', or @@name.
func (l *Lexer) mysqlVariable(i int) Token {
	j := i + 1
	if l.at(j) == '@' {
		j++
		if c := l.at(j); c != '`' && !l.mysqlWordByte(j) {
			return l.fail(i, "a system variable without a name")
		}
	}
	switch c := l.at(j); {
	case c == '`' || c == '\'' || c == '"':
		if l.inExec {
			return l.fail(i, "a quote in an executable comment")
		}
		ident := c == '`' || c == '"' && l.opts.ANSIQuotes
		return l.quoted(Param, i, j+1, c, !ident && !l.opts.NoBackslashEscapes)
	case j == i+2:
		for l.mysqlWordByte(j) {
			j++
		}
		l.word = true
	default:
		for l.mysqlWordByte(j) || l.at(j) == '.' {
			j++
		}
	}
	return l.emit(Param, i, j)
}

// mysqlExec emits the beginning of an executable comment at i, which
// skipMySQL has left there.
func (l *Lexer) mysqlExec(i int) Token {
	end := i + len("/*!")
	if l.src[i+2] == 'M' {
		end++
	}
	digits := run(l.src, end, digit) - end
	switch {
	case digits > 6:
		return l.fail(i, "an executable comment with more than six digits")
	case digits == 6 && (l.at(end+6) == '.' || is(l.at(end+6), letter|dollar)):
		// Servers that know versions of five digits would read a word or a number here.
		return l.fail(i, "a letter or dot right behind the version of an executable comment")
	case digits >= 5:
		end += digits
	}
	l.inExec = true
	return l.emit(ExecOpen, i, end)
}
