package postgres

import "math/bits"

// skip reads over one value of any kind.
func (r *reader) skip() {
	switch r.peek() {
	case '"':
		r.skipString()
	case '{', '[':
		r.skipNested()
	default:
		r.scalar()
	}
}

func (r *reader) skipNested() {
	text := r.text
	nested := 0
	for i := r.pos; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			i = closingQuote(text, i)
		case '{', '[':
			nested++
		case '}', ']':
			nested--
			if nested == 0 {
				r.pos = i + 1
				return
			}
		}
	}
	r.fail()
}

func (r *reader) skipString() {
	if end := closingQuote(r.text, r.pos); end < len(r.text) {
		r.pos = end + 1
		return
	}
	r.fail()
}

// skipColumn reads over a ColumnRef, of which a tree has more than of anything else,
// {"fields":[{"String":{"sval":"a"}}],"location":1}. What looks different is left to skip.
func (r *reader) skipColumn() {
	start := r.pos
	if r.prefix(`{"fields":[{"String":{"sval":`) {
		r.skipString()
		for r.prefix(`}},{"String":{"sval":`) {
			r.skipString()
		}
		if r.prefix(`}}],"location":`) {
			r.scalar()
			if r.peek() == '}' {
				r.pos++
				return
			}
		}
	}
	if !r.failed {
		r.pos = start
		r.skip()
	}
}

// closingQuote returns where the string ends that begins at i, or the length of the text.
func closingQuote(text string, i int) int {
	for i = quoteOrEscape(text, i+1); i < len(text) && text[i] == '\\'; {
		i = quoteOrEscape(text, i+2)
	}
	return min(i, len(text))
}

// quoteOrEscape returns where the next quote or backslash is from i on, or the length of
// the text. Most of a tree is in quotes, so it looks at eight bytes at once.
func quoteOrEscape(text string, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; i+8 <= len(text); i += 8 {
		word := eight(text[i : i+8])
		quote, escape := word^(ones*'"'), word^(ones*'\\')
		// The lowest high bit of (x - ones) &^ x is that of the first byte of x that is 0.
		if found := ((quote-ones)&^quote | (escape-ones)&^escape) & highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// eight returns eight bytes as a number, the first of them lowest.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
