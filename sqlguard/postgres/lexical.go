package postgres

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// judgeTokens judges a text by its tokens alone. It is what a build without cgo
// has. Whatever it lets pass, the parser lets pass too, not the other way round: it names no
// tables, takes an alias list such as x(a, b) for a call, and refuses
// what takes a grammar to tell from a write.
func judgeTokens(sql string) sqlguard.Verdict {
	statements, ok := tokenize(sql)
	if !ok {
		return sqlguard.NotUnderstood("the text cannot be split into tokens")
	}
	var t text
	for _, s := range statements {
		v := s.judge()
		t.add(v)
		if v.Tx != sqlguard.TxNone && s.word(len(s)-1) == "chain" && s.word(len(s)-2) == "and" {
			t.add(chainedBegin())
		}
	}
	return t.verdict()
}

// judge judges one statement by its first word. An escape inside it, whatever it is,
// decides alone.
func (s statement) judge() sqlguard.Verdict {
	v := s.head()
	inner := scan{statement: s}
	if inner.escape() && v.Class < sqlguard.Escape {
		return verdict(sqlguard.Escape, "SET", "may change a setting that the text does not show")
	}
	return v
}

// verdict is a verdict that names no tables; for what changes nothing it is
// complete all the same.
func verdict(class sqlguard.Class, op sqlguard.Op, why string) sqlguard.Verdict {
	return sqlguard.Verdict{
		Class: class, Op: op, Why: why, Functions: true,
		Complete: class < sqlguard.Lock,
	}
}

func (s statement) head() sqlguard.Verdict {
	if s.isQuery(0) {
		inner := scan{statement: s}
		return inner.query(0)
	}
	switch first := s.word(0); first {
	case "insert", "update", "delete", "merge":
		return verdict(sqlguard.Write, sqlguard.Op(words(first)), "changes data")
	case "copy":
		return verdict(sqlguard.Write, sqlguard.OpCopy, "may write a table or a file")
	case "explain":
		return s.explain()
	case "show":
		return s.simple(sqlguard.Read, "SHOW")
	case "listen", "unlisten", "close", "deallocate":
		return s.simple(sqlguard.Session, sqlguard.Op(words(first)))
	case "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release":
		return s.transaction()
	case "set":
		return s.set()
	case "reset":
		return s.reset()
	case "discard":
		return s.discard()
	case "fetch", "move":
		v := verdict(sqlguard.Unproven, "FETCH", "reads from a cursor whose query is not known")
		v.Calls = []string{"cursor"}
		return v
	case "declare":
		return s.declare()
	case "lock":
		return verdict(sqlguard.Lock, sqlguard.OpLock, "locks tables")
	case "alter", "analyse", "analyze", "checkpoint", "cluster", "comment", "create", "drop", "grant", "import",
		"load", "reassign", "refresh", "reindex", "revoke", "security", "truncate", "vacuum":
		return verdict(sqlguard.Schema, sqlguard.Op(words(first)), "changes definitions, rights or maintenance state")
	}
	return unjudged()
}

// unjudged is the verdict on what takes the parser, or is no SQL.
func unjudged() sqlguard.Verdict {
	return verdict(sqlguard.Write, sqlguard.OpUnknown, "cannot be judged without the parser")
}

// isQuery reports whether a query begins at i: SELECT, VALUES, TABLE or WITH,
// behind any brackets.
func (s statement) isQuery(i int) bool {
	for s.op(i, "(") {
		i++
	}
	switch s.word(i) {
	case "select", "values", "table", "with":
		return true
	}
	return false
}

// explain judges EXPLAIN [VERBOSE] of a query as that query. Options may have
// ANALYZE among them.
func (s statement) explain() sqlguard.Verdict {
	i := 1
	if s.word(i) == "verbose" {
		i++
	}
	if s.isQuery(i) && !s.op(i, "(") {
		inner := scan{statement: s, explain: true}
		return inner.query(i)
	}
	for j := range s {
		switch s.word(j) {
		case "create", "into", "refresh":
			return verdict(sqlguard.Schema, "EXPLAIN", "may create the table that it explains")
		}
	}
	return unjudged()
}

// declare judges DECLARE … CURSOR … FOR as its query.
func (s statement) declare() sqlguard.Verdict {
	for i := 2; i < len(s); i++ {
		if s.word(i) == "for" && s.isQuery(i+1) {
			inner := scan{statement: s}
			return inner.query(i + 1)
		}
	}
	return unjudged()
}

