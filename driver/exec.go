//lint:file-ignore SA1019 A wrapper has the deprecated interfaces that the driver has.

package driver

import (
	"context"
	"database/sql/driver"

	"github.com/quiescehq/quiesce/sqlguard"
)

// execs gives a connection both forms of Exec. The legacy one answers ErrSkip
// where the inner connection lacks it, which database/sql allows there.
type execs struct{ c *conn }

var (
	_ driver.ExecerContext = execs{}
	_ driver.Execer        = execs{}
)

func (e execs) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if e.c.unguarded() {
		return e.c.execer.ExecContext(ctx, query, args)
	}
	return e.c.execJudged(ctx, query, args)
}

// Exec is kept because drivers document ways to reach it: go-sql-driver's
// results of several statements come through Conn.Raw and driver.Execer.
func (e execs) Exec(query string, args []driver.Value) (driver.Result, error) {
	inner, ok := e.c.inner.(driver.Execer)
	if !ok {
		return nil, driver.ErrSkip
	}
	if e.c.unguarded() {
		return inner.Exec(query, args)
	}
	ctx := context.Background()
	v, decision, err := e.c.admitText(ctx, query, named(args))
	if decision != sqlguard.Pass {
		return resultOf(decision), err
	}
	result, err := inner.Exec(query, args)
	e.c.ran(v, query, err)
	return result, err
}

func (c *conn) execJudged(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	v, decision, err := c.admitText(ctx, query, args)
	if decision != sqlguard.Pass {
		return resultOf(decision), err
	}
	result, err := c.execer.ExecContext(ctx, query, args)
	c.ran(v, query, err)
	return result, err
}

// queries gives a connection both forms of Query, as execs those of Exec.
type queries struct{ c *conn }

var (
	_ driver.QueryerContext = queries{}
	_ driver.Queryer        = queries{}
)

func (q queries) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if q.c.unguarded() {
		return q.c.queryer.QueryContext(ctx, query, args)
	}
	return q.c.queryJudged(ctx, query, args)
}

func (q queries) Query(query string, args []driver.Value) (driver.Rows, error) {
	inner, ok := q.c.inner.(driver.Queryer)
	if !ok {
		return nil, driver.ErrSkip
	}
	if q.c.unguarded() {
		return inner.Query(query, args)
	}
	ctx := context.Background()
	v, decision, err := q.c.admitText(ctx, query, named(args))
	if decision != sqlguard.Pass {
		return rowsOf(decision), err
	}
	rows, err := inner.Query(query, args)
	q.c.queried(v, query, err)
	return rows, err
}

func (c *conn) queryJudged(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	v, decision, err := c.admitText(ctx, query, args)
	if decision != sqlguard.Pass {
		return rowsOf(decision), err
	}
	rows, err := c.queryer.QueryContext(ctx, query, args)
	c.queried(v, query, err)
	return rows, err
}
