package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// judgeTree judges the parse tree of a whole text,
// {"version":160001,"stmts":[{"stmt":{…}}, …]}.
func judgeTree(tree string) sqlguard.Verdict {
	w := walker{reader: reader{text: tree}}
	var t text
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key != "stmts" {
			w.skip()
			continue
		}
		w.open('[')
		for w.element() {
			w.begin()
			w.rawStmt()
			t.add(w.finish())
			if w.chained {
				t.add(chainedBegin())
			}
		}
	}
	if w.failed || w.pos != len(tree) {
		return sqlguard.NotUnderstood("the parse tree cannot be read")
	}
	return t.verdict()
}

// rawStmt walks {"stmt":{"SelectStmt":{…}},"stmt_location":1,"stmt_len":2}.
func (w *walker) rawStmt() {
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "stmt" {
			w.value(key)
		} else {
			w.skip()
		}
	}
}

// text gathers the verdicts on the statements of one text. Most have one
// statement, which costs no slice.
type text struct {
	count    int
	first    sqlguard.Verdict
	parts    []sqlguard.Verdict
	shadowed bool
}

// add takes the verdict on the next statement. Behind a SET search_path in the
// same text, what looks like a built-in function may be another.
func (t *text) add(v sqlguard.Verdict) {
	if t.shadowed && v.Functions && v.Class < sqlguard.Unproven {
		v.Class = sqlguard.Unproven
		v.Why = "calls functions by names that the search path set before may give to others"
	}
	t.shadowed = t.shadowed || v.Shadows
	t.count++
	switch t.count {
	case 1:
		t.first = v
	case 2:
		t.parts = append(t.parts, t.first, v)
	default:
		t.parts = append(t.parts, v)
	}
}

func (t *text) verdict() sqlguard.Verdict {
	if t.count == 1 {
		return t.first
	}
	return sqlguard.Combine(t.parts)
}
