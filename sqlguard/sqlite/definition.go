package sqlite

import "github.com/quiescehq/quiesce/sqlguard"

// definition judges CREATE, DROP, ALTER, REINDEX and ANALYZE.
func (p *parser) definition() {
	verb := string(p.word())
	op := ops[verb]
	p.shift()
	temp := false
	for p.is("temp") || p.is("temporary") || p.is("unique") || p.is("virtual") {
		temp = temp || p.is("temp") || p.is("temporary")
		if p.is("virtual") {
			op += " VIRTUAL"
		}
		p.shift()
	}
	kind, known := kinds[string(p.word())]
	if known && verb != "reindex" && verb != "analyze" {
		op += kind
	}
	p.raise(sqlguard.Schema, op, "changes definitions or statistics")
	switch {
	case p.is("trigger") && verb == "create":
		p.trigger = true
	case p.is("table") && verb != "analyze" && verb != "reindex":
		p.shift()
		p.definedTable(op, temp)
	}
	p.skipRest()
}

// definedTable notes the table of CREATE, DROP or ALTER TABLE. It is the only
// one, unless the statement reads another or renames.
func (p *parser) definedTable(op sqlguard.Op, temp bool) {
	if p.is("if") && (p.aheadIs("not") || p.aheadIs("exists")) {
		for p.is("if") || p.is("not") || p.is("exists") {
			p.shift()
		}
	}
	t, ok := p.table(op)
	if !ok {
		return
	}
	if temp && t.Schema == "" {
		t.Schema = "temp"
	}
	p.v.Tables = append(p.v.Tables, t)
	p.v.Complete = op != "CREATE VIRTUAL TABLE"
	for !p.end() {
		if p.is("select") || p.is("values") || p.is("with") || p.is("rename") {
			p.v.Complete = false
		}
		p.shift()
	}
}

var ops = map[string]sqlguard.Op{
	"create": "CREATE", "drop": "DROP", "alter": "ALTER", "reindex": "REINDEX", "analyze": "ANALYZE",
}

var kinds = map[string]sqlguard.Op{
	"table": " TABLE", "index": " INDEX", "view": " VIEW", "trigger": " TRIGGER",
}
