package driver

import (
	"context"
	"database/sql/driver"
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

// fence is how the engine was told to refuse writes, and so what is to be undone.
type fence uint8

const (
	unfenced   fence = iota
	fencedTx         // by a transaction of the guard's own
	fencedIn         // by the transaction that is open: nothing is undone
	fencedConn       // by the connection's switch
)

// switched is the state of a connection's switch.
type switched struct {
	users int  // the statements that need it on
	was   bool // on, before the first of them
}

// ask has the engine refuse what a statement might write. If that cannot be had, the
// error says so, or is the driver's own; then nothing is to be undone.
func (c *conn) ask(ctx context.Context, v *sqlguard.Verdict) (fence, error) {
	t := &c.transaction
	switch {
	case c.engine.SwitchOn != "":
		return fencedConn, c.switchOn(ctx)
	case c.engine.Begin == "":
		return unfenced, c.guard.Refuse(ctx, c.name, v, "")
	case !t.known():
		if t.unsure == unseen || t.implicit {
			if err := c.clear(ctx, v); err != nil {
				return unfenced, err
			}
		}
		return fencedTx, c.send(ctx, c.engine.Begin)
	case t.armed:
		return fencedIn, nil
	case c.engine.Arm == "":
		return unfenced, c.guard.Refuse(ctx, c.name, v, v.Why+"; "+adviceBegin)
	case !c.guard.AsksReadOnly(ctx):
		return unfenced, c.guard.Refuse(ctx, c.name, v, v.Why+"; "+adviceAllow)
	}
	return fencedIn, c.send(ctx, c.engine.Arm)
}

// What to do about a query that the engine could not be asked about.
const (
	adviceBegin = "in a transaction this engine can be asked only if it began while writing was closed: " +
		"run the query outside of one, or begin one with TxOptions{ReadOnly: true}"
	adviceAllow = "the engine cannot be asked in a transaction while a rule of the policy allows writes: " +
		"run the query outside of one, or vouch for what it calls"
)

// lower undoes a fence. If that fails, the connection can only be dropped.
func (c *conn) lower(ctx context.Context, f fence) {
	var err error
	switch f {
	case fencedTx:
		ctx, cancel := undoing(ctx)
		err = c.send(ctx, rollback)
		cancel()
	case fencedConn:
		if c.switched.users--; c.switched.users == 0 && !c.switched.was {
			ctx, cancel := undoing(ctx)
			err = c.send(ctx, c.engine.SwitchOff)
			cancel()
		}
	}
	if err != nil {
		state := c.guard.State()
		c.transaction = transaction{begun: true, unsure: unseen, refused: &sqlguard.BlockedError{
			Mode: state.Mode, Epoch: state.Epoch, Dialect: c.name, Class: sqlguard.Session, Op: rollback,
			Why: "a transaction of the guard's own could not be ended",
		}}
	}
}

// undoing returns a context for what must be done although the caller's is over.
func undoing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

func (c *conn) switchOn(ctx context.Context) error {
	s := &c.switched
	if s.users == 0 {
		on, err := c.number(ctx, c.engine.Switch)
		if err == nil && on == 0 {
			err = c.send(ctx, c.engine.SwitchOn)
		}
		if err != nil {
			return err
		}
		s.was = on != 0
	}
	s.users++
	return nil
}

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
	n, _ = values[0].(int64)
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
