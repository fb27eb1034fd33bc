//lint:file-ignore SA1019 A wrapper has the deprecated interfaces that the driver has.

package driver

import (
	"context"
	"database/sql/driver"

	"github.com/quiescehq/quiesce/sqlguard"
)

// stmt wraps a driver.Stmt. It is checked whenever it is executed, because it may
// have been prepared before the mode went on.
type stmt struct {
	conn    *conn
	inner   driver.Stmt
	execer  driver.StmtExecContext
	queryer driver.StmtQueryContext
	query   string
	verdict *sqlguard.Verdict // on query; nil until it is needed
	// observed is whether the first execution is reported already.
	observed bool
}

// The types of statements: the optional interfaces are given exactly when the
// inner statement has them, because database/sql asks the connection's
// NamedValueChecker only where the statement has none. Each is a pointer, so
// that Prepare allocates once.
type (
	checkingStmt           struct{ *stmt }
	convertingStmt         struct{ *stmt }
	checkingConvertingStmt struct{ *stmt }
)

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = checkingStmt{}
	_ driver.ColumnConverter   = convertingStmt{}
	_ driver.NamedValueChecker = checkingConvertingStmt{}
	_ driver.ColumnConverter   = checkingConvertingStmt{}
)

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext does not check the text, unless preparing it has an effect. It
// does without driver.ConnPrepareContext what database/sql does without it.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.guard.Mode() == sqlguard.Off && !c.net.armed {
		inner, err := c.prepare(ctx, query)
		if err != nil {
			return nil, err
		}
		return c.wrapStmt(inner, query, nil, false), nil
	}
	return c.prepareJudged(ctx, query)
}

func (c *conn) prepareJudged(ctx context.Context, query string) (driver.Stmt, error) {
	observed := c.observed != "" && c.observed == query
	c.observed = ""
	v := c.classify(query)
	if v.AtPrepare {
		c.work.Enter(ctx, query) // it may act now
		defer c.work.Leave()
		_, decision, err := c.admit(ctx, v)
		if decision == sqlguard.Ask {
			decision, err = sqlguard.Refuse, c.guard.Refuse(ctx, c.name, v, "")
		}
		if decision == sqlguard.Drop {
			// It stays dropped, and is counted once.
			return c.wrapStmt(inert{}, query, &sqlguard.Verdict{Class: sqlguard.Read}, false), nil
		}
		if decision == sqlguard.Refuse {
			return nil, err
		}
	}
	if c.netted {
		if err := c.tell(ctx, c.tellingToPrepare(v, query), v); err != nil {
			return nil, err
		}
	}
	inner, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return c.wrapStmt(inner, query, v, observed), nil
}

func (c *conn) wrapStmt(inner driver.Stmt, query string, v *sqlguard.Verdict, observed bool) driver.Stmt {
	s := &stmt{conn: c, inner: inner, query: query, verdict: v, observed: observed}
	s.execer, _ = inner.(driver.StmtExecContext)
	s.queryer, _ = inner.(driver.StmtQueryContext)
	_, checks := inner.(driver.NamedValueChecker)
	_, converts := inner.(driver.ColumnConverter)
	switch {
	case checks && converts:
		return checkingConvertingStmt{s}
	case checks:
		return checkingStmt{s}
	case converts:
		return convertingStmt{s}
	}
	return s
}

func (s *stmt) Close() error  { return s.inner.Close() }
func (s *stmt) NumInput() int { return s.inner.NumInput() }

// Unwrap returns the wrapped statement, which is not guarded.
func (s *stmt) Unwrap() driver.Stmt { return s.inner }
