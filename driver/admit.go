package driver

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/quiescehq/quiesce/sqlguard"
)

// admission is what was decided on a statement. If it is to be sent, executed or
// queried must follow.
type admission struct {
	conn      *conn
	ctx       context.Context
	query     string
	verdict   *sqlguard.Verdict
	decision  sqlguard.Decision // Pass, or what is done in place of sending it
	restraint restraint         // up, so that the engine refuses writes
	own       bool              // in a transaction of the guard's own
	marked    bool              // as running, for Drain
	args      bool              // of a text
}

// admitted decides on a statement that was entered, right before it would be sent, as
// a text with arguments or otherwise. The error is not nil exactly if the decision is Refuse.
//
// What cannot write is not marked any longer: nobody need wait for it.
func (c *conn) admitted(ctx context.Context, query string, v *sqlguard.Verdict, args bool) (admission, error) {
	a := admission{conn: c, ctx: ctx, query: query, verdict: v, args: args}
	judged, decision, err := c.admit(ctx, v)
	if c.netted && (decision == sqlguard.Pass || decision == sqlguard.Ask) {
		if err = c.tell(ctx, c.tellingFor(ctx, judged, query, decision == sqlguard.Pass), judged); err != nil {
			decision = sqlguard.Refuse
			c.transaction.doom(err)
		}
	}
	if decision == sqlguard.Ask {
		if args && c.skipsArgs {
			err = driver.ErrSkip // as the driver would, after the engine was asked for nothing
		} else {
			a.restraint, err = c.ask(ctx, judged)
		}
		if decision = sqlguard.Pass; err != nil {
			decision = sqlguard.Refuse
			c.transaction.doom(err)
		}
	}
	if decision == sqlguard.Pass && a.restraint == unrestrained {
		if args && c.skipsArgs && c.work.Fences() && mayWrite(judged) {
			err = driver.ErrSkip // as the driver would, after a transaction was begun for nothing
		} else {
			a.own, err = c.takeFence(ctx, judged)
		}
		if err != nil {
			decision = sqlguard.Refuse
			c.transaction.doom(err)
		}
	}
	a.decision = decision
	if decision != sqlguard.Pass || judged.Class == sqlguard.Read || a.restraint != unrestrained {
		c.work.Leave()
		return a, err
	}
	a.marked = true
	if c.work.Decided() != sqlguard.Off {
		c.work.Stamp()
	}
	return a, nil
}

// admit decides on a text. It returns the verdict as it is on this connection; the error
// is not nil exactly if the decision is Refuse.
func (c *conn) admit(ctx context.Context, v *sqlguard.Verdict) (*sqlguard.Verdict, sqlguard.Decision, error) {
	c.settle()
	judged := c.cursorsResolved(v)
	if v.Functions && (c.shadowed || v.Shadows && len(v.Parts) > 0) {
		judged = underShadow(v)
	}
	decision, err := c.work.Decide(ctx, judged)
	if decision == sqlguard.Pass {
		if err = c.keepFromCommit(ctx, v); err != nil {
			decision = sqlguard.Refuse
		}
	}
	switch {
	case decision == sqlguard.Refuse:
		c.transaction.doom(err)
	case decision == sqlguard.Pass && v.Shadows:
		c.shadowed = true
	}
	return judged, decision, err
}

// executed notes the end of a statement that was sent.
func (a *admission) executed(err error) error {
	c := a.conn
	c.skipsArgs = c.skipsArgs || a.args && err == driver.ErrSkip
	c.noteEngine(a, err)
	if !a.own {
		c.ran(a.verdict, a.query, err)
		if lost := c.letGo(a.ctx, a.verdict); err == nil {
			err = lost
		}
		if err == nil {
			err = c.enterBegun(a.ctx, a.verdict)
		}
	} else if c.fence.Alone != nil && err != nil && c.fence.Alone(err) {
		err = c.guard.Refuse(a.ctx, c.name, a.verdict, "it runs in no transaction, and so cannot take the database's fence")
	}
	return a.over(err)
}

