package sqlguard

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Action is what a [Rule] says of a statement.
type Action uint8

const (
	// Reject refuses it with a [BlockedError].
	Reject Action = iota
	// Skip drops it: the caller sees success with nothing affected, and the drop
	// is counted.
	Skip
	// Allow lets it through to the engine.
	Allow
)

// String returns "reject", "skip" or "allow".
func (a Action) String() string {
	switch a {
	case Reject:
		return "reject"
	case Skip:
		return "skip"
	case Allow:
		return "allow"
	}
	return fmt.Sprintf("action(%d)", uint8(a))
}

// Rule says what to do with some operations on some tables.
type Rule struct {
	// Tables are patterns of table names: "name", or "schema.name", in which "*"
	// stands for any run of characters. Names are written as the engine stores
	// them, without quotes; a dot always parts schema and name.
	//
	// Where the action is Skip or Allow, a pattern without a schema matches
	// tables that the statement names without one, and a pattern with a schema
	// those that it names with it; "*.name" matches both. Skip and Allow need at
	// least one pattern, unless every operation is one that has no tables
	// ([OpAdvisoryLock], [OpUnlock]).
	//
	// Where it is Reject, a pattern matches whatever may be the table meant:
	// "name" in any schema, "schema.name" also where the statement names no
	// schema, and letters in either case. If empty, Reject matches every statement with
	// these operations, whatever it writes.
	Tables []string

	// Ops are the operations matched, such as [OpInsert]. If empty, they are the
	// ones that change rows: INSERT, UPDATE, DELETE, MERGE and REPLACE. Others
	// must be named: a rule for a table's rows does not drop the table. An upsert
	// is an INSERT and an UPDATE.
	Ops []Op

	// Action is what to do. If zero, Reject.
	Action Action
}

// Policy says what to do, in read-only mode, with statements that are not
// proven to read. The zero Policy rejects them all.
//
// Rules are tried in order for each table that a statement writes; the first
// that matches decides, and a table that none matches is rejected. A statement
// that writes several tables gets the strictest of their answers: Reject, then
// Skip, then Allow. One that does not name all it writes, or that calls
// functions that nobody vouches for, matches no Skip and no Allow. Where a text
// holds several statements, and the policy would decide differently for some of
// them, the whole text is rejected. What is an [Escape] is always rejected.
//
// While any rule says Allow, transactions are begun read-write, because the
// engine could not be asked to make the exception later.
type Policy struct {
	Rules []Rule

	// Readers are functions that only read, as "name" or "schema.name"; "*"
	// stands for any run of characters. They are vouched for by whoever writes
	// them here: the guard takes a query that calls nothing else for a read. A name
	// without a schema vouches for calls without a schema only. Operators and
	// types are written as in [Verdict.Calls]: "operator <->", "type mood"; a star
	// in an operator is the operator's own.
	Readers []string
}

// rowOps are the operations of a rule that names none.
var rowOps = []Op{OpInsert, OpUpdate, OpDelete, OpMerge, OpReplace}

// compiledPolicy is a checked policy, with its patterns taken apart.
type compiledPolicy struct {
	rules      []compiledRule
	readers    []pattern
	anyAllow   bool
	anyLenient bool // any rule skips or allows
}

type compiledRule struct {
	tables []pattern
	ops    []Op
	action Action
}

// SetPolicy replaces the guard's policy; statements that start later see the
// new one. It fails, and changes nothing, if a rule is malformed: the error
// names the rule by its index, the field, and what was expected.
func (g *Guard) SetPolicy(p Policy) error {
	compiled, err := compile(p)
	if err != nil {
		return fmt.Errorf("sqlguard: %w", err)
	}
	g.policy.Store(compiled)
	return nil
}

func compile(p Policy) (*compiledPolicy, error) {
	compiled := &compiledPolicy{}
	for i, r := range p.Rules {
		rule, err := r.compile()
		if err != nil {
			return nil, fmt.Errorf("Policy.Rules[%d]%w", i, err)
		}
		compiled.rules = append(compiled.rules, rule)
		compiled.anyAllow = compiled.anyAllow || rule.action == Allow
		compiled.anyLenient = compiled.anyLenient || rule.action != Reject
	}
	for i, name := range p.Readers {
		pat, err := parsePattern(name)
		if err == nil && pat.matchesEverything() {
			err = errors.New("vouches for every function; name the ones that only read")
		}
		if err != nil {
			return nil, fmt.Errorf("Policy.Readers[%d]: %q %w", i, name, err)
		}
		compiled.readers = append(compiled.readers, pat)
	}
	return compiled, nil
}

// compile checks a rule. Its errors begin where "Rules[i]" ends.
func (r Rule) compile() (compiledRule, error) {
	rule := compiledRule{ops: slices.Clone(r.Ops), action: r.Action}
	if r.Action > Allow {
		return rule, fmt.Errorf(".Action must be Reject, Skip or Allow, not %s", r.Action)
	}
	for i, op := range r.Ops {
		if op == "" || string(op) != strings.ToUpper(strings.TrimSpace(string(op))) {
			return rule, fmt.Errorf(".Ops[%d]: %q is not an operation; expected upper case, such as INSERT", i, op)
		}
	}
	if len(rule.ops) == 0 {
		rule.ops = rowOps
	}
	if len(r.Tables) == 0 && r.Action != Reject && slices.ContainsFunc(rule.ops, hasTables) {
		return rule, fmt.Errorf(".Tables is empty: a rule that says %s must name its tables", r.Action)
	}
	for i, text := range r.Tables {
		pat, err := parsePattern(text)
		if err != nil {
			return rule, fmt.Errorf(".Tables[%d]: %q %w", i, text, err)
		}
		rule.tables = append(rule.tables, pat)
	}
	return rule, nil
}

// hasTables reports whether an operation works on tables.
func hasTables(op Op) bool { return op != OpAdvisoryLock && op != OpUnlock }

// first returns what the first rule that matches says of a table, and whether
// there is one; without one it is Reject. A Table without a name stands for
// whatever a statement does not name: rules that name tables match it only where
// they reject.
func (p *compiledPolicy) first(t Table, fold bool) (action Action, ruled bool) {
	for i := range p.rules {
		if r := &p.rules[i]; slices.Contains(r.ops, t.Op) && r.matches(t, fold) {
			return r.action, true
		}
	}
	return Reject, false
}

func (r *compiledRule) matches(t Table, fold bool) bool {
	if len(r.tables) == 0 {
		return true
	}
	for i := range r.tables {
		if r.action == Reject && r.tables[i].mayMatch(t.Schema, t.Name) {
			return true
		}
		if r.action != Reject && t.Name != "" && r.tables[i].matches(t.Schema, t.Name, fold) {
			return true
		}
	}
	return false
}

// vouches reports whether the policy names every one of these calls as a reader.
func (p *compiledPolicy) vouches(calls []string) bool {
	for _, call := range calls {
		schema, name := splitName(call)
		kind := kindOf(call)
		if !slices.ContainsFunc(p.readers, func(pat pattern) bool {
			return kindOf(pat.schema+pat.name) == kind && pat.matches(schema, name, false)
		}) {
			return false
		}
	}
	return true
}
