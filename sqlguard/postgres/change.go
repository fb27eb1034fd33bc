package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// change judges INSERT, UPDATE, DELETE and MERGE, also in a WITH clause.
func (w *walker) change(op sqlguard.Op) {
	w.raise(sqlguard.Write, op, "changes data")
	s := w.openScope()
	var table placed[sqlguard.Table]
	updates := false
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "relation":
			table = w.rangeVar()
			w.target(table, op)
		case "withClause":
			w.withClause(&s)
		case "onConflictClause":
			updates = w.onConflict()
		default:
			w.value(key)
		}
	}
	if updates {
		w.target(table, sqlguard.OpUpdate)
	}
	w.closeScope(&s)
}

// onConflict walks ON CONFLICT, and reports whether it updates.
func (w *walker) onConflict() (updates bool) {
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "action" {
			updates = w.str() != "ONCONFLICT_NOTHING"
		} else {
			w.value(key)
		}
	}
	return updates
}

// copyStmt judges COPY: FROM writes the table, TO a file or a program writes
// what no Tables can name, TO STDOUT reads, and COPY (query) is its query.
func (w *walker) copyStmt() {
	w.name(sqlguard.OpCopy, "only reads")
	var table placed[sqlguard.Table]
	from, program, file := false, false, false
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "relation":
			table = w.rangeVar()
		case "is_from":
			from = w.scalar() == "true"
		case "is_program":
			program = w.scalar() == "true"
		case "filename":
			file = true
			w.skip()
		default:
			w.value(key)
		}
	}
	switch {
	case from:
		w.raise(sqlguard.Write, sqlguard.OpCopy, "copies rows into a table")
		w.target(table, sqlguard.OpCopy)
	case program || file:
		w.raise(sqlguard.Write, sqlguard.OpCopy, "writes a file of the server or runs a program there")
		w.incomplete()
	}
	if program {
		w.incomplete()
	}
}
