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
	c := e.c
	if c.work.Enter(ctx, query); !c.unguarded() {
		return c.execJudged(ctx, query, args)
	}
	result, err := c.execer.ExecContext(ctx, query, args)
	if err != nil {
		c.left(ctx, err)
	} else {
		c.work.Leave()
	}
	return result, err
}

// Exec is kept because drivers document ways to reach it: go-sql-driver's
// results of several statements come through Conn.Raw and driver.Execer.
func (e execs) Exec(query string, args []driver.Value) (driver.Result, error) {
	inner, ok := e.c.inner.(driver.Execer)
	if !ok {
		return nil, driver.ErrSkip
	}
	ctx := context.Background()
	if e.c.work.Enter(ctx, query); e.c.unguarded() {
		result, err := inner.Exec(query, args)
		e.c.left(ctx, err)
		return result, err
	}
	s, err := e.c.admitText(ctx, query, named(args))
	if s.decision != sqlguard.Pass {
		return resultOf(s.decision), err
	}
	result, err := inner.Exec(query, args)
	return result, s.executed(err)
}

func (c *conn) execJudged(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	v, err := c.look(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if c.onlyReads(v) {
		result, err := c.execer.ExecContext(ctx, query, args)
		return result, c.hasRead(ctx, query, v, err)
	}
	s, err := c.admitted(ctx, query, v, len(args) > 0)
	if s.decision != sqlguard.Pass {
		return resultOf(s.decision), err
	}
	result, err := c.execer.ExecContext(ctx, query, args)
	return result, s.executed(err)
}

// queries gives a connection both forms of Query, as execs those of Exec.
type queries struct{ c *conn }

var (
	_ driver.QueryerContext = queries{}
	_ driver.Queryer        = queries{}
)

func (q queries) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c := q.c
	if c.work.Enter(ctx, query); !c.unguarded() {
		return c.queryJudged(ctx, query, args)
	}
	rows, err := c.queryer.QueryContext(ctx, query, args)
	return c.opened(ctx, rows, err)
}

func (q queries) Query(query string, args []driver.Value) (driver.Rows, error) {
	inner, ok := q.c.inner.(driver.Queryer)
	if !ok {
		return nil, driver.ErrSkip
	}
	ctx := context.Background()
	if q.c.work.Enter(ctx, query); q.c.unguarded() {
		rows, err := inner.Query(query, args)
		return q.c.opened(ctx, rows, err)
	}
	s, err := q.c.admitText(ctx, query, named(args))
	if s.decision != sqlguard.Pass {
		return rowsOf(s.decision), err
	}
	rows, err := inner.Query(query, args)
	return s.queried(rows, err)
}

func (c *conn) queryJudged(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	v, err := c.look(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if c.onlyReads(v) {
		rows, err := c.queryer.QueryContext(ctx, query, args)
		return rows, c.hasRead(ctx, query, v, err)
	}
	s, err := c.admitted(ctx, query, v, len(args) > 0)
	if s.decision != sqlguard.Pass {
		return rowsOf(s.decision), err
	}
	rows, err := c.queryer.QueryContext(ctx, query, args)
	return s.queried(rows, err)
}
