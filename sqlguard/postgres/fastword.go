package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// head reads what the statement begins with: a word that begins a query, or all
// up to the table that is written.
func (f *fast) head() bool {
	if !f.space() || !f.isWord() {
		return false
	}
	switch t := f.scan(); {
	case t&wordQuery != 0:
		f.op = sqlguard.OpSelect
		return f.keyword(t)
	case t&wordInsert != 0:
		f.op = sqlguard.OpInsert
		return f.accept(wordInto) && f.target(lastTarget)
	case t&wordUpdate != 0:
		f.op = sqlguard.OpUpdate
	case t&wordDelete != 0 && f.accept(wordFrom):
		f.op = sqlguard.OpDelete
	case t&transactional != 0:
		return f.control(t)
	default:
		return false
	}
	return f.target(lastName)
}

const transactional = wordBegin | wordCommit | wordRollback | wordSavepoint | wordRelease

// control reads transaction control in its simplest forms.
func (f *fast) control(t trait) bool {
	named := true
	switch {
	case t&wordBegin != 0:
		f.op, f.tx, named = "BEGIN", sqlguard.TxBegin, false
	case t&wordCommit != 0:
		f.op, f.tx, named = "COMMIT", sqlguard.TxCommit, false
	case t&wordSavepoint != 0:
		f.op, f.tx = "SAVEPOINT", sqlguard.TxSavepoint
	case t&wordRelease != 0:
		f.op, f.tx = "RELEASE SAVEPOINT", sqlguard.TxRelease
		f.accept(wordSavepoint)
	case f.accept(wordTo):
		f.op, f.tx = "ROLLBACK TO SAVEPOINT", sqlguard.TxRollbackTo
		f.accept(wordSavepoint)
	default:
		f.op, f.tx, named = "ROLLBACK", sqlguard.TxRollback, false
	}
	if named {
		if _, _, ok := f.targetName(); !ok {
			return false
		}
	}
	if f.space() && f.at(';') {
		f.pos++
	}
	return f.finish(f.pos)
}

// accept moves behind the word if it is next.
func (f *fast) accept(want trait) bool {
	start := f.pos
	if f.space() && f.isWord() && f.scan()&want != 0 {
		return true
	}
	f.pos = start
	return false
}

// target reads the name of the table that is written. INSERT knows no ONLY.
func (f *fast) target(l last) bool {
	name, t, ok := f.targetName()
	if t&wordOnly != 0 && l != lastTarget {
		name, _, ok = f.targetName()
	}
	if !ok || !f.space() {
		return false
	}
	f.table = name
	if f.at('.') {
		f.pos++
		f.schema = name
		if f.table, _, ok = f.targetName(); !ok || !f.space() || f.at('.') {
			return false
		}
	}
	f.shift(l, 0, true)
	return true
}

// maxName is the length of the longest name that the server does not cut.
const maxName = 63

// targetName reads a part of a table's name.
func (f *fast) targetName() (n targets.Name, t trait, ok bool) {
	if !f.space() {
		return n, t, false
	}
	start := f.pos
	switch {
	case f.isWord():
		t = f.scan()
		n = targets.Name{Text: f.src[start:f.pos], Fold: targets.Lower}
		ok = f.apart()
	case f.at('"') && f.quoted('"'):
		n.Text = f.src[start+1 : f.pos-1]
		ok = strings.IndexByte(n.Text, '"') < 0
	}
	return n, t, ok && n.Text != "" && len(n.Text) <= maxName
}

// word judges a word.
func (f *fast) word() bool {
	if f.last >= lastDot {
		return f.awaited()
	}
	t := f.scan()
	if f.operand {
		t &^= isReader // an alias: FROM f() lower (a my_type)
	}
	if t&remarkable == 0 && f.traits&wordAs == 0 {
		l := lastWord
		if t == 0 {
			l = lastName
		}
		f.shift(l, t, t&noOperand == 0)
		return f.apart()
	}
	return f.apart() && f.keyword(t)
}

// awaited judges a word where one has to be: behind a dot, in a cast, or where a query
// begins.
func (f *fast) awaited() bool {
	switch f.last {
	case lastCast:
		return f.typeName()
	case lastDot:
		f.scan()
		f.shift(lastPart, 0, true)
		return f.apart()
	}
	t := f.scan()
	if t&wordQuery == 0 || !f.apart() || !f.keyword(t) {
		return false
	}
	// FROM f() AS (values my_type): a column can have that name.
	return t&wordValues == 0 || f.space() && f.at('(')
}

// apart reports whether the word before is none that makes a literal of the quote
// right behind it, E'…' or U&"…", and moves over the blank that mostly stands there.
func (f *fast) apart() bool {
	if f.pos < len(f.src) {
		switch f.src[f.pos] {
		case ' ':
			f.pos++
		case '\'', '"', '&':
			return false
		}
	}
	return true
}

// remarkable are the words that keyword looks at.
const remarkable = contextual | unclear | deepens | chainsQueries | wordCase | wordEnd | beginsOperand | wordAs | calls | wordQuery

