package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// change judges INSERT, UPDATE, DELETE and MERGE, also in a WITH clause.
func (w *walker) change(op sqlguard.Op) {
	w.raise(sqlguard.Write, op, "changes data")
	s := w.openScope()
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "relation":
			w.target(w.rangeVar(), op)
		case "withClause":
			w.withClause(&s)
		default:
			w.value(key)
		}
	}
	w.closeScope(s)
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
