package sqlite

import "github.com/quiescehq/quiesce/sqlguard"

// definition judges CREATE, DROP, ALTER, REINDEX and ANALYZE.
func (p *parser) definition() {
	verb := p.word()
	op := ops[verb]
	p.shift()
	temp := false
	for p.is(wordTemp) || p.is(wordTemporary) || p.is(wordUnique) || p.is(wordVirtual) {
		temp = temp || p.is(wordTemp) || p.is(wordTemporary)
		if p.is(wordVirtual) {
			op += " VIRTUAL"
		}
		p.shift()
	}
	kind, known := kinds[p.word()]
	if known && verb != wordReindex && verb != wordAnalyze {
		op += kind
	}
	p.raise(sqlguard.Schema, op, "changes definitions or statistics")
	switch {
	case p.is(wordTrigger) && verb == wordCreate:
		p.trigger = true
	case p.is(wordTable) && verb != wordAnalyze && verb != wordReindex:
		p.shift()
		p.definedTable(op, temp)
	}
	p.skipRest()
}

// definedTable notes the table of CREATE, DROP or ALTER TABLE. It is the only
// one, unless the statement reads another or renames.
func (p *parser) definedTable(op sqlguard.Op, temp bool) {
	if p.is(wordIf) && p.aheadIsExists() {
		for p.is(wordIf) || p.is(wordNot) || p.is(wordExists) {
			p.shift()
		}
	}
	schema, name, ok := p.table()
	if !ok {
		return
	}
	t := sqlguard.Table{Schema: p.lower(schema), Name: p.lower(name), Op: op}
	if temp && t.Schema == "" {
		t.Schema = "temp"
	}
	p.v.Tables = append(p.v.Tables, t)
	p.v.Complete = op != "CREATE VIRTUAL TABLE"
	for !p.end() {
		if p.is(wordSelect) || p.is(wordValues) || p.is(wordWith) || p.is(wordRename) {
			p.v.Complete = false
		}
		p.shift()
	}
}

// aheadIsExists reports whether the IF that stands here begins IF EXISTS or IF NOT
// EXISTS, rather than being the table's name.
func (p *parser) aheadIsExists() bool {
	ahead := p.Ahead()
	t := ahead.Next()
	return t.Is(p.src, "not") || t.Is(p.src, "exists")
}

var ops = map[uint16]sqlguard.Op{
	wordCreate: "CREATE", wordDrop: "DROP", wordAlter: "ALTER", wordReindex: "REINDEX", wordAnalyze: "ANALYZE",
}

var kinds = map[uint16]sqlguard.Op{
	wordTable: " TABLE", wordIndex: " INDEX", wordView: " VIEW", wordTrigger: " TRIGGER",
}
