package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// The fence of the database (sqlguard.FencedEngine), where a holder asks for it, or Config.Fence: whatever may
// write takes it for the time of its transaction. Reads are not touched.
//
//	BeginTx             with the transaction, in one round trip where the driver can (Config.BeginWith)
//	BEGIN by text       right after it
//	a write, in none    in a transaction of the guard's own, which is committed when it is over: for rows,
//	                    at their end, and whoever reads them gets the error of the commit
//	a write, in one     that began before the fence was asked for: joins
//	ROLLBACK TO         in a transaction that has joined: again, for the savepoint may be older than the lock
//
// Whether a transaction is open that a text began before anybody looked, the driver says (Config.Idle), or
// the server is asked, once: it is neither committed nor rolled back behind the back of its program.
//
// What commits in passing (MySQL's DDL), or might (its procedures), lets go of the fence before it changes
// anything, and several statements of which one controls a transaction are nobody's to fence: they are refused.

// takeFence takes the fence for a text that is about to be sent. own reports that it is to be
// followed by endOwn.
func (c *conn) takeFence(ctx context.Context, v *sqlguard.Verdict) (own bool, err error) {
	switch {
	case c.transaction.joined && len(v.Parts) > 0 && anyOf(v, rollsBackTo):
		return false, c.guard.Refuse(ctx, c.name, v, "it would lose the database's fence with the savepoint, and go on: send its statements one by one")
	case !c.work.Fences():
		return false, nil
	case !mayWrite(v):
		if !anyOf(v, mightCommit) {
			return false, nil
		}
		return false, c.fenceUnseen(ctx, v)
	}
	if why := c.unfenced(v); why != "" {
		return false, c.guard.Refuse(ctx, c.name, v, why)
	}
	in, asked, err := c.inTx(ctx, v)
	switch {
	case err != nil:
		return false, err
	case !in:
		if asked && c.fence.Free != "" {
			if err := c.send(ctx, c.fence.Free); err != nil {
				return false, err
			}
		}
		return c.beginOwn(ctx, v)
	case c.work.Fenced(), c.transaction.armed:
		return false, nil
	}
	return false, c.join(ctx, v)
}

// fenceUnseen takes the fence in a transaction that a text began before anybody looked, and which what
// follows might commit. One that was seen has it, or is waited for (sqlguard.Guard.DrainUnfenced).
func (c *conn) fenceUnseen(ctx context.Context, v *sqlguard.Verdict) error {
	if t := &c.transaction; t.unsure != unseen && !t.implicit || c.work.Fenced() || len(c.fence.Enter) == 0 {
		return nil
	}
	in, _, err := c.inTx(ctx, v)
	if err != nil || !in || c.work.Fenced() {
		return err
	}
	return c.join(ctx, v)
}

// inTx reports whether a transaction is open, of which nothing may be known: then the server is asked.
func (c *conn) inTx(ctx context.Context, v *sqlguard.Verdict) (in, asked bool, err error) {
	t := &c.transaction
	switch {
	case c.idle != nil && c.idle(c.inner):
		return false, false, nil // under BeginTx too, where a text has ended it
	case t.known() && t.unsure != unseen:
		return true, false, nil
	case c.idle == nil && t.unsure != unseen && !t.implicit:
		return false, false, nil
	case len(c.fence.Probe) == 0:
		return false, false, c.guard.Refuse(ctx, c.name, v, "a transaction may be open that began before the database's fence was asked for")
	}
	for _, text := range c.fence.Probe {
		if err = c.send(ctx, text); err != nil {
			break
		}
	}
	switch in = err == nil; {
	case !in && !c.fence.Outside(err):
		return false, true, err
	case t.known() && !in: // database/sql's, which a text has ended
		return false, true, nil
	case !t.known():
		t.begun = in
	}
	t.unsure, t.implicit = certain, false
	return in, true, nil
}

// join takes the fence in a transaction in which something has run.
func (c *conn) join(ctx context.Context, v *sqlguard.Verdict) error {
	if c.fence.Join == "" {
		return c.guard.Refuse(ctx, c.name, v, "the transaction began before the database's fence was asked for")
	}
	if _, err := c.passFence(ctx, []string{c.fence.Join}); err != nil {
		return c.fenceError(ctx, v, err)
	}
	if !c.work.InTx() {
		c.work.Began(ctx)
	}
	c.transaction.joined = true
	c.work.Fence(true)
	return nil
}

// letGo follows a text that has run, and may have let go of the fence: of all of it at the end of a transaction, and
// of what was taken after a savepoint. A transaction that does not get it back can only be rolled back.
func (c *conn) letGo(ctx context.Context, v *sqlguard.Verdict) error {
	switch {
	case !c.work.Fenced():
		return nil
	case anyOf(v, endsTx):
		c.work.Fence(false)
		return nil
	case !c.transaction.joined || !anyOf(v, rollsBackTo):
		return nil
	}
	c.work.Fence(false)
	err := c.join(ctx, v)
	if err != nil {
		c.transaction.doom(c.guard.Refuse(ctx, c.name, v, "the transaction has lost the database's fence with the savepoint"))
	}
	return err
}

