package lex

import "strings"

// skipMySQL moves over white space and comments, but stops before an
// executable comment. Where it cannot, it reports false and the Error token.
func (l *Lexer) skipMySQL() (Token, bool) {
	for {
		l.pos = run(l.src, l.pos, space)
		rest := l.src[l.pos:]
		if len(rest) == 0 {
			return Token{}, true
		}
		switch rest[0] {
		case 0xA0:
			if !l.opts.Latin1Space {
				return Token{}, true
			}
			l.pos++
		case '#':
			if l.inExec {
				return Token{}, true // mysqlMark refuses it
			}
			l.pos = lineEnd(l.src, l.pos)
		case '-':
			comment, reason := l.mysqlDashes()
			if reason != "" {
				return l.fail(l.pos, reason), false
			}
			if !comment {
				return Token{}, true
			}
			l.pos = lineEnd(l.src, l.pos)
		case '/':
			end, reason := l.mysqlComment(rest)
			if reason != "" {
				return l.fail(l.pos, reason), false
			}
			if end == 0 {
				return Token{}, true
			}
			l.pos += end
		default:
			return Token{}, true
		}
	}
}

// mysqlDashes reports whether the minus sign here begins a comment: two of
// them, and white space, a control character or the end of the text behind.
func (l *Lexer) mysqlDashes() (comment bool, reason string) {
	if l.at(l.pos+1) != '-' {
		return false, ""
	}
	if l.inExec {
		return false, "two minus signs in an executable comment"
	}
	c := l.at(l.pos + 2)
	if c >= 0x80 {
		// Which of these bytes are white space depends on the client's character set.
		return false, "two minus signs before a byte that may be white space"
	}
	return l.pos+2 == len(l.src) || is(c, space|control), ""
}

// mysqlComment returns the length of the plain block comment that rest begins
// with, 0 if there is none. Block comments do not nest.
func (l *Lexer) mysqlComment(rest string) (length int, reason string) {
	if !strings.HasPrefix(rest, "/*") {
		return 0, ""
	}
	if l.inExec {
		return 0, "a comment in an executable comment"
	}
	if strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!") {
		return 0, ""
	}
	n := strings.Index(rest[2:], "*/")
	if n < 0 {
		return 0, "an unterminated comment"
	}
	// MySQL reads optimizer hints with a lexer of its own, to which */ within
	// quotes does not end the comment.
	if rest[2] == '+' && strings.ContainsAny(rest[2:2+n], "'\"`\\") {
		return 0, "a quote in an optimizer hint"
	}
	return 2 + n + 2, ""
}