// keyword judges a word that may be a keyword.
func (f *fast) keyword(t trait) bool {
	if t&unclear != 0 {
		return false
	}
	if f.traits&wordAs != 0 { // an alias, whatever it reads
		f.shift(lastName, 0, true)
		return true
	}
	if t&(deepens|chainsQueries|wordCase|wordEnd) != 0 && !f.deepens(t) {
		return false
	}
	if t&beginsOperand != 0 && f.operand && !f.follows(t) {
		f.shift(lastName, 0, true) // an alias too
		return true
	}
	if t&contextual != 0 {
		var ok bool
		if t, ok = f.context(t); !ok {
			return false
		}
	}
	if t&wordAs != 0 && f.casts>>f.depth&1 != 0 {
		f.shift(lastCast, 0, false)
		return true
	}
	f.functions = f.functions || t&calls != 0
	f.query = f.query || t&wordQuery != 0
	f.shift(lastWord, t, t&noOperand == 0)
	return true
}

// deepens counts a word that makes the tree deeper.
func (f *fast) deepens(t trait) bool {
	l := &f.levels[f.depth]
	n := uint16(1)
	switch {
	case t&wordCase != 0:
		l.cases++
		n = perLevel
	case t&wordEnd != 0:
		if l.cases > 0 {
			l.cases--
		}
		n = 0
	case t&chainsQueries != 0:
		l.sets++
		return l.sets <= maxChain
	case t&wordBetween != 0:
		n = 2 // its AND is one too
	}
	return f.deepen(n)
}

// follows reports whether a word that begins an operand is no alias behind one: the
// VALUES of INSERT, and TIME ZONE.
func (f *fast) follows(t trait) bool {
	switch {
	case t&wordValues != 0:
		return f.op == sqlguard.OpInsert && !f.query && f.depth == 0
	case t&wordTime != 0:
		return f.traits&wordAt != 0
	}
	return false
}

// contextual are the words that context looks at.
const contextual = wordCase | wordLike | wordNot | wordZone | wordBy | wordConflict | wordWindow | wordJoin | wordSet | wordUpdate | wordReturning

// context returns what is true of a word by what stands before it. It reports false
// where that is for the parser.
func (f *fast) context(t trait) (trait, bool) {
	switch {
	case t&wordCase != 0: // CASE x WHEN compares with =
		start := f.pos
		f.functions = f.functions || !f.accept(wordWhen)
		f.pos = start
	case t&wordNot != 0:
		f.negated = f.operand
	case t&wordLike != 0:
		if f.operand || f.traits&wordNot != 0 && f.negated {
			t |= takesOperand
		}
	case t&wordZone != 0:
		if f.traits&wordTime != 0 && f.before&wordAt != 0 {
			t |= takesOperand
		}
	case t&wordBy != 0:
		if f.traits&wordGroup != 0 {
			t |= takesBracket
		}
	case t&wordJoin != 0: // elsewhere it may name a function
		f.joins = true
		if f.operand {
			t |= takesBracket
		}
	case t&wordWindow != 0: // elsewhere it is an alias: FROM f() over (a my_type)
		if f.last == lastClose && f.isWindow() {
			t |= takesBracket
		}
	case t&wordConflict != 0: // elsewhere it may name a function: JOIN u ON conflict (1)
		if f.traits&wordOn != 0 && f.op == sqlguard.OpInsert && f.depth == 0 && !f.joins {
			t |= takesBracket
			f.conflict = true
		}
	case t&wordSet != 0: // elsewhere it may name a function
		if f.op == sqlguard.OpUpdate && !f.assigns || f.traits&wordUpdate != 0 {
			t |= takesBracket
		}
		f.assigns = true
	case t&wordUpdate != 0:
		f.upsert = f.op == sqlguard.OpInsert && f.conflict && f.traits&wordDo != 0
		return t, f.upsert
	case t&wordReturning != 0: // elsewhere it names a type
		return t, f.op != sqlguard.OpSelect && f.depth == 0
	}
	return t, true
}

// isWindow reports whether the bracket that comes next begins as that of a window or of
// FILTER does, and as no list of columns with types can. A column may be called partition,
// and its type by, an array too.
func (f *fast) isWindow() bool {
	start := f.pos
	defer func() { f.pos = start }()
	if !f.space() || !f.at('(') {
		return false
	}
	f.pos++
	switch {
	case f.accept(wordWhere):
		return true
	case f.accept(wordGroup):
		if !f.accept(wordBy) || f.accept(wordArray) {
			return false
		}
		return f.space() && !f.at(',') && !f.at(')') && !f.at('[')
	}
	return f.space() && f.at(')')
}

// typeName reads the type of a cast, which must be one that is built in.
func (f *fast) typeName() bool {
	t := f.scan()
	if t&wordDouble != 0 && f.accept(wordPrecision) {
		t |= isType | takesBracket
	}
	f.functions = f.functions || t&takesBracket == 0 // those that are keywords are the built-in ones
	f.shift(lastType, 0, true)
	return t&isType != 0 && f.apart()
}