// queried is executed for a query, whose end are its rows'. A driver may run it
// only while its rows are read, so it cannot lift a doom, and of several statements some
// may not have run yet.
func (a *admission) queried(inner driver.Rows, err error) (driver.Rows, error) {
	c := a.conn
	if err != nil || inner == nil {
		return inner, a.executed(err)
	}
	if c.transaction.refused != nil || a.own {
		c.noteCursors(a.verdict)
	} else {
		c.ran(a.verdict, a.query, nil)
		if err := c.letGo(a.ctx, a.verdict); err != nil {
			inner.Close()
			return nil, a.over(err)
		}
		if len(a.verdict.Parts) > 0 {
			c.transaction.failed()
		}
	}
	if !a.marked && a.restraint == unrestrained && !c.net.armed {
		c.mark(a.ctx)
		return inner, nil // proven to be a read
	}
	kept := *a
	return c.wrapRows(a.ctx, inner, &kept), nil
}

// over takes down what was put up for a statement that came to err, and returns what came of both.
func (a *admission) over(err error) error {
	c := a.conn
	if a.own {
		err = c.endOwn(a.ctx, err)
		c.left(a.ctx, err)
		c.work.End()
		return err
	}
	c.lower(a.ctx, a.restraint)
	c.mark(a.ctx)
	if a.marked {
		c.left(a.ctx, err)
	}
	return err
}

// mark keeps the mark of an open transaction in step with what is known. One with a refusal in
// it gets none, because it can only be rolled back.
func (c *conn) mark(ctx context.Context) {
	switch known := c.transaction.known(); {
	case known && !c.work.InTx() && c.transaction.refused == nil:
		c.work.Began(ctx)
	case !known && c.work.InTx():
		c.work.End()
	}
}

// settle forgets that a transaction may be open where the driver knows better.
func (c *conn) settle() {
	t := &c.transaction
	if (t.unsure == unseen || t.implicit) && !t.known() && t.refused == nil && c.idle != nil && c.idle(c.inner) {
		t.implicit = false
		if t.unsure == unseen {
			t.unsure = certain
		}
	}
}

// keepFromCommit keeps a text that was let through from committing a transaction
// that must not be committed. It returns the error of a text that must not be sent.
func (c *conn) keepFromCommit(ctx context.Context, v *sqlguard.Verdict) error {
	t := &c.transaction
	if t.known() && c.work.Cut() {
		t.cut = true
	}
	readOnly := c.work.Decided() == sqlguard.ReadOnly
	if !t.dead() && (t.known() || t.unsure == certain || !readOnly) {
		return nil
	}
	switch end := t.ends(v); {
	case end == keeps, end == changes && !t.known() && !readOnly:
		return nil
	case end == begins:
		return c.clearTransaction(ctx)
	case !t.known() && (end == changes || end == passes && !t.dead()):
		return c.clear(ctx, v)
	case end == commits:
		return c.rolledBackInstead(ctx, v)
	case t.dead():
		e := c.afterDeath(ctx, *t, v, false)
		e.Class, e.Tables = v.Class, v.Tables
		return e
	}
	return c.guard.Refuse(ctx, c.name, v, "may commit a transaction that was begun unseen, while the mode was off")
}

// rolledBackInstead rolls back in place of a commit by text.
func (c *conn) rolledBackInstead(ctx context.Context, v *sqlguard.Verdict) error {
	before := c.transaction
	rolledBack := c.rolledBack(ctx)
	if before.dead() {
		return c.afterDeath(ctx, before, v, rolledBack)
	}
	why := "the transaction was begun unseen, while the mode was off, so "
	return c.guard.Refuse(ctx, c.name, v, why+outcome(rolledBack))
}

// rolledBack rolls the transaction back, and reports whether that succeeded. If
// not, it may be open still, and what is known of it stays.
func (c *conn) rolledBack(ctx context.Context) bool {
	if c.send(ctx, rollback) != nil {
		return false
	}
	c.transaction = transaction{}
	c.mark(ctx)
	return true
}

// clear rolls back what is unsure, before a text that might commit it. Its program
// may think that it is open still, so its commit goes on being refused. An error of
// ROLLBACK does not count, as in clearTransaction.
func (c *conn) clear(ctx context.Context, v *sqlguard.Verdict) error {
	t := &c.transaction
	if t.unsure == cleared && !(t.dead() && t.implicit) {
		return nil
	}
	err := c.send(ctx, rollback)
	switch {
	case err == nil:
		t.unsure, t.implicit = cleared, false
	case ctx.Err() != nil:
		return ctx.Err()
	case keepsForLater(v.Op):
		return c.guard.Refuse(ctx, c.name, v, "may commit a transaction that was begun unseen, while the mode was off, and could not be rolled back")
	}
	return nil
}

