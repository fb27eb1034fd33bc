package mysql

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// definitions are the heads of statements that change definitions, rights,
// settings of the server or replication. All of them may commit.
var definitions = map[string]string{
	"create": "creates", "alter": "alters", "drop": "drops", "rename": "renames", "truncate": "empties a table",
	"grant": "changes rights", "revoke": "changes rights",
	"optimize": "rebuilds a table", "repair": "repairs a table", "check": "may mark a table", "cache": "assigns key caches",
	"install": "installs a plugin or component", "uninstall": "removes a plugin or component", "import": "imports a table",
	"purge": "deletes logs", "reset": "resets", "change": "changes replication", "stop": "stops replication",
	"shutdown": "stops the server", "restart": "restarts the server", "clone": "clones data", "binlog": "applies log events",
}

// definition judges what changes the server. It reports false for other
// statements.
func (p *parser) definition() bool {
	if p.is("kill") {
		p.kill()
		return true
	}
	why, ok := definitions[string(p.word())]
	if !ok {
		return false
	}
	if p.is("drop") && p.aheadIs("prepare") {
		p.session("DEALLOCATE", "forgets a prepared statement")
		return true
	}
	p.schema("", why)
	return true
}

// schema judges a statement of class Schema and notes the tables it names at its
// head. If op is empty, it is the first word, with the kind of object behind it.
func (p *parser) schema(op sqlguard.Op, why string) {
	if p.is("truncate") {
		op = sqlguard.OpTruncate
	}
	head := string(p.word())
	if op == "" {
		op = upper[head]
	}
	p.shift()
	p.acceptAny("or", "replace", "temporary", "online", "offline", "ignore", "no_write_to_binlog", "local", "unique",
		"fulltext", "spatial", "aggregate", "undo")
	if kind, ok := upper[string(p.word())]; ok && kinds[string(p.word())] {
		if op == upper[head] && head != "truncate" {
			op += " " + kind
		}
	}
	p.raise(sqlguard.Schema, op, why)
	p.v.Commits = true
	p.schemaTables(head, op)
	p.skipRest()
}

// schemaTables notes the tables of a statement that names tables and nothing
// else that it changes.
func (p *parser) schemaTables(head string, op sqlguard.Op) {
	if p.is("table") || p.is("tables") || p.is("view") && head == "drop" {
		p.shift()
	} else if head != "truncate" {
		return
	}
	for p.is("if") || p.is("not") || p.is("exists") {
		p.shift()
	}
	for {
		t, ok := p.tableName(op)
		if !ok {
			return
		}
		p.addTable(t)
		if p.isOp(",") && (head == "drop" || head == "optimize" || head == "repair" || head == "check" || head == "analyze") {
			p.shift()
			continue
		}
		p.v.Complete = p.namesNoOther()
		return
	}
}

// namesNoOther moves to the end of the statement and reports whether no word
// in it brings in another table: RENAME TO, EXCHANGE PARTITION, AS SELECT.
func (p *parser) namesNoOther() bool {
	for !p.end() {
		switch string(p.word()) {
		case "to", "rename", "exchange", "table", "select", "with", "values", "union", "of":
			return false
		}
		p.shift()
	}
	return true
}

// kill judges KILL of a connection or query that is named by a constant. Any
// other expression is evaluated first.
func (p *parser) kill() {
	p.raise(sqlguard.Schema, "KILL", "ends a connection or query")
	p.shift()
	p.acceptAny("hard", "soft", "connection", "query", "id", "user")
	constant := p.tok.Kind == lex.Number || p.tok.Kind == lex.Param
	p.shift()
	if !constant || !p.end() {
		p.v.Class = 0
		p.misunderstood("KILL of an expression")
	}
	p.skipRest()
}

// kinds are the objects whose kind becomes part of the Op.
var kinds = map[string]bool{
	"table": true, "view": true, "index": true, "database": true, "schema": true, "user": true, "role": true,
	"function": true, "procedure": true, "trigger": true, "event": true, "sequence": true, "server": true,
	"tablespace": true, "instance": true, "package": true, "plugin": true,
}

// upper holds the words of an Op in upper case.
var upper = map[string]sqlguard.Op{
	"create": "CREATE", "alter": "ALTER", "drop": "DROP", "rename": "RENAME", "truncate": "TRUNCATE", "grant": "GRANT",
	"revoke": "REVOKE", "optimize": "OPTIMIZE", "repair": "REPAIR", "check": "CHECK", "cache": "CACHE INDEX",
	"install": "INSTALL", "uninstall": "UNINSTALL", "import": "IMPORT", "purge": "PURGE", "reset": "RESET",
	"change": "CHANGE", "stop": "STOP", "shutdown": "SHUTDOWN", "restart": "RESTART", "clone": "CLONE", "binlog": "BINLOG",
	"table": "TABLE", "view": "VIEW", "index": "INDEX", "database": "DATABASE", "schema": "DATABASE", "user": "USER",
	"role": "ROLE", "function": "FUNCTION", "procedure": "PROCEDURE", "trigger": "TRIGGER", "event": "EVENT",
	"sequence": "SEQUENCE", "server": "SERVER", "tablespace": "TABLESPACE", "instance": "INSTANCE",
	"package": "PACKAGE", "plugin": "PLUGIN",
}
