package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// The engine judges what no text shows. Where it can refuse writes in a
// transaction, a statement outside of one gets its own, which the guard rolls back
// when the rows are closed: no setting of the session is changed, and what was done
// besides writing to tables (NOTIFY) is undone too. Inside of a transaction
// it runs if the engine refuses writes there, or can be told to; else it is refused. An engine
// without such transactions has a switch, which is put back.

// restraint is how the engine was told to refuse writes, and so what is to be undone.
type restraint uint8

const (
	unrestrained   restraint = iota
	restrainedTx             // by a transaction of the guard's own
	restrainedIn             // by the transaction that is open: nothing is undone
	restrainedConn           // by the connection's switch
)

// switched is the state of a connection's switch.
type switched struct {
	users int  // the statements that need it on
	was   bool // on, before the first of them
	stuck bool // on, and could not be put back: the connection can only be dropped
}

// ask has the engine refuse what a statement might write. If that cannot be had, the
// error says so, or is the driver's own; then nothing is to be undone.
func (c *conn) ask(ctx context.Context, v *sqlguard.Verdict) (restraint, error) {
	t := &c.transaction
	switch {
	case c.engine.SwitchOn != "":
		return restrainedConn, c.switchOn(ctx)
	case c.engine.Begin == "":
		return unrestrained, c.guard.Refuse(ctx, c.name, v, "")
	case !t.known(), c.idle != nil && c.idle(c.inner): // which a text has ended, under BeginTx
		return restrainedTx, c.beginRestraint(ctx)
	case t.armed:
		return restrainedIn, nil
	case c.engine.Arm == "", t.unsure == unseen && c.idle == nil:
		// Outside of a transaction, to arm it is no error, and has no effect.
		return unrestrained, c.guard.Refuse(ctx, c.name, v, v.Why+"; "+adviceBegin)
	case !c.guard.AsksReadOnly(ctx):
		return unrestrained, c.guard.Refuse(ctx, c.name, v, v.Why+"; "+adviceAllow)
	}
	return restrainedIn, c.send(ctx, c.engine.Arm)
}

// beginRestraint begins a transaction of the guard's own. One that was begun unseen is
// rolled back first, or MySQL would commit it in passing.
func (c *conn) beginRestraint(ctx context.Context) error {
	t := &c.transaction
	if !t.known() && (t.unsure == unseen || t.implicit) {
		if err := c.send(ctx, rollback); err != nil {
			return err
		}
		t.unsure, t.implicit = cleared, false
	}
	err := c.send(ctx, c.engine.Begin)
	if ctxDone(err) {
		c.lower(ctx, restrainedTx) // it may have begun
	}
	return err
}

// What to do about a query that the engine could not be asked about.
const (
	adviceBegin = "in a transaction this engine can be asked only if it began while writing was closed: " +
		"run the query outside of one, or begin one with TxOptions{ReadOnly: true}"
	adviceAllow = "the engine cannot be asked in a transaction while a rule of the policy allows writes: " +
		"run the query outside of one, or vouch for what it calls"
)

// lower undoes a restraint. If that fails, the connection can only be dropped.
func (c *conn) lower(ctx context.Context, f restraint) {
	switch f {
	case restrainedTx:
		if c.undo(ctx, rollback) != nil {
			c.transaction = c.unended()
		}
	case restrainedConn:
		if c.switched.users--; c.switched.users == 0 && !c.switched.was {
			c.switchOff(ctx)
		}
	}
}

// unended is the state of a connection on which a transaction of the guard's own could
// not be ended: it may be open, and read-only, whatever the mode is by then.
func (c *conn) unended() transaction {
	state := c.guard.State()
	return transaction{driver: c.transaction.driver, begun: true, unsure: unseen, refused: &sqlguard.BlockedError{
		Mode: state.Mode, Epoch: state.Epoch, Dialect: c.name, Class: sqlguard.Session, Op: opUnended,
	}}
}

// opUnended stands for the guard's own ROLLBACK. None of the program's is refused.
const opUnended sqlguard.Op = rollback

// undo sends what must be sent although the caller's context may be over.
func (c *conn) undo(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return c.send(ctx, text)
}

func (c *conn) switchOn(ctx context.Context) error {
	s := &c.switched
	if s.users == 0 {
		on, err := c.number(ctx, c.engine.Switch)
		if err != nil {
			return err
		}
		if s.was = on != 0 && !s.stuck; on == 0 {
			if err := c.send(ctx, c.engine.SwitchOn); err != nil {
				c.switchOff(ctx) // it may be on
				return err
			}
		}
	}
	s.users++
	return nil
}

func (c *conn) switchOff(ctx context.Context) {
	c.switched.stuck = c.undo(ctx, c.engine.SwitchOff) != nil
}

var errNoNumber = errors.New("driver: the answer to ReadOnlyTexts.Switch is not one integer")

// number runs a query of the guard's own for a number.
func (c *conn) number(ctx context.Context, query string) (n int64, err error) {
	rows, err := c.query(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	values := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(values); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	if len(values) != 1 {
		return 0, errNoNumber
	}
	n, ok := values[0].(int64)
	if !ok {
		return 0, errNoNumber
	}
	return n, nil
}

// noteEngine tells everybody who wants to know that the engine has refused a
// write. Its error stays the driver's own.
func (c *conn) noteEngine(a *admission, err error) {
	if err == nil || c.work.Decided() != sqlguard.ReadOnly || !sqlguard.IsReadOnly(err) {
		return
	}
	c.transaction.doom(c.guard.Refuse(a.ctx, c.name, a.verdict, "the engine refused it as a write"))
}
