package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// cursor is a cursor that an earlier statement of the same text declares.
type cursor struct {
	name    string
	verdict sqlguard.Verdict // of its query
}

// declare judges DECLARE … CURSOR FOR as its query, which runs when rows are
// fetched, or, WITH HOLD, at commit.
func (w *walker) declare() {
	name := ""
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "portalname" {
			name = w.str()
		} else {
			w.value(key)
		}
	}
	w.name("DECLARE CURSOR", "only reads")
	if !w.explain {
		w.verdict.Declares = strings.Clone(name)
		w.cursors = append(w.cursors, cursor{name, w.finish()})
	}
}

// fetch judges FETCH and MOVE, both of which run the cursor's query. Of a
// cursor that the same text declared the query is known; any other may have
// been declared before anybody looked.
func (w *walker) fetch() {
	name := ""
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "portalname" {
			name = w.str()
		} else {
			w.skip()
		}
	}
	w.name("FETCH", "reads from a cursor")
	for i := len(w.cursors) - 1; i >= 0; i-- {
		if c := &w.cursors[i]; c.name == name {
			w.raise(c.verdict.Class, "FETCH", c.verdict.Why)
			w.verdict.Functions = c.verdict.Functions
			for _, call := range c.verdict.Calls {
				w.call(call, 0)
			}
			return
		}
	}
	w.raise(sqlguard.Unproven, "FETCH", "reads from a cursor whose query is not in the text")
	w.call("cursor "+strings.Clone(name), 0)
}
