package check

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quiescehq/quiesce/sqlguard"
)

// judge decides over texts as a guard in read-only mode does. Several goroutines may
// use it.
type judge struct {
	guard    *sqlguard.Guard
	fallback *dialect // of texts that do not name one; may be nil
}

// newJudge returns a judge that takes the named functions for readers.
func newJudge(fallback *dialect, readers []string) (*judge, error) {
	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Readers: readers}})
	if err != nil {
		return nil, err
	}
	if err := guard.Hold("check", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		return nil, err
	}
	return &judge{guard: guard, fallback: fallback}, nil
}

// errNoDialect says that neither the input nor the command names a dialect.
var errNoDialect = fmt.Errorf("no dialect: give --dialect, or the field %q; it is %s", "dialect", Dialects)

// answer judges one item. The answer keeps nothing that the item does not.
func (j *judge) answer(it item) answer {
	if it.line != nil && it.err == nil {
		it.text, it.dialect, it.err = decode(it.line)
		if it.err != nil {
			it.err = fmt.Errorf("%s: %w", lineName(it.at), it.err)
		}
	}
	if it.dialect == nil {
		it.dialect = j.fallback
	}
	if it.err == nil && it.dialect == nil {
		it.err = fmt.Errorf("%s: %w", lineName(it.at), errNoDialect)
	}
	if it.err != nil {
		return answer{item: it, decision: Reject, why: it.err.Error()}
	}
	text := it.text
	if it.use != nil {
		text = restore(text)
	}
	v := it.dialect.Classify(text)
	a := answer{item: it, verdict: v, why: v.Why}
	a.decision, a.why = j.decide(it.dialect.Name(), &v)
	return a
}

// decide asks the guard. A single query that is unproven is one that a guarded connection
// would have the engine judge.
func (j *judge) decide(dialect string, v *sqlguard.Verdict) (Decision, string) {
	decision, err := j.guard.Decide(context.Background(), dialect, v)
	var blocked *sqlguard.BlockedError
	switch {
	case decision == sqlguard.Ask:
		return Engine, v.Why
	case err == nil:
		return Pass, v.Why
	case errors.As(err, &blocked):
		return Reject, blocked.Why
	}
	return Reject, v.Why
}

// searchPath follows the search path through the statements of a session. Once the application has
// set its own, the name of a known function may reach another one, and nobody can vouch for it by
// name; a guarded connection has the engine judge such calls.
type searchPath struct{ changed bool }

// follow takes the next answer of the session, and changes it where the search path matters.
func (p *searchPath) follow(a *answer) {
	v := &a.verdict
	if p.changed && v.Functions && a.decision == Pass {
		v.Class, v.Calls = sqlguard.Unproven, nil
		a.why = "calls a function, after the search path was changed"
		a.decision = Engine
		if len(v.Parts) > 0 {
			a.decision = Reject
		}
	}
	p.changed = p.changed || v.Shadows && a.decision == Pass
}

// tables returns the tables of a verdict, each once for each thing that is done to it.
func tables(v *sqlguard.Verdict) []sqlguard.Table {
	var list []sqlguard.Table
	for _, t := range v.Tables {
		if t.Op == "" {
			t.Op = v.Op
		}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// lineName names a line of input in an error.
func lineName(at position) string {
	if at.file == stdinName {
		return fmt.Sprintf("line %d", at.line)
	}
	return fmt.Sprintf("%s: line %d", at.file, at.line)
}
