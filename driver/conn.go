package driver

import (
	"context"
	"database/sql/driver"

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

	// What inner can do; nil where it cannot.
	execer   driver.ExecerContext
	queryer  driver.QueryerContext
	preparer driver.ConnPrepareContext
	beginner driver.ConnBeginTx

	transaction transaction
	tx          tx // the one that is open, kept here so that BeginTx allocates nothing

	// shadowed is whether names on this connection may resolve to other objects
	// than the dialect thinks, because a search path of the application's own was
	// set. No pool resets that, so it lasts as long as the connection.
	shadowed bool
	// cursors are the ones that only read, by name; see cursor.go.
	cursors map[string]struct{}
	// unseen is whether anything ran that nobody looked at, since something was looked at.
	unseen bool
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
func wrapConn(inner driver.Conn, g *guarding) driver.Conn {
	if inner, ok := inner.(guardedConn); ok && inner.guardedBy().same(g) {
		return inner
	}
	c := &conn{guarding: g, inner: inner}
	c.tx.conn = c
	c.preparer, _ = inner.(driver.ConnPrepareContext)
	c.beginner, _ = inner.(driver.ConnBeginTx)
	has := 0
	if c.execer = execerOf(inner); c.execer != nil {
		has |= hasExecer
	}
	if c.queryer = queryerOf(inner); c.queryer != nil {
		has |= hasQueryer
	}
	if _, ok := inner.(driver.SessionResetter); ok {
		has |= hasSessionResetter
	}
	if _, ok := inner.(driver.Validator); ok {
		has |= hasValidator
	}
	if _, ok := inner.(driver.NamedValueChecker); ok {
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

// unguarded reports whether a statement may go straight to the inner
// connection, and then notes that something ran that nobody looked at.
func (c *conn) unguarded() bool {
	if c.guard.Mode() != sqlguard.Off || c.transaction.watched() {
		return false
	}
	c.transaction.unsure, c.unseen = true, true
	return true
}

// Unwrap returns the wrapped connection, which is not guarded.
func (c *conn) Unwrap() driver.Conn { return c.inner }

func (c *conn) Close() error { return c.inner.Close() }

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
	return r.c.inner.(driver.SessionResetter).ResetSession(ctx)
}

func (v validates) IsValid() bool { return v.c.inner.(driver.Validator).IsValid() }

func (n checks) CheckNamedValue(v *driver.NamedValue) error {
	return n.c.inner.(driver.NamedValueChecker).CheckNamedValue(v)
}
