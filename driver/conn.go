package driver

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/quiescehq/quiesce/sqlguard"
)

//go:generate go run generate.go

// conn wraps a driver.Conn. Its methods are the ones that every wrapped
// connection has; the generated function composeConn adds those that it has
// exactly when the inner connection has them.
//
// database/sql uses a connection from one goroutine at a time, under a lock that
// it holds for statements and transactions of the connection as well (package
// driver, Conn). So what is kept here needs no lock of its own.
type conn struct {
	*guarding
	inner driver.Conn
	ender *ender // of sessions that are lost; nil if none can be ended

	// What inner can do; nil where it cannot.
	execer   driver.ExecerContext
	queryer  driver.QueryerContext
	preparer driver.ConnPrepareContext
	beginner driver.ConnBeginTx
	resetter driver.SessionResetter
	valid    driver.Validator
	checker  driver.NamedValueChecker

	work sqlguard.Conn // what is open, for Drain
	rows rows          // those that are open, kept here so that a query allocates nothing

	transaction transaction
	switched    switched
	net         sessionNet
	tx          tx // the one that is open, kept here so that BeginTx allocates nothing

	// shadowed is whether names on this connection may resolve to other objects
	// than the dialect thinks, because a search path of the application's own was
	// set. No pool resets that, so it lasts as long as the connection.
	shadowed bool
	// cursors are the ones that only read, by name; see cursor.go.
	cursors map[string]struct{}
	// ranUnseen is whether anything ran that nobody looked at, since something was looked at.
	ranUnseen bool
	// skipsArgs is whether inner has answered ErrSkip to a text with arguments, as
	// go-sql-driver/mysql does to all of them unless it interpolates.
	skipsArgs bool
	// observed is the text that was looked at right before inner answered ErrSkip.
	observed string
}

var (
	_ driver.Conn               = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
)

// The optional interfaces that are given exactly when the inner connection has
// them: inventing or hiding one would change what database/sql does.
const (
	hasExecer = 1 << iota
	hasQueryer
	hasSessionResetter
	hasValidator
	hasNamedValueChecker
)

// wrapConn guards a connection, unless the same guard does so already.
func wrapConn(inner driver.Conn, g *guarding, e *ender) driver.Conn {
	if inner, ok := inner.(guardedConn); ok && inner.guardedBy().same(g) {
		return inner
	}
	c := &conn{guarding: g, inner: inner, ender: e}
	c.tx.conn, c.rows.conn = c, c
	g.guard.Attach(&c.work, g.dialect)
	if g.fences {
		c.work.AlwaysFences()
	}
	c.preparer, _ = inner.(driver.ConnPrepareContext)
	c.beginner, _ = inner.(driver.ConnBeginTx)
	has := 0
	if c.execer = execerOf(inner); c.execer != nil {
		has |= hasExecer
	}
	if c.queryer = queryerOf(inner); c.queryer != nil {
		has |= hasQueryer
	}
	if c.resetter, _ = inner.(driver.SessionResetter); c.resetter != nil {
		has |= hasSessionResetter
	}
	if c.valid, _ = inner.(driver.Validator); c.valid != nil {
		has |= hasValidator
	}
	if c.checker, _ = inner.(driver.NamedValueChecker); c.checker != nil {
		has |= hasNamedValueChecker
	}
	return composeConn(c, has)
}

// guardedConn is what all types of connections of this package are.
type guardedConn interface {
	driver.Conn
	guardedBy() *guarding
}

func (c *conn) guardedBy() *guarding { return c.guarding }

// unguarded reports whether a statement that was entered may go straight to the inner
// connection. If so it notes that something runs that nobody looked at. Every Enter is
// followed by left, or by Leave where nothing was sent.
//
// It is small enough to be inlined, as long as it does not enter the statement itself.
func (c *conn) unguarded() bool {
	if !c.work.Off() || c.transaction.watched() || c.net.armed {
		return false
	}
	c.transaction.armed, c.transaction.unsure, c.ranUnseen = false, unseen, true
	return true
}

// Work, PassesOff and Left are for a driver that has an interface of its own beside that of
// database/sql, as pgx has. It enters a statement; if PassesOff says so, it sends that
// itself, and calls Left, or Leave if there was no error; otherwise it leaves it, and hands it to the connection.
func (c *conn) Work() *sqlguard.Conn { return &c.work }

// PassesOff reports whether a statement that was entered may be sent without a look, because the
// mode is off.
func (c *conn) PassesOff() bool { return c.unguarded() }

// Left marks the end of a statement that was sent so.
func (c *conn) Left(ctx context.Context, err error) { c.left(ctx, err) }

// left marks the end of a statement that was sent.
func (c *conn) left(ctx context.Context, err error) {
	if err != nil && err != driver.ErrSkip && c.lost(ctx, err) {
		c.lose()
	} else {
		c.work.Leave()
	}
}

// lost reports whether nobody knows if the server has executed what was sent,
// after an error. It goes by what the driver says of its connection: a cancelled
// statement of which the server's answer was read leaves the connection usable.
func (c *conn) lost(ctx context.Context, err error) bool {
	if errors.Is(err, driver.ErrBadConn) {
		return true // it should mean that nothing was sent, but not every driver holds to that
	}
	if c.alive != nil {
		return !c.alive(c.inner)
	}
	var answer interface{ SQLState() string }
	return ctx.Err() != nil || !errors.As(err, &answer)
}

// Unwrap returns the wrapped connection, which is not guarded.
func (c *conn) Unwrap() driver.Conn { return c.inner }

// Close ends what was open, too.
func (c *conn) Close() error {
	err := c.inner.Close()
	c.identify(context.Background())
	c.work.Detach()
	return err
}

// Ping does without driver.Pinger what database/sql does without it.
func (c *conn) Ping(ctx context.Context) error {
	if p, ok := c.inner.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

// resets, validates and checks pass on to the inner connection, which is known
// to have the interface.
type (
	resets    struct{ c *conn }
	validates struct{ c *conn }
	checks    struct{ c *conn }
)

func (r resets) ResetSession(ctx context.Context) error {
	if err := r.c.returned(ctx); err != nil {
		return err
	}
	r.c.expect(ctx)
	err := r.c.resetter.ResetSession(ctx)
	if err == nil && r.c.netted {
		err = r.c.resetNet(ctx)
	}
	return err
}

func (v validates) IsValid() bool { return !v.c.net.broken && v.c.valid.IsValid() }

func (n checks) CheckNamedValue(v *driver.NamedValue) error {
	return n.c.checker.CheckNamedValue(v)
}
