package sqlguard

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Decide says what becomes of a statement with verdict v, and tells the
// recorder in ctx, the counters and the observer. It is for drivers that guard a
// connection, called right before the statement would run. With the mode [Off]
// it always passes; a driver then need not even have a verdict.
//
// The error is a *BlockedError when the decision is [Refuse], and nil
// otherwise. Decide keeps v's slices in that error, so v must not change.
func (g *Guard) Decide(ctx context.Context, dialect string, v *Verdict) (Decision, error) {
	return g.decide(ctx, g.current(), dialect, v, nil)
}

// Decide is [Guard.Decide] for a statement on this connection: while
// [Change.Grace] lasts, what was open before writing was closed may write. Such a
// statement passes unless it is an [Escape], or would end the transaction. Of a statement in a
// transaction whose ctx is the background context, the recorder and the observer of the context
// are told with which the transaction began.
func (c *Conn) Decide(ctx context.Context, v *Verdict) (Decision, error) {
	c.decided = c.guard.current()
	if c.decided.Mode == Observe && v.Tx == TxNone && c.tx.wasObserved() {
		c.last.Store(&lastWork{v.Op, v.Tables})
	}
	return c.guard.decide(ctx, c.decided, c.dialect.Name(), v, c)
}

// RefusesWrites is [Guard.RefusesWrites] for a statement on this connection.
func (c *Conn) RefusesWrites(ctx context.Context) bool {
	return c.guard.RefusesWrites(ctx) && !c.guard.state.Load().graces(c.tx.state)
}

// decide decides on a statement of a connection, which is nil where it is not known.
func (g *Guard) decide(ctx context.Context, state *State, dialect string, v *Verdict, c *Conn) (Decision, error) {
	if state.Mode == Off {
		return Pass, nil
	}
	var born *State // in which its transaction began
	if c != nil {
		born = c.tx.state
	}
	ruling := g.policy.Load().rule(ctx, v)
	if ruling.decision == Pass && !ruling.bypassed {
		return Pass, nil
	}
	graced := !ruling.bypassed && state.graces(born) && v.Class != Escape && !endsTransaction(v)
	if ruling.decision == Ask && state.Mode == ReadOnly && !ruling.bypassed && !graced {
		return Ask, nil
	}
	e := Event{
		Mode: state.Mode, Epoch: state.Epoch, Dialect: dialect,
		Class: v.Class.rank(), Op: v.Op, Tables: v.Tables, Why: ruling.why(v),
		Would: ruling.decision,
	}
	if ruling.bypassed {
		e.Reason, _ = bypass(ctx)
	}
	told := c.tells(ctx)
	switch {
	case state.Mode == Observe:
		e.Kind = Observed
	case ruling.bypassed:
		e.Kind = Bypassed
	case graced:
		e.Kind = Graced
	case ruling.decision == Drop:
		e.Kind = Skipped
		if r := RecorderFrom(told); r != nil {
			r.skipped.Add(1)
		}
	default:
		return Refuse, g.reject(told, state, e)
	}
	g.counts.add(e.Kind)
	g.tell(told, e)
	if e.Kind == Observed {
		g.report.note(ctx, e, ruling.bypassed, c)
	}
	if e.Kind == Skipped {
		return Drop, nil
	}
	return Pass, nil
}

// tells returns the context that is told of a statement: its own, or its transaction's if it
// has none, as in database/sql's methods that take no context. What a context asks for, such as a
// bypass, is its own statements' alone.
func (c *Conn) tells(ctx context.Context) context.Context {
	if c == nil || c.tx.ctx == nil || ctx != context.Background() && ctx != context.TODO() {
		return ctx
	}
	return c.tx.ctx
}

// Refuse returns the refusal of a statement that the guard has let through, or
// has left to the engine, and tells everybody who wants to know. It is for drivers:
// the engine refused it, or could not be asked. If why is empty, the verdict says why.
func (g *Guard) Refuse(ctx context.Context, dialect string, v *Verdict, why string) *BlockedError {
	state := g.state.Load()
	e := Event{
		Mode: state.Mode, Epoch: state.Epoch, Dialect: dialect,
		Class: v.Class.rank(), Op: v.Op, Tables: v.Tables, Why: cmp.Or(why, v.Why), Would: Refuse,
	}
	return g.reject(ctx, state, e)
}

// reject makes the refusal that an event tells of.
func (g *Guard) reject(ctx context.Context, state *State, e Event) *BlockedError {
	e.Kind = Rejected
	err := &BlockedError{
		Mode: state.Mode, Epoch: state.Epoch, Dialect: e.Dialect,
		Class: e.Class, Op: e.Op, Tables: e.Tables, Why: e.Why,
	}
	g.refuse(ctx, state, e, err)
	return err
}

// endsTransaction reports whether a text ends the transaction that it runs in, or
// begins another.
func endsTransaction(v *Verdict) bool {
	ends := func(p *Verdict) bool {
		return p.Commits || p.Tx == TxBegin || p.Tx == TxCommit || p.Tx == TxRollback
	}
	if len(v.Parts) == 0 {
		return ends(v)
	}
	for i := range v.Parts {
		if ends(&v.Parts[i]) {
			return true
		}
	}
	return false
}

// refuse finishes a refusal, and tells everybody who wants to know.
func (g *Guard) refuse(ctx context.Context, state *State, e Event, err *BlockedError) {
	if state.Mode == ReadOnly && !state.Until.IsZero() { // another mode's end is not what to wait for
		err.RetryAfter = state.RetryAfter(time.Now())
	}
	if r := RecorderFrom(ctx); r != nil {
		r.note(err)
	}
	g.counts.add(Rejected)
	g.tell(ctx, e)
}

