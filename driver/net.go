package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Net says how far the engine stands behind the guard's look at texts while the mode is read-only.
type Net uint8

const (
	// NetUnproven has the engine judge the queries of which no text proves that they only read, each in a read-only
	// transaction. It changes no setting of a session.
	NetUnproven Net = iota

	// NetSession has the engine refuse the writes of a whole session too: also those of views, operators,
	// policies, and functions that hide a built-in one, which no text shows. It costs one round trip for each
	// connection and flip, when the connection is used next, and one to put back what was set before.
	//
	// A transaction that is open at a flip stays as it began, and is waited for by Drain as always; the
	// connection is told after it. What a rule or a bypass lets write is sent with the setting put back, which
	// costs two round trips more if something else follows: give the bypass to the beginning of a transaction too. A
	// connection that cannot be told does nothing while the mode is read-only, and is refused with the reason; one
	// on which the setting cannot be put back is dropped.
	//
	// It is unfit behind a pooler that shares sessions by the transaction, such as PgBouncer: the setting
	// would stay with sessions of others.
	NetSession
)

// checkNet reports whether the engine can have the net that was asked for.
func (cfg Config) checkNet() error {
	switch cfg.Net {
	case NetUnproven:
		return nil
	case NetSession:
	default:
		return fmt.Errorf("Config.Net must be NetUnproven or NetSession, not %d", cfg.Net)
	}
	e, ok := cfg.Dialect.(sqlguard.SessionEngine)
	if !ok {
		return fmt.Errorf("Config.Net is NetSession, but dialect %q knows no way to tell its engine (sqlguard.SessionEngine)", cfg.Dialect.Name())
	}
	if e.SessionTexts().Transactional && cfg.Idle == nil {
		return errors.New("Config.Net is NetSession, but Config.Idle is nil: a transaction that is rolled back would undo what was set in it")
	}
	return nil
}

var errGuardedAlready = errors.New("what is to be wrapped is guarded already, and would refuse the texts of NetSession: set Config.Net where it is wrapped first")

// sessionNet is what the engine was told on a connection.
type sessionNet struct {
	armed  bool // to refuse writes, or perhaps
	lifted bool // no longer, for something that a rule or a bypass lets write
	broken bool // nobody knows what: the connection can only be dropped
}

// telling is what the engine is to be told before something is sent.
type telling uint8

const (
	nothingNew telling = iota
	toRefuse
	toWrite // the mode is not read-only
	toLift  // for this
)

// tellingFor returns what is to be told before a text that was let through. passed is false if the engine is asked
// about it.
func (c *conn) tellingFor(ctx context.Context, v *sqlguard.Verdict, text string, passed bool) telling {
	if c.work.Decided() != sqlguard.ReadOnly {
		return toWrite
	}
	begins, settings, changes := false, true, false
	for i := range statements(v) {
		p := statement(v, i)
		begins = begins || p.Tx == sqlguard.TxBegin
		settings = settings && p.Class == sqlguard.Session && p.Tx != sqlguard.TxBegin
		switch p.Class {
		case sqlguard.Read, sqlguard.Unproven, sqlguard.Session:
		case sqlguard.Lock:
			changes = changes || p.Op != sqlguard.OpAdvisoryLock && p.Op != sqlguard.OpUnlock
		default:
			changes = true
		}
	}
	switch _, bypassed := sqlguard.BypassFrom(ctx); {
	case bypassed, passed && changes, begins && !c.guard.AsksReadOnly(ctx):
		return toLift
	case settings && c.session.Touches(text):
		return toLift // so that it sets, and later gets back, what is the application's
	case settings:
		return nothingNew
	}
	return toRefuse
}

// tellingToPrepare is tellingFor for a text that is prepared, which refuses nothing.
func (c *conn) tellingToPrepare(v *sqlguard.Verdict, text string) telling {
	switch {
	case c.guard.Mode() != sqlguard.ReadOnly:
		return toWrite
	case c.session.AtPrepare && mayWrite(v), v.AtPrepare && c.session.Touches(text):
		return toLift
	}
	return nothingNew
}

// tellingToBegin is tellingFor for BeginTx.
func (c *conn) tellingToBegin(ctx context.Context, readOnly bool) telling {
	switch {
	case c.work.Mode() != sqlguard.ReadOnly:
		return toWrite
	case c.guard.AsksReadOnly(ctx):
		return toRefuse
	case readOnly:
		return nothingNew
	}
	return toLift
}

// tell tells the engine, unless it knows. After an error nothing must be sent that v is the verdict on.
func (c *conn) tell(ctx context.Context, what telling, v *sqlguard.Verdict) error {
	n, on := &c.net, what == toRefuse
	switch {
	case n.broken:
		return driver.ErrBadConn
	case what == nothingNew:
		return nil
	case c.told(on):
		n.lifted = what == toLift
		return nil
	case !c.canBeTold():
		return nil
	}
	err := c.sendNet(ctx, on)
	if err == nil {
		n.armed, n.lifted = on, what == toLift
		return nil
	}
	if c.lost(ctx, err) || !on && ctx.Err() == nil {
		return c.breakOff(ctx, err)
	}
	if ctx.Err() != nil || v == nil {
		return err
	}
	return c.guard.Refuse(ctx, c.name, v, "the engine could not be told to refuse the writes of this session, which Config.Net asks for")
}

// told reports whether the engine knows, by what it was told last. Where the server reports what is set, a hook or a
// program that has the driver's own connection may have reset that.
func (c *conn) told(on bool) bool {
	n := &c.net
	if n.armed && on && c.reported != nil && c.session.Setting != "" && c.reported(c.inner, c.session.Setting) == "off" {
		n.armed = false
	}
	return n.armed == on
}

// canBeTold reports whether what is told now holds from the next statement on, whatever becomes of a transaction.
func (c *conn) canBeTold() bool {
	t := &c.transaction
	switch {
	case c.session.On == "":
		return true
	case c.idle != nil:
		return c.idle(c.inner)
	}
	return !t.known() || t.unsure == unseen
}

func (c *conn) sendNet(ctx context.Context, on bool) error {
	switch {
	case c.session.On != "" && on:
		return c.send(ctx, c.session.On)
	case c.session.On != "":
		return c.send(ctx, c.session.Off)
	case on:
		return c.switchOn(ctx)
	}
	c.lower(ctx, restrainedConn)
	if c.switched.stuck {
		return driver.ErrBadConn
	}
	return nil
}

// abandoner is a connection whose owner is not database/sql, and so is not told by ErrBadConn to drop it.
type abandoner interface{ Abandon() }

// breakOff gives a connection up. Nothing was sent for the program, so database/sql may take another.
func (c *conn) breakOff(ctx context.Context, err error) error {
	c.net.broken, c.net.armed = true, true
	if own, ok := c.inner.(abandoner); ok {
		own.Abandon()
		return err
	}
	if ctx.Err() != nil {
		return err
	}
	return driver.ErrBadConn
}

// resetNet tells a connection that database/sql takes from its pool, so that it is told too where the program
// goes around the guard. What was lifted for one stays so, for the next may need it again.
func (c *conn) resetNet(ctx context.Context) error {
	if _, native := c.inner.(abandoner); native && !c.net.broken {
		return nil // it is given back, and not taken
	}
	what := toWrite
	if c.work.Mode() == sqlguard.ReadOnly {
		if what = toRefuse; c.net.lifted {
			what = nothingNew
		}
	}
	if c.tell(ctx, what, nil); c.net.broken {
		return driver.ErrBadConn
	}
	return nil // others are ignored, and it is told when it is used
}
