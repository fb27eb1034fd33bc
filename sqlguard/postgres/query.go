package postgres

import (
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// scope is a statement that may have a WITH clause. It remembers which of the
// tables were found before and inside that clause, because a name means the
// clause's query only in the rest of the statement.
type scope struct {
	start, withStart, withEnd int
	names                     map[string]bool
}

func (w *walker) openScope() scope {
	return scope{start: len(w.tables), withStart: -1}
}

// withClause walks the WITH clause of the scope.
func (w *walker) withClause(s *scope) {
	s.withStart = len(w.tables)
	s.names = w.with()
	s.withEnd = len(w.tables)
}

// closeScope forgets locked "tables" that are queries of the WITH clause: the
// server locks no rows through them. Targets of writes are never such queries.
func (w *walker) closeScope(s scope) {
	if s.withStart < 0 || len(s.names) == 0 {
		return
	}
	w.hide(s.withEnd, len(w.tables), s.names)
	w.hide(s.start, s.withStart, s.names)
}

// hide drops the locked tables among those from one index to another that have
// one of the names.
func (w *walker) hide(from, to int, names map[string]bool) {
	kept := slices.DeleteFunc(w.tables[from:to:to], func(t placed[sqlguard.Table]) bool {
		return t.what.Op == sqlguard.OpLock && t.what.Schema == "" && names[t.what.Name]
	})
	w.tables = slices.Delete(w.tables, from+len(kept), to)
}

// with walks a WITH clause and, where row locks make them matter, returns the
// names of its queries. Each query sees the ones before it, with RECURSIVE all
// of them.
func (w *walker) with() map[string]bool {
	var names map[string]bool
	if w.locking {
		names = map[string]bool{}
	}
	recursive := false
	start := len(w.tables)
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "ctes":
			w.open('[')
			for w.element() {
				before := len(w.tables)
				name := w.cteName()
				w.value(key)
				w.hide(before, len(w.tables), names)
				if w.locking {
					names[name] = true
				}
			}
		case "recursive":
			recursive = w.scalar() == "true"
		default:
			w.value(key)
		}
	}
	if recursive {
		w.hide(start, len(w.tables), names)
	}
	return names
}

// cteName looks ahead for the name in {"CommonTableExpr":{"ctename":"q",…}}.
func (w *walker) cteName() string {
	r := w.reader
	r.expect('{')
	r.key()
	r.expect('{')
	if key, _ := r.field(); key != "ctename" {
		return ""
	}
	return r.str()
}

// selectStmt walks SELECT, VALUES, TABLE and the set operations.
func (w *walker) selectStmt() {
	s := w.openScope()
	from, locks := -1, -1
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "intoClause":
			w.into("SELECT INTO")
		case "fromClause":
			from = w.pos
			w.value(key)
		case "lockingClause":
			locks = w.pos
			w.skip()
		case "withClause":
			w.withClause(&s)
		default:
			w.value(key)
		}
	}
	if locks >= 0 {
		w.rowLocks(from, locks)
	}
	w.closeScope(s)
}

// into judges the INTO of SELECT, and of CREATE TABLE AS: a new table.
func (w *walker) into(op sqlguard.Op) {
	w.raise(sqlguard.Schema, op, "creates a table")
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "rel" {
			w.created(op)
		} else {
			w.value(key)
		}
	}
}

// created reads the name of a new table. If it is a temporary one, even EXPLAIN
// without ANALYZE writes: looking the name up creates the session's temporary schema
// (CreateTableAsRelExists of commands/createas.c; seen on 15).
func (w *walker) created(op sqlguard.Op) {
	start, planning := w.pos, w.planning
	table := w.rangeVar()
	if strings.Contains(w.text[start:w.pos], `"relpersistence":"t"`) || table.what.Schema == "pg_temp" {
		w.planning = false
		w.raise(sqlguard.Schema, op, "creates a temporary table, or its schema")
	}
	w.target(table, op)
	w.planning = planning
}
