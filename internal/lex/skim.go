package lex

// skimSQLite is Skim for SQLite. It reads the tokens that texts are mostly made of
// by itself, in one loop over the bytes, and has nextSQLite read the others.
func (c *Cursor) skimSQLite() {
	src, i := c.src, c.lex.pos
	last := c.Lexeme // the token before the one at i
	passed := c.passed
	for i < len(src) {
		x := Lexeme{Start: int32(i)}
		switch b := src[i]; sqliteStarts[b] {
		case startSpace:
			i = run(src, i+1, space)
			continue
		case startWord:
			i = run(src, i+1, letter|digit|dollar)
			x.Kind, x.Code = Word, c.words.Find(src, int(x.Start), i)
			if x.Code&Halts != 0 || x.Code == 0 && pragmaTable(src, int(x.Start), i) {
				x.End = int32(i)
				c.stop(last, x, passed)
				return
			}
		case startOne:
			x.Kind, x.Op = Op, b
			if b == '(' && last.Named() && last.Code&Reserved == 0 {
				x.End = x.Start + 1
				c.stop(last, x, passed)
				return
			}
			i++
		case startParam:
			x.Kind, i = Param, run(src, i+1, digit)
		default:
			c.past[passed%remembered], c.passed = last, passed+1
			c.lex.pos = i
			c.set(c.lex.nextSQLite())
			if c.halts() {
				return
			}
			x, i = c.Lexeme, c.lex.pos
			last, passed = x, c.passed
			continue
		}
		x.End = int32(i)
		c.past[passed%remembered] = last
		passed++
		last = x
	}
	c.stop(last, Lexeme{Kind: EOF, Start: int32(i), End: int32(i)}, passed)
}

// stop makes x the current token and last the one before it.
func (c *Cursor) stop(last, x Lexeme, passed uint) {
	c.past[passed%remembered], c.passed = last, passed+1
	c.Lexeme, c.lex.pos = x, int(x.End)
}