// Writable returns nil if a write with this context would reach the engine, and
// a *BlockedError if the mode is read-only. Ask it before side effects that no
// database undoes: mail, billing, uploads. It asks about writing at all, so no
// rule of the policy counts; a bypass does. A refusal is noted in ctx's recorder.
func (g *Guard) Writable(ctx context.Context) error {
	state := g.current()
	if state.Mode != ReadOnly {
		return nil
	}
	if reason, asked := bypass(ctx); asked && reason != "" {
		return nil
	}
	err := &BlockedError{Mode: state.Mode, Epoch: state.Epoch, Class: Write, Why: "writing is closed"}
	g.refuse(ctx, state, Event{
		Kind: Rejected, Mode: state.Mode, Epoch: state.Epoch, Class: Write, Why: err.Why,
	}, err)
	return err
}

// AsksReadOnly reports whether a transaction that begins now with this context
// should be asked of the engine as a read-only one: the mode is read-only,
// nothing is bypassed, and no rule of the policy allows a write.
func (g *Guard) AsksReadOnly(ctx context.Context) bool {
	if g.current().Mode != ReadOnly || g.policy.Load().anyAllow {
		return false
	}
	reason, asked := bypass(ctx)
	return !asked || reason == ""
}

// RefusesWrites reports whether every [Write] with this context is refused now,
// whatever it does and to which tables: the mode is read-only, nothing is bypassed or marked as
// best effort, and the policy has no rule that skips or allows.
func (g *Guard) RefusesWrites(ctx context.Context) bool {
	if g.current().Mode != ReadOnly || g.policy.Load().anyLenient || bestEffort(ctx) {
		return false
	}
	_, asked := bypass(ctx)
	return !asked
}

// ruling is what a policy says of one text.
type ruling struct {
	decision Decision // what is done, or would be if nothing were bypassed
	bypassed bool     // it passes all the same
	reason   string   // why, where it is not the verdict's own reason
}

func (r ruling) why(v *Verdict) string {
	if r.reason != "" {
		return r.reason
	}
	return v.Why
}

// rule judges a text: each of its statements for itself, and then together.
func (p *compiledPolicy) rule(ctx context.Context, v *Verdict) ruling {
	r := ruling{decision: p.statement(ctx, v)}
	if len(v.Parts) > 0 {
		r = p.together(ctx, v)
	}
	if r.decision == Pass || v.Class == Escape {
		return r
	}
	switch reason, asked := bypass(ctx); {
	case asked && reason == "":
		r.reason = "a bypass was asked for without a reason"
	case asked:
		r.bypassed = true
	}
	return r
}

// together judges a text of several statements. They pass or fall as one,
// because drivers differ in how many of them they run.
func (p *compiledPolicy) together(ctx context.Context, v *Verdict) ruling {
	first := p.statement(ctx, &v.Parts[0])
	for i := range v.Parts[1:] {
		d := p.statement(ctx, &v.Parts[1+i])
		switch {
		case d == first && d != Ask:
			continue
		case d == Refuse || first == Refuse || d == Ask || first == Ask:
			return ruling{decision: Refuse} // the verdict's own reason says more
		}
		return ruling{decision: Refuse, reason: "its statements would be treated differently, so all are refused"}
	}
	return ruling{decision: first}
}

// statement judges one statement.
func (p *compiledPolicy) statement(ctx context.Context, v *Verdict) Decision {
	vouched := len(v.Calls) == 0 || p.vouches(v.Calls)
	switch v.Class {
	case Read, Session:
		if vouched {
			return Pass
		}
		return Refuse
	case Unproven:
		// A query may be unproven for its syntax, without any call to vouch for.
		if vouched && len(v.Calls) > 0 {
			return Pass
		}
		return Ask
	case Escape:
		return Refuse
	case Lock:
		if !hasTables(v.Op) {
			return p.advisory(v, vouched)
		}
	}
	action, ruled := p.targets(v, v.Complete && vouched)
	switch {
	case action == Allow:
		return Pass
	case action == Skip:
		return Drop
	case !ruled && bestEffort(ctx) && v.Class == Write && slices.Contains(rowOps, v.Op):
		return Drop
	}
	return Refuse
}

// advisory judges advisory and named locks, and releasing a lock of any kind:
// they pass, unless a rule rejects them.
func (p *compiledPolicy) advisory(v *Verdict, vouched bool) Decision {
	action, ruled := p.first(Table{Op: v.Op}, v.FoldCase)
	switch {
	case !vouched, ruled && action == Reject:
		return Refuse
	case ruled && action == Skip:
		return Drop
	}
	return Pass
}

// targets returns the strictest answer to the tables that a statement writes,
// and whether a rule gave it. If they are not all certain, only rules that reject count.
func (p *compiledPolicy) targets(v *Verdict, certain bool) (action Action, ruled bool) {
	if len(v.Tables) == 0 {
		certain = false
	}
	action = Allow
	for _, t := range v.Tables {
		if t.Op == "" {
			t.Op = v.Op
		}
		a, r := p.first(t, v.FoldCase)
		if a <= action {
			action, ruled = a, r
		}
		if a == Reject && r {
			return Reject, true
		}
	}
	if certain {
		return action, ruled
	}
	a, r := p.first(Table{Op: v.Op}, v.FoldCase)
	return Reject, r && a == Reject
}
