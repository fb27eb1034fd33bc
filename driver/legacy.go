//lint:file-ignore SA1019 A wrapper has the deprecated interfaces that the driver has.

package driver

import (
	"context"
	"database/sql/driver"
	"errors"
)

// Drivers may have the older interfaces, without a context, only. What is here
// does for them what database/sql does (ctxutil.go of Go 1.26), with the same
// texts, so that the newer interfaces can always be given.

// execerOf returns how a connection executes a text, or nil if it cannot.
func execerOf(c driver.Conn) driver.ExecerContext {
	if e, ok := c.(driver.ExecerContext); ok {
		return e
	}
	if e, ok := c.(driver.Execer); ok {
		return legacyExecer{e}
	}
	return nil
}

// queryerOf returns how a connection queries by a text, or nil if it cannot.
func queryerOf(c driver.Conn) driver.QueryerContext {
	if q, ok := c.(driver.QueryerContext); ok {
		return q
	}
	if q, ok := c.(driver.Queryer); ok {
		return legacyQueryer{q}
	}
	return nil
}

type legacyExecer struct{ inner driver.Execer }

func (e legacyExecer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	plain, err := unnamed(ctx, args)
	if err != nil {
		return nil, err
	}
	return e.inner.Exec(query, plain)
}

type legacyQueryer struct{ inner driver.Queryer }

func (q legacyQueryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	plain, err := unnamed(ctx, args)
	if err != nil {
		return nil, err
	}
	return q.inner.Query(query, plain)
}

// unnamed returns arguments for a legacy call, which takes neither names nor a context.
func unnamed(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	plain := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		plain[i] = a.Value
	}
	return plain, ctx.Err()
}

// named is the opposite of unnamed.
func named(args []driver.Value) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return values
}

// prepare prepares a text on the inner connection.
func (c *conn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if c.preparer != nil {
		return c.preparer.PrepareContext(ctx, query)
	}
	s, err := c.inner.Prepare(query)
	if err != nil {
		return s, err
	}
	if err := ctx.Err(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// begin begins a transaction on the inner connection.
func (c *conn) begin(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.beginner != nil {
		return c.beginner.BeginTx(ctx, opts)
	}
	if opts.Isolation != 0 {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	t, err := c.inner.Begin()
	if err != nil {
		return t, err
	}
	if err := ctx.Err(); err != nil {
		t.Rollback()
		return nil, err
	}
	return t, nil
}

// send executes a text of the guard's own on the inner connection.
func (c *conn) send(ctx context.Context, query string) error {
	if c.execer != nil {
		_, err := c.execer.ExecContext(ctx, query, nil)
		if err != driver.ErrSkip {
			return err
		}
	}
	inner, err := c.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer inner.Close()
	if e, ok := inner.(driver.StmtExecContext); ok {
		_, err = e.ExecContext(ctx, nil)
	} else {
		_, err = inner.Exec(nil)
	}
	return err
}

// query runs a query of the guard's own on the inner connection.
func (c *conn) query(ctx context.Context, query string) (driver.Rows, error) {
	if c.queryer != nil {
		rows, err := c.queryer.QueryContext(ctx, query, nil)
		if err != driver.ErrSkip {
			return rows, err
		}
	}
	inner, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	var rows driver.Rows
	if q, ok := inner.(driver.StmtQueryContext); ok {
		rows, err = q.QueryContext(ctx, nil)
	} else {
		rows, err = inner.Query(nil)
	}
	if err != nil {
		inner.Close()
		return nil, err
	}
	return closing{rows, inner}, nil
}

// closing are rows that close their statement too.
type closing struct {
	driver.Rows
	stmt driver.Stmt
}

func (r closing) Close() error { return errors.Join(r.Rows.Close(), r.stmt.Close()) }
