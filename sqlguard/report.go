package sqlguard

import (
	"cmp"
	"slices"
	"time"
)

// Report is what a guard has seen in [Observe] mode: what [ReadOnly] would have
// refused, dropped, or left to the engine, and the transactions that took longest. It
// holds no value of any statement, and a bounded amount of everything else.
type Report struct {
	// Since is when observing began; zero if it never did. Observing is whether it
	// goes on.
	Since     time.Time `json:"since,omitzero"`
	Observing bool      `json:"observing"`
	// Statements are what was seen, the most frequent first.
	Statements []ObservedStatement `json:"statements"`
	// Dropped is how often a statement was seen that had no place among the 1,000.
	Dropped uint64 `json:"dropped"`
	// Transactions are the 20 longest, the longest first, and of those that end on
	// the same operation and tables under the same label only one. Those that were open already when
	// observing began, or in which nothing ran, are not among them.
	Transactions []ObservedTransaction `json:"transactions"`
}

// ObservedStatement is what all calls have in common that have the same
// fingerprint, label and verdict.
type ObservedStatement struct {
	// Fingerprint is the statement, shortened to 512 bytes, with each literal and
	// placeholder, list of them, and rows of such lists become one "?". Names are as the
	// text has them. Of a text that is not understood, or in which values and names cannot be
	// told apart, it is the operation and a number that is the same for the like. Where nobody gave the
	// text to the guard, it is the operation and the tables.
	Fingerprint string `json:"fingerprint"`
	// Dialect, Class, Op, Tables and Why are those of the verdict: eight tables at
	// most.
	Dialect string  `json:"dialect"`
	Class   Class   `json:"class"`
	Op      Op      `json:"op"`
	Tables  []Table `json:"tables,omitempty"`
	Why     string  `json:"why,omitempty"`

	// Would is what ReadOnly would have done: [Refuse], [Drop] or [Ask]. If Bypassed
	// is set it would have let it pass, by [WithBypass].
	Would    Decision `json:"would"`
	Bypassed bool     `json:"bypassed,omitempty"`

	// Label is that of the statement's context, or else of its transaction's. ReadRoute is
	// whether it is of a route that should only read, by [WithRoute].
	Label     string `json:"label,omitempty"`
	ReadRoute bool   `json:"read_route,omitempty"`

	// Count is how often it ran, and NoContext how often of that with the background
	// context, which ties it to no request.
	Count     uint64    `json:"count"`
	NoContext uint64    `json:"no_context,omitempty"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`

	// Caller is the function that ran it first, with the line; empty if unknown. It is the
	// one that called database/sql, which may be an ORM's.
	Caller string `json:"caller,omitempty"`
	// Groups are those that it belongs to, for [Report.In].
	Groups []Group `json:"groups,omitempty"`
}

// ObservedTransaction is a transaction that took long. [Guard.Drain] would have
// waited for it.
type ObservedTransaction struct {
	// Took is how long it was open, or is by now, if Open is set.
	Took  time.Duration `json:"took_ns"`
	Open  bool          `json:"open"`
	Began time.Time     `json:"began"`
	// Dialect, Op and Tables are those of the last statement in it, eight tables at most.
	Dialect string  `json:"dialect"`
	Op      Op      `json:"op"`
	Tables  []Table `json:"tables,omitempty"`
	// Label is that of the context with which it began.
	Label string `json:"label,omitempty"`
	// Caller is the function that ended it, with the line; empty if unknown.
	Caller string `json:"caller,omitempty"`
}

// Group is a reason to look at a statement before writing is closed for the first
// time.
type Group string

const (
	// GroupReadRoute: it writes on a route that should only read, so visitors will
	// be refused a page that they expect to see. See [WithRoute].
	GroupReadRoute Group = "read_route_writes"
	// GroupNoContext: it writes without a context of its own at times, so no
	// middleware will know that it was refused.
	GroupNoContext Group = "no_context"
	// GroupUnproven: only the engine can tell whether it writes.
	GroupUnproven Group = "unproven"
	// GroupNotUnderstood: the dialect does not understand it, so it will be
	// refused, whatever it does.
	GroupNotUnderstood Group = "not_understood"
)

// In returns the statements of a group, in the same order.
func (r Report) In(group Group) []ObservedStatement {
	var list []ObservedStatement
	for _, s := range r.Statements {
		if slices.Contains(s.Groups, group) {
			list = append(list, s)
		}
	}
	return list
}

// groups returns the groups that a statement belongs to.
func (s *ObservedStatement) groups() []Group {
	var list []Group
	if s.Would != Ask && !s.Bypassed {
		if s.ReadRoute {
			list = append(list, GroupReadRoute)
		}
		if s.NoContext > 0 {
			list = append(list, GroupNoContext)
		}
	}
	if s.Class == Unproven {
		list = append(list, GroupUnproven)
	}
	if s.Op == OpUnknown {
		list = append(list, GroupNotUnderstood)
	}
	return list
}

// Report returns what was seen in [Observe] mode. It is kept when the mode changes,
// and cleared when observing begins after the mode was [Off]. It is a value: nothing changes
// it once it is returned.
func (g *Guard) Report() Report {
	r := g.report.copy()
	r.Observing = g.Mode() == Observe
	for i := range r.Statements {
		r.Statements[i].Groups = r.Statements[i].groups()
	}
	slices.SortFunc(r.Statements, func(a, b ObservedStatement) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.First.Compare(b.First), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	var all longest
	all.list = r.Transactions
	now := time.Now()
	for _, u := range g.conns.open() {
		if t, ok := u.observed(now); ok {
			all.add(t)
		}
	}
	r.Transactions = append([]ObservedTransaction{}, all.list...) // [] in JSON, not null
	return r
}
