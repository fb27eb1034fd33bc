package lex

import (
	"errors"
	"sync"
)

const (
	// MaxLength is the length in bytes of the longest text that [Check] lets
	// through.
	MaxLength = 1 << 20

	// MaxDepth bounds the syntax tree of a text that [Check] lets through: on no
	// path from its root lie more than MaxDepth operators, where an operator counts 1,
	// a bracket, CASE or SELECT counts 2, and BEGIN ATOMIC 4. So 400 operators may be
	// chained and 200 brackets nested, far more than people and query builders write.
	//
	// libpg_query, which has no stack guard, dies of about 1,030 chained
	// operators on a thread stack of 128 KiB (musl's default) and of 65,000 on one of 8 MiB.
	MaxDepth = 400
)

// Errors of [Check]. A text that cannot be split is an [*Unreadable].
var (
	ErrTooLong = errors.New("lex: text longer than 1 MiB")
	ErrTooDeep = errors.New("lex: operators, joins, set operations or brackets nested too deep")
)

// Unreadable is a text that cannot be split into tokens with certainty.
type Unreadable struct {
	Reason string // what [Lexer.Reason] said
}

func (e *Unreadable) Error() string { return "lex: cannot read past " + e.Reason }

// Check reports whether src can be split into tokens, is no longer than
// [MaxLength], and has no syntax tree deeper than [MaxDepth]. The bound is computed
// from the tokens and holds whatever the text means: a parser that recurses along the tree is
// safe from it. The error is ErrTooLong, ErrTooDeep or an *Unreadable.
func Check(d Dialect, src string, o Options) error {
	if len(src) > MaxLength {
		return ErrTooLong
	}
	g := gates.Get().(*gate)
	g.src, g.lex, g.before = src, New(d, src, o), beforeOther
	g.inmost, g.levels[0] = 0, level{}
	err := g.check()
	g.src, g.lex = "", Lexer{}
	gates.Put(g)
	return err
}

// gates keeps gates for the next text, since making one costs as much as reading a
// short text. A level is cleared when it is opened.
var gates = sync.Pool{New: func() any { return new(gate) }}

// check reads the whole text.
func (g *gate) check() error {
	for {
		t := g.lex.Next()
		switch t.Kind {
		case EOF:
			if g.closeAll() > MaxDepth {
				return ErrTooDeep
			}
			return nil
		case Error:
			return &Unreadable{Reason: g.lex.Reason()}
		}
		if !g.add(t) {
			return ErrTooDeep
		}
	}
}

// gate computes, in one pass, a bound for the depth of the tree of a text. It
// keeps one level for each bracket or CASE that is open.
//
// The bound of a level is that of its deepest item plus the chains that items
// hang from. Operators make an item deeper, whichever way they associate, and
// what was closed within the item may be the far end of its chain; so an item is as
// deep as its operators and its deepest inner level together. A comma, AND, OR
// and some reserved words begin a new item, because parsers keep those flat.
// None of them can be part of a chain of operators: BETWEEN's AND can, and does
// not begin a new item. What chains items instead, JOIN and the set operations, is
// counted apart, and not forgotten at those marks.
type gate struct {
	src    string
	lex    Lexer
	levels [MaxDepth / 2]level
	inmost int // index of the innermost level
	before lastToken
}

// lastToken is what matters of the token before: behind a dot or AS a keyword
// is a name, and behind BEGIN comes the ATOMIC of a function's body.
type lastToken uint8

const (
	beforeOther lastToken = iota
	beforeName
	beforeAtomic // BEGIN
)

// level is an open bracket, an open CASE, or the statement itself. All counts
// stay far below 2¹⁵ because every item is checked against MaxDepth.
type level struct {
	isCase  bool
	between int16 // BETWEENs whose AND is still to come
	ops     int16 // operators of the current item
	inner   int16 // bound of the deepest level closed in the current item
	item    int16 // bound of the deepest item so far
	joins   int16 // joins of the current chain
	joined  int16 // longest chain of joins so far
	sets    int16 // set operations
	bodies  int16 // bodies of functions, each 4; a semicolon does not end them
	base    int16 // what every item hangs from: AND, OR, SELECT, WITH, ORDER
	seen    once  // which of these were counted
}

// once is a set of words that make a level deeper only the first time.
type once uint8

const (
	seenAnd once = 1 << iota
	seenOr
	seenSelect
	seenWith
	seenOrder
)

// deepen counts a word that all items of the level hang from.
func (l *level) deepen(word once, by int16) {
	if l.seen&word == 0 {
		l.seen |= word
		l.base += by
	}
}

// newItem begins a new item.
func (l *level) newItem() {
	l.item = max(l.item, l.ops+l.inner)
	l.ops, l.inner, l.between = 0, 0, 0
}

// newList begins a new item that no join reaches over.
func (l *level) newList() {
	l.newItem()
	l.joined = max(l.joined, l.joins)
	l.joins = 0
}

// depth is the bound of the level as it stands.
func (l *level) depth() int16 {
	return max(l.item, l.ops+l.inner) + max(l.joined, l.joins) + l.sets + l.bodies + l.base
}

// add counts one token. It reports false once the text is too deep.
func (g *gate) add(t Token) bool {
	top := &g.levels[g.inmost]
	before := g.before
	g.before = beforeOther
	switch t.Kind {
	case Semicolon:
		if g.inmost == 0 {
			deep := top.depth()
			*top = level{bodies: top.bodies}
			return deep <= MaxDepth
		}
		top.newList()
	case Op:
		return g.mark(top, t)
	case Word:
		if before != beforeName {
			return g.keyword(top, t, before == beforeAtomic)
		}
	}
	return true
}

// mark counts an operator or a bracket.
func (g *gate) mark(top *level, t Token) bool {
	if t.End-t.Start == 1 {
		switch g.src[t.Start] {
		case '(', '[':
			return g.open(false)
		case ')', ']':
			return g.closeBracket()
		case ',':
			top.newList()
			return top.depth() <= MaxDepth
		case '.':
			g.before = beforeName
			return true
		}
	}
	return g.op(&top.ops)
}

// op counts one more of what n counts.
func (g *gate) op(n *int16) bool {
	*n++
	return g.levels[g.inmost].depth() <= MaxDepth
}

func (g *gate) open(isCase bool) bool {
	g.inmost++
	if g.inmost == len(g.levels) {
		return false
	}
	g.levels[g.inmost] = level{isCase: isCase}
	return true
}

// close closes the innermost level, which becomes part of the current item of
// the level around it.
func (g *gate) close() bool {
	deep := g.levels[g.inmost].depth() + 2
	g.inmost--
	top := &g.levels[g.inmost]
	top.inner = max(top.inner, deep)
	return top.depth() <= MaxDepth
}

// closeBracket closes the innermost bracket and every CASE in it. Without one
// the text is no SQL, and has no tree.
func (g *gate) closeBracket() bool {
	for g.inmost > 0 {
		isCase := g.levels[g.inmost].isCase
		if !g.close() {
			return false
		}
		if !isCase {
			break
		}
	}
	return true
}

// closeAll closes what is open at the end of the text and returns its depth.
func (g *gate) closeAll() int16 {
	for g.inmost > 0 {
		if !g.close() {
			break
		}
	}
	return g.levels[0].depth()
}
