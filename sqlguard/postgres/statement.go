package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// statement judges a statement, wherever it stands: as the text itself, in a
// WITH clause, in EXPLAIN, in a definition.
func (w *walker) statement(name string) {
	switch name {
	case "SelectStmt":
		w.selectStmt()
	case "InsertStmt":
		w.change(sqlguard.OpInsert)
	case "UpdateStmt":
		w.change(sqlguard.OpUpdate)
	case "DeleteStmt":
		w.change(sqlguard.OpDelete)
	case "MergeStmt":
		w.change(sqlguard.OpMerge)
	default:
		w.command(name)
	}
}

// command judges what PostgreSQL calls a utility statement. What is not in any
// of these lists changes a definition.
func (w *walker) command(name string) {
	switch name {
	case "ExplainStmt":
		w.explainStmt()
	case "PrepareStmt":
		w.fields() // as the statement that it names
	case "DeclareCursorStmt":
		w.declare()
	case "FetchStmt":
		w.fetch()
	case "CopyStmt":
		w.copyStmt()
	case "TransactionStmt":
		w.transaction()
	case "VariableSetStmt":
		w.set()
	case "DiscardStmt":
		w.discard()
	case "LockStmt":
		w.lockTables()
	case "DoStmt":
		w.opaque(sqlguard.Write, "DO", "runs code that the text does not show")
	case "CallStmt":
		w.callStmt()
	case "ExecuteStmt":
		w.execute()
	case "NotifyStmt":
		w.opaque(sqlguard.Write, "NOTIFY", "notifies other sessions")
	case "CheckPointStmt":
		w.opaque(sqlguard.Schema, "CHECKPOINT", "writes the server's files")
	case "LoadStmt":
		w.opaque(sqlguard.Schema, "LOAD", "loads code into the server")
	default:
		if op := sessionCommand(name); op != "" {
			w.session(op)
		} else {
			w.definition(name)
		}
	}
}

// sessionCommand returns the operation of a command that changes nothing but its own
// session, empty for any other.
func sessionCommand(name string) sqlguard.Op {
	switch name {
	case "VariableShowStmt":
		return "SHOW"
	case "ClosePortalStmt":
		return "CLOSE"
	case "DeallocateStmt":
		return "DEALLOCATE"
	case "ListenStmt":
		return "LISTEN"
	case "UnlistenStmt":
		return "UNLISTEN"
	case "ConstraintsSetStmt":
		return "SET CONSTRAINTS"
	}
	return ""
}

func (w *walker) session(op sqlguard.Op) {
	w.skip()
	if op == "SHOW" {
		w.name(op, "shows a setting")
		return
	}
	w.raise(sqlguard.Session, op, "changes the session alone")
}

// opaque judges a statement whose reach no text shows.
func (w *walker) opaque(class sqlguard.Class, op sqlguard.Op, why string) {
	w.skip()
	w.raise(class, op, why)
	w.incomplete()
}

// execute judges EXECUTE. Even EXPLAIN EXECUTE plans a statement that the text
// does not show, and planning may call functions.
func (w *walker) execute() {
	w.raise(sqlguard.Write, "EXECUTE", "executes a statement that the text does not show")
	w.incomplete()
	w.fields()
	if w.planning {
		w.call("a prepared statement", 0)
	}
}

// callStmt judges CALL. Its procedure may commit, and then set the transaction
// read-write.
func (w *walker) callStmt() {
	w.raise(sqlguard.Write, "CALL", "calls a procedure, which may do anything")
	w.incomplete()
	w.fields()
}

// rangeVar reads the fields of a table's name.
func (w *walker) rangeVar() placed[sqlguard.Table] {
	var t placed[sqlguard.Table]
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "schemaname":
			t.what.Schema = w.str()
		case "relname":
			t.what.Name = w.str()
		case "location":
			t.at = w.place()
		default:
			w.skip()
		}
	}
	return t
}

// rangeVars reads a list of tables, [{"RangeVar":{…}}, …], and notes each as a
// target.
func (w *walker) rangeVars(op sqlguard.Op) {
	w.open('[')
	for w.element() {
		w.expect('{')
		if w.key() != "RangeVar" {
			w.fail()
			return
		}
		w.target(w.rangeVar(), op)
		w.expect('}')
	}
}

// lockTables judges LOCK TABLE, whatever the mode: each of them can block
// somebody.
func (w *walker) lockTables() {
	w.raise(sqlguard.Lock, sqlguard.OpLock, "locks tables")
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "relations" {
			w.rangeVars(sqlguard.OpLock)
		} else {
			w.skip()
		}
	}
}