// passFence sends texts that take the fence. It reports whether the session does not commit by
// itself what comes outside of a transaction.
func (c *conn) passFence(ctx context.Context, texts []string) (manual bool, err error) {
	for i, text := range texts {
		if !c.fence.Number || i < len(texts)-1 {
			if err := c.send(ctx, text); err != nil {
				return false, err
			}
			continue
		}
		switch n, err := c.number(ctx, text); {
		case err != nil:
			return false, err
		case n == sqlguard.FenceManual:
			manual = true
		case n != sqlguard.FenceOpen:
			return false, errFenceClosed
		}
	}
	return manual, nil
}

// fenceClosed is what FenceTexts.Number says.
type fenceClosed struct{}

func (fenceClosed) Error() string { return "driver: the database's fence is closed" }

var errFenceClosed error = fenceClosed{}

// fenceError returns the error of a transaction that could not take the fence.
func (c *conn) fenceError(ctx context.Context, v *sqlguard.Verdict, err error) error {
	if err == errFenceClosed || c.fence.Closed(err) {
		return c.guard.Refuse(ctx, c.name, v, "the database's fence is closed")
	}
	return err
}

// beginOwn begins a transaction of the guard's own, with the fence. In a session that commits nothing by
// itself (MySQL's autocommit=0) it is not the guard's, but what the program would have begun by its write.
func (c *conn) beginOwn(ctx context.Context, v *sqlguard.Verdict) (own bool, err error) {
	texts := append([]string{c.fence.Begin}, c.fence.Enter...)
	if c.together && !c.fence.Number {
		texts = []string{strings.Join(texts, "; ")}
	}
	c.work.Begin(ctx)
	manual, err := c.passFence(ctx, texts)
	if err != nil {
		c.undoOwn(ctx)
		c.work.End()
		return false, c.fenceError(ctx, v, err)
	}
	c.work.Fence(true)
	if manual {
		c.transaction = transaction{driver: c.transaction.driver, begun: true}
	}
	return !manual, nil
}

// undoOwn rolls back a transaction of the guard's own, which may have begun.
func (c *conn) undoOwn(ctx context.Context) {
	if c.undo(ctx, rollback) != nil {
		c.transaction.failed()
	}
}

// endOwn ends a transaction of the guard's own, whose statement came to err, and returns what came
// of both. The commit is a part of the statement, and has its time. Its marks are the caller's to take down: the outcome may be unknown.
func (c *conn) endOwn(ctx context.Context, err error) error {
	if err != nil {
		c.undoOwn(ctx)
		return err
	}
	if err = c.send(ctx, c.fence.Commit); err != nil {
		c.undoOwn(ctx) // it may not have been sent
		if why := ctx.Err(); why != nil && errors.Is(err, driver.ErrBadConn) {
			return why
		}
		return err
	}
	c.transaction = transaction{driver: c.transaction.driver, unsure: endedBy(&c.transaction)}
	return nil
}

// beginning stands for BeginTx.
var beginning = &sqlguard.Verdict{Class: sqlguard.Session, Op: "BEGIN", Tx: sqlguard.TxBegin}

// beginFenced begins a transaction that takes the fence first.
func (c *conn) beginFenced(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	v := beginning
	if len(c.fence.Enter) == 0 {
		return nil, c.guard.Refuse(ctx, c.name, v, "a transaction that may write needs the database's fence, which this dialect does not have")
	}
	if c.beginWith != nil {
		switch inner, err := c.beginWith(ctx, c.inner, opts, c.fence.Enter); {
		case err == nil:
			c.work.Fence(true)
			return inner, nil
		case err != driver.ErrSkip:
			return nil, c.fenceError(ctx, v, err)
		}
	}
	inner, err := c.begin(ctx, opts)
	if err != nil {
		return nil, err
	}
	if _, err := c.passFence(ctx, c.fence.Enter); err != nil {
		inner.Rollback()
		return nil, c.fenceError(ctx, v, err)
	}
	c.work.Fence(true)
	return inner, nil
}

// enterBegun takes the fence in a transaction that a text has begun. If it cannot, the transaction is
// rolled back.
func (c *conn) enterBegun(ctx context.Context, v *sqlguard.Verdict) error {
	if v.Tx != sqlguard.TxBegin || len(v.Parts) > 0 || !c.work.Fences() || c.work.Fenced() || len(c.fence.Enter) == 0 {
		return nil // the first write in it joins, or is refused
	}
	if _, err := c.passFence(ctx, c.fence.Enter); err != nil {
		c.rolledBack(ctx)
		return c.fenceError(ctx, v, err)
	}
	c.work.Fence(true)
	return nil
}
