package lex

// stepSQLite is Advance for SQLite if it stops at every token, and Skim if not. It
// reads the tokens that texts are mostly made of by itself, in one loop over the bytes, and
// has nextSQLite read the others.
func (c *Cursor) stepSQLite(every bool) {
	src, i := c.src, c.lex.pos
	last, passed := c.Lexeme, c.passed // the token before the one at i
	for i < len(src) {
		start, kind, code, halts := i, Op, uint16(0), every
		switch b := src[i]; sqliteStarts[b] {
		case startSpace:
			i = run(src, i+1, space)
			continue
		case startWord:
			kind = Word
			i = run(src, i+1, letter|digit|dollar)
			if n := i - start; n < 8 && start+8 <= len(src) { // as most words are
				if k, hash, at := c.words.findShort(eight(src[start:]), n); c.words.places[at] != 0 {
					code = uint16(c.words.find(k, hash, at, src[start:i]))
				}
			} else {
				code = uint16(c.words.Find(src, start, i))
			}
			halts = halts || code&Halts != 0 || code == 0 && pragmaTable(src, start, i)
		case startOne:
			i, code = i+1, uint16(b)
			c.nest(b)
			halts = halts || b == '(' && last.Named() && last.Code()&Reserved == 0
		case startParam:
			kind, i = Param, run(src, i+1, digit)
		default:
			if kind, i = plainSQLite(src, i); kind == EOF {
				c.past[passed%remembered], c.passed = last, passed+1
				c.lex.pos = last.End()
				c.set(c.lex.Next()) // which looks for NUL bytes
				if every || c.halts() {
					return
				}
				last, passed, i = c.Lexeme, c.passed, c.lex.pos
				continue
			}
			if kind == Op {
				code = uint16(b)
			}
		}
		c.past[passed%remembered] = last
		passed++
		last = lexeme(kind, code, start, i)
		if halts {
			c.Lexeme, c.passed, c.lex.pos = last, passed, i
			return
		}
		if i < len(src) && src[i] == ' ' {
			i++ // a vertical tab behind it is read from the end of the last token
		}
	}
	c.past[passed%remembered] = last
	c.Lexeme, c.passed, c.lex.pos = lexeme(EOF, 0, i, i), passed+1, i
}

// plainSQLite reads some tokens that come often in a form that needs no care: the
// kind and the end. For all others it returns EOF.
func plainSQLite(src string, i int) (Kind, int) {
	b, end := src[i], i+1
	switch sqliteStarts[b] {
	case startDot:
		if end < len(src) && classes[src[end]]&digit == 0 {
			return Op, end
		}
	case startMany:
		if end < len(src) && b != '!' && sqliteStarts[src[end]] != startMany {
			return Op, end
		}
	case startDigit:
		end = run(src, end, digit)
		if end < len(src) && src[end] != '.' && classes[src[end]]&(letter|dollar) == 0 {
			return Number, end
		}
	case startQuote, startName:
		for end < len(src) && src[end] != b && src[end] != 0 {
			end++
		}
		if end+1 < len(src) && src[end] == b && src[end+1] != b && !pragmaTable(src, i+1, end) {
			if b == '\'' {
				return String, end + 1
			}
			return Ident, end + 1
		}
	}
	return EOF, i
}
