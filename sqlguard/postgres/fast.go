package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// fastPath judges the common statements in one pass over their bytes, without
// allocating: a single query that calls nothing but functions known to read, and a
// single INSERT, UPDATE or DELETE of one table that does the same. It reports false
// for everything else but the simplest transaction control, and wherever it is not sure.
//
// It knows no grammar. It looks for what can make a query more than a read, and
// whatever looks like it is left to the parser: a word that writes, locks or
// creates, a bracket behind a name that is not known, a type that is not known. So
// it may take for a read what is no SQL, which no server runs. Of SQL it says what the
// parser's tree says, except that Functions may be true without need. It fills in v, which has
// to be the zero value.
func fastPath(sql string, v *sqlguard.Verdict) bool {
	if len(sql) > lex.MaxLength || strings.IndexByte(sql, 0) >= 0 {
		return false
	}
	f := fast{src: sql}
	if !f.head() || !f.body() {
		return false
	}
	f.verdict(v)
	return true
}

// fast reads one text.
type fast struct {
	src string
	pos int

	op            sqlguard.Op // what the statement does
	tx            sqlguard.Tx
	schema, table targets.Name
	upsert        bool // it updates what is there already

	last    last  // the token before
	traits  trait // of the token before, if it is a word that may be a keyword
	before  trait // of the token before that one
	operand bool  // the token before ends an operand
	negated bool  // that NOT, if the token before is one, stood behind an operand

	functions bool // an operator or a function is called
	query     bool // a query has begun
	conflict  bool // ON CONFLICT was seen
	joins     bool // JOIN was seen
	assigns   bool // SET was seen

	depth  int
	casts  uint32 // a bit for each level that is the bracket of a CAST
	levels [maxLevels]fastLevel
}

// last is what the token before was.
type last uint8

const (
	lastStart   last = iota
	lastWord         // a word that may be a keyword
	lastName         // a name that is none: not known, quoted, or an alias
	lastPart         // a name behind a dot
	lastOpen         // an opening bracket
	lastClose        // a closing bracket
	lastLiteral      // a string, a number or a parameter
	lastType         // the type of a cast
	lastMark         // an operator or a comma
	lastTarget       // the table of INSERT, behind which its columns stand

	// Behind these a word has to stand.
	lastDot   // a dot
	lastCast  // ::, or the AS of a CAST
	lastQuery // the bracket of AS (, behind which a query begins
)

// maxLevels is how deep brackets may nest. More of them are for the gate to look at.
const maxLevels = 24

// fastLevel is an open bracket, or the statement itself. It bounds how deep the syntax
// tree can be, as [lex.Check] does, but forgets less: what the fast path lets pass the gate
// lets pass too.
type fastLevel struct {
	chain uint16 // operators and closed brackets of the current item
	item  uint16 // the longest chain so far
	sets  uint16 // set operations
	cases uint16 // CASEs that are open
}

const (
	// perLevel is more than what lex.Check adds for a bracket and for the words that
	// it counts once in each.
	perLevel = 8
	maxChain = lex.MaxDepth - perLevel
)

func (l *fastLevel) weight() uint16 { return max(l.item, l.chain) + l.sets }

// deepen counts n operators of the current item.
func (f *fast) deepen(n uint16) bool {
	l := &f.levels[f.depth]
	l.chain += n
	return l.chain <= maxChain
}

// open opens a level.
func (f *fast) open(cast bool, l last) bool {
	f.depth++
	if f.depth == maxLevels {
		return false
	}
	f.levels[f.depth] = fastLevel{}
	f.casts &^= 1 << f.depth
	if cast {
		f.casts |= 1 << f.depth
	}
	f.shift(l, 0, false)
	return true
}

// close closes the innermost level, which weighs on the item that it is part of.
func (f *fast) close() bool {
	if f.depth == 0 || f.pending() {
		return false
	}
	w := f.levels[f.depth].weight()
	f.depth--
	f.pos++
	f.shift(lastClose, 0, true)
	return w <= maxChain && f.deepen(w+perLevel)
}

// comma begins a new item.
func (f *fast) comma() bool {
	l := &f.levels[f.depth]
	if l.cases > 0 || f.pending() {
		return false
	}
	l.item, l.chain = max(l.item, l.chain), 0
	f.pos++
	if f.at(' ') {
		f.pos++
	}
	f.shift(lastMark, 0, false)
	return true
}

// shift makes a token the one before.
func (f *fast) shift(l last, t trait, operand bool) {
	f.last, f.before, f.traits, f.operand = l, f.traits, t, operand
}

// pending reports whether a word has to stand behind the token before.
func (f *fast) pending() bool {
	return f.last >= lastDot
}

// verdict fills in the verdict on a text that was read to its end.
func (f *fast) verdict(v *sqlguard.Verdict) {
	v.Op, v.Complete, v.Functions = f.op, true, f.functions
	switch {
	case f.tx != sqlguard.TxNone:
		v.Class, v.Why, v.Tx = sqlguard.Session, controls, f.tx
		return
	case f.op == sqlguard.OpSelect:
		v.Class, v.Why = sqlguard.Read, onlyReads
		return
	}
	v.Class, v.Why = sqlguard.Write, changesData
	if f.upsert {
		v.Tables = targets.List(f.schema, f.table, f.op, sqlguard.OpUpdate)
	} else {
		v.Tables = targets.List(f.schema, f.table, f.op)
	}
}

const (
	onlyReads   = "only reads"
	changesData = "changes data"
	controls    = "controls the transaction"
)
