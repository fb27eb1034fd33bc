package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// definition judges DDL, GRANT, maintenance commands and whatever statement is
// not known at all. Where the statement names the tables that it changes, and
// nothing else, they are reported.
func (w *walker) definition(name string) {
	op := definitionOp(name)
	w.raise(sqlguard.Schema, op, "changes definitions, rights or maintenance state")
	switch name {
	case "DropStmt":
		w.drop()
	case "VacuumStmt":
		w.vacuum()
	case "CreateTableAsStmt":
		w.createTableAs()
	case "TruncateStmt", "CreateStmt", "AlterTableStmt", "IndexStmt", "CreateSeqStmt", "AlterSeqStmt",
		"RefreshMatViewStmt", "ClusterStmt", "ReindexStmt":
		w.defineTable(op)
	default:
		w.skip()
		w.incomplete()
	}
}

// defineTable walks a statement that changes the tables, indexes or sequences in the
// fields read here. Default values and index expressions in it are executed,
// so calls count; a node that may reach another table makes it incomplete.
func (w *walker) defineTable(op sqlguard.Op) {
	lenient := w.lenient
	w.lenient = true
	found := len(w.tables)
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "relation", "sequence":
			w.target(w.rangeVar(), op)
		case "relations":
			w.rangeVars(op)
		case "objtype": // ALTER INDEX and ALTER VIEW are the same node
			if kind := objectKind(w.str()); kind != "" && !w.planning {
				op = sqlguard.Op("ALTER " + kind)
				w.renameOp(found, op)
			}
		default:
			w.value(key)
		}
	}
	w.lenient = lenient
	if len(w.tables) == found {
		w.incomplete() // CLUSTER, REINDEX DATABASE
	}
}

// renameOp corrects the operation of the statement and of what it changes.
func (w *walker) renameOp(found int, op sqlguard.Op) {
	if w.verdict.Class == sqlguard.Schema {
		w.verdict.Op = op
	}
	for i := range w.tables[found:] {
		w.tables[found+i].what.Op = op
	}
}

// createTableAs judges CREATE TABLE AS and CREATE MATERIALIZED VIEW by its
// query, which runs.
func (w *walker) createTableAs() {
	found := len(w.tables)
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "into":
			w.into("CREATE TABLE AS")
		case "objtype":
			if w.str() == "OBJECT_MATVIEW" && !w.planning {
				w.renameOp(found, "CREATE MATERIALIZED VIEW")
			}
		default:
			w.value(key)
		}
	}
}

// vacuum judges VACUUM and ANALYZE, of some tables or of all.
func (w *walker) vacuum() {
	op := sqlguard.Op("ANALYZE")
	found := len(w.tables)
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "rels":
			w.vacuumed()
		case "is_vacuumcmd":
			if w.scalar() == "true" {
				op = "VACUUM"
			}
		default:
			w.skip()
		}
	}
	w.renameOp(found, op)
	if len(w.tables) == found {
		w.incomplete()
	}
}

// vacuumed reads [{"VacuumRelation":{"relation":{…}}}, …].
func (w *walker) vacuumed() {
	w.open('[')
	for w.element() {
		w.expect('{')
		w.key()
		w.open('{')
		for key, ok := w.field(); ok; key, ok = w.field() {
			if key == "relation" {
				w.target(w.rangeVar(), "VACUUM")
			} else {
				w.skip()
			}
		}
		w.expect('}')
	}
}

// drop judges DROP, and names what is dropped if it is a relation.
func (w *walker) drop() {
	objects := -1
	kind := ""
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "objects":
			objects = w.pos
			w.skip()
		case "removeType":
			kind = objectKind(w.str())
		default:
			w.skip()
		}
	}
	if kind == "" || objects < 0 || w.failed {
		w.incomplete()
		return
	}
	op := sqlguard.Op("DROP " + kind)
	w.renameOp(len(w.tables), op)
	end := w.pos
	w.pos = objects
	w.dropped(op)
	if !w.failed {
		w.pos = end
	}
}

// dropped reads [{"List":{"items":[…names…]}}, …].
func (w *walker) dropped(op sqlguard.Op) {
	w.open('[')
	for w.element() {
		w.expect('{')
		if w.key() != "List" {
			w.fail()
			return
		}
		w.expect('{')
		w.key()
		schema, name := w.qualified()
		w.target(placed[sqlguard.Table]{what: sqlguard.Table{Schema: schema, Name: name}}, op)
		w.expect('}')
		w.expect('}')
	}
}

// objectKind returns the SQL words for the kinds of relations, empty for other objects.
func objectKind(objectType string) string {
	switch objectType {
	case "OBJECT_TABLE":
		return "TABLE"
	case "OBJECT_INDEX":
		return "INDEX"
	case "OBJECT_VIEW":
		return "VIEW"
	case "OBJECT_MATVIEW":
		return "MATERIALIZED VIEW"
	case "OBJECT_SEQUENCE":
		return "SEQUENCE"
	case "OBJECT_FOREIGN_TABLE":
		return "FOREIGN TABLE"
	}
	return ""
}

// definitionOp names the operation of a statement's node: "CREATE INDEX" for
// the ones people write rules for, and the words of the node's own name for the
// rest ("ALTER TABLE SPACE OPTIONS").
func definitionOp(node string) sqlguard.Op {
	switch node {
	case "TruncateStmt":
		return sqlguard.OpTruncate
	case "CreateStmt":
		return "CREATE TABLE"
	case "IndexStmt":
		return "CREATE INDEX"
	case "ViewStmt":
		return "CREATE VIEW"
	case "CreateSeqStmt":
		return "CREATE SEQUENCE"
	case "AlterSeqStmt":
		return "ALTER SEQUENCE"
	case "RefreshMatViewStmt":
		return "REFRESH MATERIALIZED VIEW"
	case "CreateTrigStmt":
		return "CREATE TRIGGER"
	case "RuleStmt":
		return "CREATE RULE"
	case "CreatedbStmt":
		return "CREATE DATABASE"
	case "DropdbStmt":
		return "DROP DATABASE"
	case "GrantStmt", "GrantRoleStmt":
		return "GRANT"
	case "RenameStmt":
		return "ALTER RENAME"
	}
	return sqlguard.Op(words(strings.TrimSuffix(node, "Stmt")))
}

// words splits CamelCase into upper-case words.
func words(camel string) string {
	var b strings.Builder
	for i := 0; i < len(camel); i++ {
		if i > 0 && isUpper(camel[i]) && !isUpper(camel[i-1]) {
			b.WriteByte(' ')
		}
		b.WriteByte(camel[i])
	}
	return strings.ToUpper(b.String())
}
