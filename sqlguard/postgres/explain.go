package postgres

import "strings"

// explainStmt judges EXPLAIN. Without ANALYZE nothing is executed, but an
// IMMUTABLE function may be called while the plan is made; so unknown calls
// still count. With ANALYZE it is what it explains, and the server does not
// even keep its own read-only rule there: EXPLAIN ANALYZE CREATE TABLE AS
// creates the table in a read-only transaction (15 and 18).
func (w *walker) explainStmt() {
	query, analyze := -1, false
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "query":
			query = w.pos
			w.skip()
		case "options":
			analyze = w.analyzes()
		default:
			w.skip()
		}
	}
	if w.failed || query < 0 {
		w.fail()
		return
	}
	w.name("EXPLAIN", "only reads")
	end, planning, explain := w.pos, w.planning, w.explain
	w.pos = query
	w.planning, w.explain = planning || !analyze, true
	w.value("query")
	w.planning, w.explain = planning, explain
	if !w.failed {
		w.pos = end
	}
}

// analyzes reads the options of EXPLAIN. The last ANALYZE wins, as in
// ExplainQuery of commands/explain.c. Only what is certainly false is taken
// for false; the server refuses what is neither.
func (w *walker) analyzes() bool {
	analyze := false
	w.open('[')
	for w.element() {
		option := w.option()
		if strings.EqualFold(option.name, "analyze") {
			analyze = !option.hasValue || !option.value.isFalse()
		}
	}
	return analyze
}
