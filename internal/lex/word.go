package lex

import "strings"

// Fold writes word in ASCII lower case into buf and returns it, or nil if it
// does not fit, which is no keyword then. Letters outside ASCII stay as they
// are: no server folds them in keywords. A switch or map index on the result's
// string does not allocate.
func Fold(buf []byte, word string) []byte {
	if len(word) > len(buf) {
		return nil
	}
	for i := 0; i < len(word); i++ {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:len(word)]
}

// Is reports whether t is the keyword, which is given in lower case, written
// without quotes in src.
func (t Token) Is(src, keyword string) bool {
	if t.Kind != Word || t.End-t.Start != len(keyword) {
		return false
	}
	for i := 0; i < len(keyword); i++ {
		c := src[t.Start+i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != keyword[i] {
			return false
		}
	}
	return true
}

// IsOp reports whether t is the operator or punctuation mark.
func (t Token) IsOp(src, op string) bool {
	return t.Kind == Op && src[t.Start:t.End] == op
}

// Text returns the token as it stands in src.
func (t Token) Text(src string) string { return src[t.Start:t.End] }

// Name returns what a Word, Ident or String token names: without quotes, with
// doubled quotes made single, letter case as it is. It allocates only if a
// quote was doubled. It reports false for other tokens, for literals with a
// prefix and for U&"…", which it does not decode; backslash escapes stay as they
// are written.
func (t Token) Name(src string) (string, bool) {
	s := t.Text(src)
	switch {
	case t.Kind == Word:
		return s, true
	case t.Kind != Ident && t.Kind != String, t.Flags&Unicode != 0, len(s) < 2:
		return "", false
	}
	q := s[len(s)-1]
	if q == ']' {
		return s[1 : len(s)-1], s[0] == '['
	}
	if s[0] != q || q != '"' && q != '`' && q != '\'' {
		return "", false
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, q) < 0 {
		return s, true
	}
	return undouble(s, q), true
}

func undouble(s string, q byte) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		if s[i] == q {
			i++
		}
	}
	return b.String()
}
