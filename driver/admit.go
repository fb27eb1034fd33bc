package driver

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/quiescehq/quiesce/sqlguard"
)

// admit decides on a text, right before it would be sent. The error is not nil
// exactly if the decision is Refuse.
func (c *conn) admit(ctx context.Context, v *sqlguard.Verdict) (sqlguard.Decision, error) {
	c.settle()
	judged := c.cursorsResolved(v)
	if v.Functions && (c.shadowed || v.Shadows && len(v.Parts) > 0) {
		judged = underShadow(v)
	}
	decision, err := c.guard.Decide(ctx, c.name, judged)
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
	return decision, err
}

// settle forgets that a transaction may be open where the driver knows better.
func (c *conn) settle() {
	t := &c.transaction
	if t.unsure && !t.known() && t.refused == nil && c.idle != nil && c.idle(c.inner) {
		t.unsure = false
	}
}

// keepFromCommit keeps a text from committing a transaction that must not be
// committed. It returns the error of a text that must not be sent.
func (c *conn) keepFromCommit(ctx context.Context, v *sqlguard.Verdict) error {
	t := &c.transaction
	if t.refused == nil && (t.known() || !t.unsure) {
		return nil
	}
	end := t.ends(v)
	switch end {
	case keeps:
		return nil
	case begins:
		return c.clearTransaction(ctx)
	}
	if r := t.refused; r != nil {
		if end == commits {
			return afterRefusal(r, v.Op, c.rolledBack(ctx))
		}
		e := afterRefusal(r, v.Op, false)
		e.Class, e.Tables = v.Class, v.Tables
		return e
	}
	unseen := sqlguard.Verdict{
		Class: sqlguard.Schema, Op: v.Op, // not a Write, which best effort could drop
		Why: "may commit a transaction that was begun unseen, while the mode was off",
	}
	_, err := c.guard.Decide(ctx, c.name, &unseen)
	if err != nil && end == commits {
		c.rolledBack(ctx)
	}
	return err
}

// rolledBack rolls the transaction back, and reports whether that succeeded. If
// not, it may be open still, and what is known of it stays.
func (c *conn) rolledBack(ctx context.Context) bool {
	if c.send(ctx, rollback) != nil {
		return false
	}
	c.transaction = transaction{}
	return true
}

// afterRefusal returns the error of what would commit a transaction in which r
// was refused. Its class and tables are those of r.
func afterRefusal(r *sqlguard.BlockedError, op sqlguard.Op, rolledBack bool) *sqlguard.BlockedError {
	e := *r
	e.Op = op
	e.Why = "an earlier " + string(r.Op) + " in this transaction was refused, so "
	if r.Op == "" || r.Op == sqlguard.OpUnknown {
		e.Why = "an earlier statement in this transaction was refused, so "
	}
	if rolledBack {
		e.Why += "all of it was rolled back"
	} else {
		e.Why += "it can only be rolled back"
	}
	return &e
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
	unseen := t.unsure && !t.known() && c.guard.Mode() == sqlguard.ReadOnly
	if t.refused == nil && !unseen {
		return nil
	}
	if c.send(ctx, rollback) == nil {
		*t = transaction{}
		return nil
	}
	if t.known() && ctx.Err() == nil {
		// pgx calls a connection bad while its rows are open, and database/sql would
		// wait for them to close it: so this is a refusal.
		return afterRefusal(t.refused, "BEGIN", false)
	}
	return ctx.Err()
}

// returned is called when the connection comes back from the pool. No driver
// that was looked at rolls back by itself then: pgx drops the connection,
// go-sql-driver/mysql and SQLite's hand the open transaction to the next user. So
// what may be open stays so for the guard.
func (c *conn) returned(ctx context.Context) error {
	t := &c.transaction
	if t.refused == nil {
		*t = transaction{unsure: t.unsure || t.known()}
		return nil
	}
	if err := c.send(ctx, rollback); err != nil {
		switch {
		case t.known():
			return driver.ErrBadConn // so that the pool drops it
		case ctx.Err() != nil:
			return nil // it was not tried, so what is known stays
		}
	}
	*t = transaction{}
	return nil
}

// ran notes the effects of a text that passed, and how it went.
func (c *conn) ran(v *sqlguard.Verdict, query string, err error) {
	switch {
	case err == nil:
		c.transaction.ran(v)
		c.noteCursors(v)
	case err == driver.ErrSkip:
		c.observed = query // it comes again, prepared
	case len(v.Parts) > 0, v.Tx == sqlguard.TxBegin && ctxDone(err):
		c.transaction.unsure = true // nobody knows how far it went
	}
}

// queried is ran for a query. A driver may run it only while its rows are read,
// so it cannot lift a doom, and of several statements some may not have run yet.
func (c *conn) queried(v *sqlguard.Verdict, query string, err error) {
	if err == nil && c.transaction.refused != nil {
		c.noteCursors(v)
		return
	}
	c.ran(v, query, err)
	if err == nil && len(v.Parts) > 0 {
		c.transaction.unsure = true
	}
}

// ctxDone reports whether a call was given up, while the engine may have finished it.
func ctxDone(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

const rollback = "ROLLBACK"
