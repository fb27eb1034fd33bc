package postgres

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// walker judges the statements of a parse tree, one after the other. It visits
// every node; what it does not know makes the statement a Write.
type walker struct {
	reader

	verdict sqlguard.Verdict // of the statement at hand
	tables  []placed[sqlguard.Table]
	calls   []placed[string]
	unknown bool // a node nobody thought of, or one that is not what it should be

	planning bool // inside EXPLAIN without ANALYZE: nothing is executed
	explain  bool // inside EXPLAIN
	lenient  bool // inside a definition: an unknown node only makes Tables incomplete

	queries []string // the names in the WITH clauses around

	chained bool     // COMMIT AND CHAIN: a new transaction begins at once
	cursors []cursor // declared so far in this text
}

// placed is something found, and where in the text it stands.
type placed[T any] struct {
	what T
	at   int
}

// begin forgets the statement before.
func (w *walker) begin() {
	w.verdict = sqlguard.Verdict{Class: sqlguard.Read, Op: sqlguard.OpSelect, Complete: true, Why: "only reads"}
	w.tables, w.calls = nil, nil
	w.planning, w.explain, w.lenient, w.chained = false, false, false, false
}

// finish returns the verdict on the statement just walked.
func (w *walker) finish() sqlguard.Verdict {
	if w.failed || w.unknown {
		return sqlguard.NotUnderstood("a part of the statement is not known")
	}
	v := w.verdict
	v.Tables = w.found()
	v.Calls = inTextOrder(w.calls)
	if len(v.Calls) > 0 && v.Class < sqlguard.Unproven {
		v.Class = sqlguard.Unproven
		v.Why = "uses " + v.Calls[0] + ", which is not known to only read"
	}
	return v
}

// found returns the tables that are written or locked. A list of one table is one that was
// made before, if it can be.
func (w *walker) found() []sqlguard.Table {
	if len(w.tables) == 1 {
		t := w.tables[0].what
		return targets.List(targets.Name{Text: t.Schema}, targets.Name{Text: t.Name}, t.Op)
	}
	tables := inTextOrder(w.tables)
	for i := range tables {
		t := &tables[i]
		t.Schema, t.Name = strings.Clone(t.Schema), strings.Clone(t.Name)
	}
	return tables
}

// inTextOrder sorts what was found by its place in the text, and drops
// duplicates. The tree has, for one, the WITH clause after the rest.
func inTextOrder[T comparable](found []placed[T]) []T {
	switch len(found) {
	case 0:
		return nil
	case 1:
		return []T{found[0].what}
	}
	slices.SortStableFunc(found, func(a, b placed[T]) int { return cmp.Compare(a.at, b.at) })
	seen := make(map[T]bool, len(found))
	sorted := make([]T, 0, len(found))
	for _, f := range found {
		if !seen[f.what] {
			seen[f.what] = true
			sorted = append(sorted, f.what)
		}
	}
	return sorted
}

// raise says that the statement at hand is at least of class. Under EXPLAIN
// without ANALYZE nothing is executed, so nothing is raised.
func (w *walker) raise(class sqlguard.Class, op sqlguard.Op, why string) {
	if w.planning {
		return
	}
	v := &w.verdict
	if class > v.Class || class == sqlguard.Lock && v.Class == class && lockRank(op) > lockRank(v.Op) {
		v.Class, v.Op, v.Why = class, op, why
	}
}

// lockRank orders the operations of class Lock: row and table locks are
// refused where advisory ones pass.
func lockRank(op sqlguard.Op) int {
	switch op {
	case sqlguard.OpLock:
		return 2
	case sqlguard.OpAdvisoryLock:
		return 1
	}
	return 0
}

// name gives a statement that only reads another operation than SELECT.
func (w *walker) name(op sqlguard.Op, why string) {
	if w.verdict.Class == sqlguard.Read && !w.explain {
		w.verdict.Op, w.verdict.Why = op, why
	}
}

// incomplete says that not all that is written or locked can be named.
func (w *walker) incomplete() {
	if !w.planning {
		w.verdict.Complete = false
	}
}

// target notes a table that is written or locked.
func (w *walker) target(t placed[sqlguard.Table], op sqlguard.Op) {
	if w.planning {
		return
	}
	t.what.Op = op
	w.tables = append(w.tables, t)
}

// call notes a function, operator or type that nobody vouches for.
func (w *walker) call(name string, at int) {
	w.verdict.Functions = true
	w.calls = append(w.calls, placed[string]{name, at})
}

// value walks the value of a field, whatever it is.
func (w *walker) value(field string) {
	switch w.peek() {
	case '{':
		w.object(field)
	case '[':
		w.open('[')
		for w.element() {
			w.value(field)
		}
	case '"':
		w.skipString()
	default:
		w.scalar()
	}
}

// object walks an object. It is a node, {"FuncCall":{…}}, a null in a list, {},
// or, where a field can only have one type, the fields of that node themselves.
func (w *walker) object(field string) {
	start := w.pos
	w.open('{')
	if w.peek() == '}' {
		w.pos++
		w.depth--
		return
	}
	if w.pos+1 < len(w.text) && isUpper(w.text[w.pos+1]) {
		w.node(w.key())
		w.expect('}')
		w.depth--
		return
	}
	w.pos = start
	w.depth--
	w.node(unwrapped(field))
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// fields walks every field of a node that is harmless itself.
func (w *walker) fields() {
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		w.value(key)
	}
}

// surprise meets a node that is not known here.
func (w *walker) surprise() {
	if w.lenient {
		w.incomplete()
	} else {
		w.unknown = true
	}
	w.skip()
}
