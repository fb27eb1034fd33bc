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
	start, withStart, withEnd int // among the tables
	queries                   int // where the names of the clause's queries begin, among all
	names                     map[string]bool
	mapped                    int // how many of the names are in the map
}

func (w *walker) openScope() scope {
	return scope{start: len(w.tables), withStart: -1, queries: len(w.queries)}
}

// closeScope forgets locked "tables" that are queries of the WITH clause: the
// server locks no rows through them. Targets of writes are never such queries.
func (w *walker) closeScope(s *scope) {
	if s.withStart < 0 {
		return
	}
	w.hide(s, s.withEnd, len(w.tables))
	w.hide(s, s.start, s.withStart)
	w.queries = w.queries[:s.queries]
}

// hide drops the locked tables among those from one index to another that are
// named like one of the queries found so far.
func (w *walker) hide(s *scope, from, to int) {
	locked := func(t placed[sqlguard.Table]) bool { return t.what.Op == sqlguard.OpLock }
	if !slices.ContainsFunc(w.tables[from:to], locked) {
		return
	}
	if s.names == nil {
		s.names = map[string]bool{}
	}
	for _, name := range w.queries[s.queries+s.mapped:] {
		s.names[name] = true
		s.mapped++
	}
	kept := slices.DeleteFunc(w.tables[from:to:to], func(t placed[sqlguard.Table]) bool {
		return locked(t) && t.what.Schema == "" && s.names[t.what.Name]
	})
	w.tables = slices.Delete(w.tables, from+len(kept), to)
}

// withClause walks the WITH clause of a scope. Each of its queries sees the ones before
// it, with RECURSIVE all of them.
func (w *walker) withClause(s *scope) {
	s.withStart = len(w.tables)
	if w.queries == nil {
		w.queries = make([]string, 0, 8) // one allocation is enough for most
	}
	recursive := false
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "ctes":
			w.open('[')
			for w.element() {
				before := len(w.tables)
				name := w.queryName()
				w.value(key)
				w.hide(s, before, len(w.tables))
				w.queries = append(w.queries, name)
			}
		case "recursive":
			recursive = w.scalar() == "true"
		default:
			w.value(key)
		}
	}
	if recursive {
		w.hide(s, s.withStart, len(w.tables))
	}
	s.withEnd = len(w.tables)
}

// queryName looks ahead for the name in {"CommonTableExpr":{"ctename":"q",…}}.
func (w *walker) queryName() string {
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
	w.closeScope(&s)
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