// simple judges a statement that has nothing but names and literals.
func (s statement) simple(class sqlguard.Class, op sqlguard.Op) sqlguard.Verdict {
	for i := range s {
		if s[i].kind == lex.Op && !s.op(i, ".") && !s.op(i, "*") {
			return unjudged()
		}
	}
	return verdict(class, op, "changes the session alone")
}

// transaction judges transaction control.
func (s statement) transaction() sqlguard.Verdict {
	control := func(op sqlguard.Op, tx sqlguard.Tx) sqlguard.Verdict {
		v := verdict(sqlguard.Session, op, "controls the transaction")
		v.Tx = tx
		return v
	}
	i := 1
	if w := s.word(i); w == "work" || w == "transaction" {
		i++
	}
	first, end := s.word(0), s.onlyWords(i, "and", "no", "chain")
	switch {
	case first == "begin", first == "start" && s.word(1) == "transaction":
		if !s.readOnlyModes(i) {
			return verdict(sqlguard.Escape, "BEGIN", "may ask for a read-write transaction")
		}
		return control("BEGIN", sqlguard.TxBegin)
	case end && (first == "commit" || first == "end"):
		return control("COMMIT", sqlguard.TxCommit)
	case end && (first == "rollback" || first == "abort"):
		return control("ROLLBACK", sqlguard.TxRollback)
	case first == "rollback" && s.word(i) == "to":
		return control("ROLLBACK TO SAVEPOINT", sqlguard.TxRollbackTo)
	case first == "savepoint":
		return control("SAVEPOINT", sqlguard.TxSavepoint)
	case first == "release":
		return control("RELEASE SAVEPOINT", sqlguard.TxRelease)
	}
	return unjudged()
}

// readOnlyModes reports whether the transaction modes from i on do not ask for
// READ WRITE.
func (s statement) readOnlyModes(i int) bool {
	return s.onlyWords(i, "isolation", "level", "serializable", "repeatable", "read", "committed",
		"uncommitted", "only", "not", "deferrable")
}

// set judges SET. What is not certainly harmless is an escape.
func (s statement) set() sqlguard.Verdict {
	pass := verdict(sqlguard.Session, "SET", "changes a setting of the session")
	i := 1
	if w := s.word(i); w == "session" || w == "local" {
		i++
	}
	switch s.word(i) {
	case "transaction":
		if s.readOnlyModes(i + 1) {
			return pass
		}
	case "characteristics":
		if s.word(i+1) == "as" && s.word(i+2) == "transaction" && s.readOnlyModes(i+3) {
			return pass
		}
	case "time":
		if s.word(i+1) == "zone" && len(s) == i+3 {
			return pass
		}
	default:
		if s.assigns(i) {
			return pass
		}
	}
	return verdict(sqlguard.Escape, "SET", "changes a setting that is not known to be harmless")
}

// assigns reports whether the statement, from i on, gives a harmless setting a
// value: name [.name] =|TO anything.
func (s statement) assigns(i int) bool {
	if !s.isName(i) || s.at(i).opaque {
		return false
	}
	name := s.at(i).text
	for i++; s.op(i, ".") && s.isName(i+1) && !s.at(i+1).opaque; i += 2 {
		name += "." + s.at(i+1).text
	}
	return (s.op(i, "=") || s.word(i) == "to") && settingOf(name) == harmless
}

// reset judges RESET of one setting.
func (s statement) reset() sqlguard.Verdict {
	if len(s) == 2 && s.isName(1) && !s.at(1).opaque && settingOf(s.at(1).text) == harmless {
		return verdict(sqlguard.Session, "RESET", "changes a setting of the session")
	}
	return verdict(sqlguard.Escape, "RESET", "may lift a setting that keeps the session read-only")
}

// discard judges DISCARD.
func (s statement) discard() sqlguard.Verdict {
	if len(s) == 2 {
		switch s.word(1) {
		case "plans", "sequences":
			return verdict(sqlguard.Session, "DISCARD", "changes the session alone")
		case "temp", "temporary":
			return verdict(sqlguard.Schema, "DISCARD TEMP", "drops the session's temporary tables")
		}
	}
	return verdict(sqlguard.Escape, "DISCARD ALL", "resets every setting, those that keep the session read-only too")
}