// afterDeath returns the error of what would commit a transaction that is dead.
func (c *conn) afterDeath(ctx context.Context, t transaction, v *sqlguard.Verdict, rolledBack bool) *sqlguard.BlockedError {
	if r := t.refused; r != nil {
		return afterRefusal(r, v.Op, rolledBack)
	}
	return c.guard.Refuse(ctx, c.name, v, "the transaction was cut off, so "+outcome(rolledBack))
}

// afterRefusal returns the error of what would commit a transaction in which r
// was refused. Its class and tables are those of r.
func afterRefusal(r *sqlguard.BlockedError, op sqlguard.Op, rolledBack bool) *sqlguard.BlockedError {
	e := *r
	e.Op = op
	e.Why = "an earlier " + string(r.Op) + " in this transaction was refused, so "
	switch r.Op {
	case "", sqlguard.OpUnknown:
		e.Why = "an earlier statement in this transaction was refused, so "
	case opUnended:
		e.Why = "a read-only transaction of the guard's own could not be ended on this connection, so "
	}
	e.Why += outcome(rolledBack)
	return &e
}

func outcome(rolledBack bool) string {
	if rolledBack {
		return "all of it was rolled back"
	}
	return "it can only be rolled back"
}

// clearTransaction rolls back what must not be committed, before another
// transaction begins. SQLite answers with an error where none is open, so errors
// do not count where none may be open, and what is known stays until the other
// has begun: SQLite begins none where one is open after all, and neither does an engine
// that could not roll back, because the connection is lost or busy with rows. It
// returns the error where the other must not begin.
func (c *conn) clearTransaction(ctx context.Context) error {
	c.settle()
	t := &c.transaction
	if t.known() && c.work.Cut() {
		t.cut = true
	}
	unsure := t.unsure == unseen && !t.known() && c.work.Mode() == sqlguard.ReadOnly
	if !t.dead() && !unsure {
		return nil
	}
	if c.rolledBack(ctx) {
		return nil
	}
	if t.known() && ctx.Err() == nil {
		// pgx calls a connection bad while its rows are open, and database/sql would
		// wait for them to close it: so this is a refusal.
		return c.afterDeath(ctx, *t, &sqlguard.Verdict{Class: sqlguard.Session, Op: "BEGIN"}, false)
	}
	return ctx.Err()
}

// returned is called when the connection comes back from the pool. No driver
// that was looked at rolls back by itself then: pgx drops the connection,
// go-sql-driver/mysql and SQLite's hand the open transaction to the next user. So
// what may be open stays so for the guard.
func (c *conn) returned(ctx context.Context) error {
	t := &c.transaction
	if t.refused == nil && t.unsure != cleared && !t.known() && !c.switched.stuck {
		return nil // nothing is known of it, and what may be open stays so
	}
	if c.switched.stuck {
		return driver.ErrBadConn
	}
	if t.refused == nil && !(t.known() && c.work.Cut()) {
		next := transaction{implicit: t.implicit}
		if t.unsure == unseen || t.known() {
			next.unsure = unseen
		}
		*t = next
		if c.work.InTx() {
			c.work.End()
		}
		return nil
	}
	if !c.rolledBack(ctx) {
		switch {
		case t.known():
			return driver.ErrBadConn // so that the pool drops it
		case ctx.Err() != nil:
			return nil // it was not tried, so what is known stays
		}
		*t = transaction{}
		c.mark(ctx)
	}
	return nil
}

// ran notes the effects of a text that passed, and how it went.
func (c *conn) ran(v *sqlguard.Verdict, query string, err error) {
	switch {
	case err == nil:
		c.transaction.ran(v, c.work.Decided())
		if v.Tx == sqlguard.TxBegin && len(v.Parts) == 0 && c.net.armed && c.engine.Begin != "" {
			c.transaction.armed = true
		}
		c.noteCursors(v)
	case err == driver.ErrSkip:
		c.observed = query // it comes again, prepared
	case len(v.Parts) > 0, v.Tx == sqlguard.TxBegin && ctxDone(err):
		c.transaction.failed()
	case v.Tx == sqlguard.TxCommit && !c.transaction.driver && c.idle != nil && c.idle(c.inner):
		c.transaction = transaction{} // the engine has rolled it back
	case c.transaction.known() && (v.Commits || v.Tx == sqlguard.TxCommit || v.Tx == sqlguard.TxRollback):
		c.transaction.failed()
	}
}

// ctxDone reports whether a call was given up, while the engine may have finished it.
func ctxDone(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

const rollback = "ROLLBACK"
