package postgres

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and lists of a parse tree may nest. The
// lexer gate keeps texts far below it; it is there so that this reader relies
// on nobody for its own safety.
const maxDepth = 20_000

// reader reads the JSON of a parse tree in place. It knows what libpg_query
// writes and nothing more: no white space, keys without escapes. Anything else
// makes it fail, and a tree that failed is not understood.
//
// After a failure every method returns at once, and the loops over fields and
// elements end.
type reader struct {
	text   string
	pos    int
	depth  int
	failed bool
}

func (r *reader) fail() {
	r.failed = true
	r.pos = len(r.text)
}

// peek returns the next byte, or 0 at the end, which is also where a failure leads.
func (r *reader) peek() byte {
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

func (r *reader) expect(c byte) {
	if r.peek() != c {
		r.fail()
		return
	}
	r.pos++
}

// open consumes the bracket that begins an object or a list.
func (r *reader) open(bracket byte) {
	r.expect(bracket)
	r.depth++
	if r.depth > maxDepth {
		r.fail()
	}
}

// field returns the next key of an object, past its colon. At the end of the
// object it consumes the brace and returns false.
func (r *reader) field() (string, bool) {
	if r.peek() == ',' {
		r.pos++
	}
	if r.peek() == '}' {
		r.pos++
		r.depth--
		return "", false
	}
	key := r.key()
	return key, !r.failed
}

func (r *reader) key() string {
	text, start := r.text, r.pos+1
	if r.peek() != '"' {
		r.fail()
		return ""
	}
	end := quoteOrEscape(text, start)
	if end+1 >= len(text) || text[end] != '"' || text[end+1] != ':' {
		r.fail()
		return ""
	}
	r.pos = end + 2
	return text[start:end]
}

// prefix consumes the text if it is next.
func (r *reader) prefix(text string) bool {
	if !strings.HasPrefix(r.text[r.pos:], text) {
		return false
	}
	r.pos += len(text)
	return true
}

// element reports whether a list has another element. At the end of the list it
// consumes the bracket and returns false.
func (r *reader) element() bool {
	if r.peek() == ',' {
		r.pos++
	}
	switch r.peek() {
	case ']':
		r.pos++
		r.depth--
		return false
	case 0:
		r.fail()
	}
	return !r.failed
}

// str reads a string. Without escapes it is a part of the tree's text.
func (r *reader) str() string {
	r.expect('"')
	end := quoteOrEscape(r.text, r.pos)
	switch {
	case end == len(r.text):
		r.fail()
		return ""
	case r.text[end] == '\\':
		return r.escaped(end)
	}
	s := r.text[r.pos:end]
	r.pos = end + 1
	return s
}

// escaped reads the rest of a string whose first escape is at i. For the name of a
// built-in operator, < and > of which are always escaped, it allocates nothing.
func (r *reader) escaped(i int) string {
	var short [32]byte
	b := append(short[:0], r.text[r.pos:i]...)
	for i < len(r.text) {
		c := r.text[i]
		switch {
		case c == '"':
			r.pos = i + 1
			if operator, ok := builtinOperators[string(b)]; ok {
				return operator
			}
			return string(b)
		case c != '\\':
			b = append(b, c)
			i++
			continue
		}
		decoded, n := unescape(r.text[i:])
		if n == 0 {
			break
		}
		b = utf8.AppendRune(b, decoded)
		i += n
	}
	r.fail()
	return ""
}

// unescape decodes the escape that s begins with, and returns its length, 0 if
// it is none that libpg_query writes: it writes \u00XX only for single bytes
// below 0x80, everything else as it is.
func unescape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		if len(s) < 6 {
			return 0, 0
		}
		n, err := strconv.ParseUint(s[2:6], 16, 8)
		if err != nil || n >= utf8.RuneSelf {
			return 0, 0
		}
		return rune(n), 6
	}
	return 0, 0
}

// scalar reads a number, true, false or null and returns it as it is written.
func (r *reader) scalar() string {
	start, end := r.pos, r.pos
	for end < len(r.text) && isScalarByte(r.text[end]) {
		end++
	}
	if end == start {
		r.fail()
		return ""
	}
	r.pos = end
	return r.text[start:end]
}

func isScalarByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.'
}
