package lex

import "strings"

// nextPostgres follows src/backend/parser/scan.l of PostgreSQL 16.
func (l *Lexer) nextPostgres() Token {
	if !l.skipPostgres() {
		return l.fail(l.pos, "an unterminated comment")
	}
	i := l.pos
	c := l.at(i)
	switch {
	case i == len(l.src):
		return l.emit(EOF, i, i)
	case is(c, letter):
		return l.postgresWord(i)
	case is(c, digit), c == '.' && is(l.at(i+1), digit):
		return l.postgresNumber(i)
	case is(c, pgOp):
		return l.emit(Op, i, PostgresOperator(l.src, i))
	}
	switch c {
	case '\'':
		return l.postgresString(i, i+1, false)
	case '"':
		return l.quoted(Ident, i, i+1, '"', false)
	case '$':
		return l.postgresDollar(i)
	case ';':
		return l.emit(Semicolon, i, i+1)
	case '(', ')', '[', ']', ',':
		return l.emit(Op, i, i+1)
	case '.':
		if l.at(i+1) == '.' {
			return l.emit(Op, i, i+2)
		}
		return l.emit(Op, i, i+1)
	case ':':
		if n := l.at(i + 1); n == ':' || n == '=' {
			return l.emit(Op, i, i+2)
		}
		return l.emit(Op, i, i+1)
	}
	return l.fail(i, "a character that belongs to no token")
}

// skipPostgres moves over white space and comments. It reports false at a
// block comment that does not end.
func (l *Lexer) skipPostgres() bool {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case classes[c]&space != 0:
			l.pos++
		case c == '-' && l.at(l.pos+1) == '-':
			l.pos = postgresLineEnd(l.src, l.pos)
		case c == '/' && l.at(l.pos+1) == '*':
			end := nestedCommentEnd(l.src, l.pos)
			if end < 0 {
				return false
			}
			l.pos = end
		default:
			return true
		}
	}
	return true
}

// postgresLineEnd returns where a line comment at i ends: before a line feed or
// a carriage return.
func postgresLineEnd(s string, i int) int {
	for i < len(s) && s[i] != '\n' && s[i] != '\r' {
		i++
	}
	return i
}

// nestedCommentEnd returns the index behind the block comment that starts at
// i, -1 if it does not end. Comments nest.
func nestedCommentEnd(s string, i int) int {
	depth := 0
	for i+1 < len(s) {
		switch {
		case s[i] == '/' && s[i+1] == '*':
			depth++
			i += 2
		case s[i] == '*' && s[i+1] == '/':
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return -1
}

// postgresWord emits an identifier or keyword, or the literal whose prefix it
// looks like: E”, B”, X”, N”, U&”, U&"".
func (l *Lexer) postgresWord(i int) Token {
	next := l.at(i + 1)
	if next != '\'' && next != '&' {
		return l.emit(Word, i, run(l.src, i, letter|digit|dollar))
	}
	switch l.src[i] | 0x20 {
	case 'e':
		if next == '\'' {
			return l.postgresString(i, i+2, true)
		}
	case 'b', 'x', 'n':
		if next == '\'' {
			return l.postgresString(i, i+2, false)
		}
	case 'u':
		if next == '&' {
			switch l.at(i + 2) {
			case '\'':
				return unicode(l.postgresString(i, i+3, false))
			case '"':
				return unicode(l.quoted(Ident, i, i+3, '"', false))
			}
		}
	}
	return l.emit(Word, i, run(l.src, i, letter|digit|dollar))
}

func unicode(t Token) Token {
	t.Flags = Unicode
	return t
}

// postgresString emits a string whose content starts at body. Strings that are
// parted by white space with a line break in it are one, and what E” means for
// backslashes holds for all of its parts.
func (l *Lexer) postgresString(start, body int, backslash bool) Token {
	for {
		end := closingQuote(l.src, body, '\'', backslash)
		if end < 0 {
			return l.failInvalid(start, "an unterminated string")
		}
		next := postgresContinuation(l.src, end)
		if next < 0 {
			t := l.emit(String, start, end)
			if !backslash && strings.IndexByte(t.Text(l.src), '\\') >= 0 {
				t.Flags = Backslash
			}
			return t
		}
		body = next
	}
}

// postgresContinuation returns where the content of a string goes on after the
// quote that closed before i, -1 if it does not: white space with at least one
// line break in it, line comments included, then a quote.
func postgresContinuation(s string, i int) int {
	lines := false
	for i < len(s) {
		switch c := s[i]; {
		case c == '\n' || c == '\r':
			lines = true
			i++
		case is(c, space):
			i++
		case strings.HasPrefix(s[i:], "--"):
			i = postgresLineEnd(s, i)
		case c == '\'' && lines:
			return i + 1
		default:
			return -1
		}
	}
	return -1
}

// postgresNumber emits a number. A letter right behind it is an error since
// PostgreSQL 15; earlier servers began a new word there.
func (l *Lexer) postgresNumber(i int) Token {
	end := i
	switch l.at(i+1) | 0x20 {
	case 'x', 'o', 'b':
		if l.src[i] == '0' {
			end = run(l.src, i+2, digit|hexLetter)
		}
	}
	if end == i {
		end = i
		for {
			end = run(l.src, end, digit)
			if l.at(end) != '_' || !is(l.at(end+1), digit) {
				break
			}
			end++
		}
		if l.at(end) != '.' || l.at(end+1) != '.' {
			end = decimal(l.src, end, 0)
		}
	}
	for l.at(end) == '_' && is(l.at(end+1), digit|hexLetter) {
		end = run(l.src, end+1, digit|hexLetter)
	}
	if is(l.at(end), letter) {
		return l.fail(i, "a letter right behind a number")
	}
	return l.emit(Number, i, end)
}

// postgresDollar emits a parameter or a dollar-quoted string. A dollar sign
// behind a letter never comes here: it is part of the word.
func (l *Lexer) postgresDollar(i int) Token {
	if end := run(l.src, i+1, digit); end > i+1 {
		if is(l.at(end), letter) {
			return l.fail(i, "a letter right behind a parameter")
		}
		return l.emit(Param, i, end)
	}
	tag := run(l.src, i+1, letter|digit)
	if l.at(tag) != '$' {
		return l.fail(i, "a dollar sign that begins nothing")
	}
	mark := l.src[i : tag+1]
	n := strings.Index(l.src[tag+1:], mark)
	if n < 0 {
		return l.failInvalid(i, "an unterminated dollar quote")
	}
	return l.emit(String, i, tag+1+n+len(mark))
}

// PostgresOperator returns the end of the operator that begins at i, which must be a
// character of operators: the longest run of those before a comment starts, without
// + or - at its end unless one of ~ ! @ # ^ & | ` ? % is in it.
func PostgresOperator(s string, i int) int {
	end := run(s, i, pgOp)
	if end == i+1 {
		return end
	}
	for j := i + 1; j+1 < end; j++ {
		if s[j] == '-' && s[j+1] == '-' || s[j] == '/' && s[j+1] == '*' {
			end = j
			break
		}
	}
	if strings.ContainsAny(s[i:end], "~!@#^&|`?%") {
		return end
	}
	for end > i+1 && (s[end-1] == '+' || s[end-1] == '-') {
		end--
	}
	return end
}
