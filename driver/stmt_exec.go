//lint:file-ignore SA1019 A wrapper has the deprecated interfaces that the driver has.

package driver

import (
	"context"
	"database/sql/driver"

	"github.com/quiescehq/quiesce/sqlguard"
)

// ExecContext does without driver.StmtExecContext what database/sql does without it.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.conn.work.Enter(ctx, s.query); s.conn.unguarded() {
		result, err := s.exec(ctx, args)
		if err != nil {
			s.conn.left(ctx, err)
		} else {
			s.conn.work.Leave()
		}
		return result, err
	}
	v := s.judge(ctx, args)
	if s.conn.onlyReads(v) {
		result, err := s.exec(ctx, args)
		return result, s.conn.hasRead(ctx, s.query, v, err)
	}
	a, err := s.admit(ctx, v)
	if a.decision != sqlguard.Pass {
		return resultOf(a.decision), err
	}
	result, err := s.exec(ctx, args)
	return result, a.executed(err)
}

// QueryContext does without driver.StmtQueryContext what database/sql does without it.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.conn.work.Enter(ctx, s.query); s.conn.unguarded() {
		rows, err := s.rows(ctx, args)
		return s.conn.opened(ctx, rows, err)
	}
	v := s.judge(ctx, args)
	if s.conn.onlyReads(v) {
		rows, err := s.rows(ctx, args)
		return rows, s.conn.hasRead(ctx, s.query, v, err)
	}
	a, err := s.admit(ctx, v)
	if a.decision != sqlguard.Pass {
		return rowsOf(a.decision), err
	}
	rows, err := s.rows(ctx, args)
	return a.queried(rows, err)
}

// Exec is for those who reach it through Conn.Raw.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	ctx := context.Background()
	if s.conn.work.Enter(ctx, s.query); s.conn.unguarded() {
		result, err := s.inner.Exec(args)
		s.conn.left(ctx, err)
		return result, err
	}
	a, err := s.admit(ctx, s.judge(ctx, named(args)))
	if a.decision != sqlguard.Pass {
		return resultOf(a.decision), err
	}
	result, err := s.inner.Exec(args)
	return result, a.executed(err)
}

// Query is for those who reach it through Conn.Raw.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	ctx := context.Background()
	if s.conn.work.Enter(ctx, s.query); s.conn.unguarded() {
		rows, err := s.inner.Query(args)
		return s.conn.opened(ctx, rows, err)
	}
	a, err := s.admit(ctx, s.judge(ctx, named(args)))
	if a.decision != sqlguard.Pass {
		return rowsOf(a.decision), err
	}
	rows, err := s.inner.Query(args)
	return a.queried(rows, err)
}

// judge returns the verdict on the statement, which is kept, unless an argument
// replaces the text.
func (s *stmt) judge(ctx context.Context, args []driver.NamedValue) *sqlguard.Verdict {
	for i := range args {
		if rewrites(args[i].Value) {
			return s.conn.judge(ctx, s.query, args)
		}
	}
	if s.verdict == nil {
		s.verdict = s.conn.classify(s.query)
	}
	return s.verdict
}

// admit decides on an execution. What was observed when the driver answered
// ErrSkip to the same call passes, as everything does in that mode.
func (s *stmt) admit(ctx context.Context, v *sqlguard.Verdict) (admission, error) {
	if s.observed {
		s.observed = false
		if s.conn.guard.Mode() == sqlguard.Observe {
			return admission{conn: s.conn, ctx: ctx, query: s.query, verdict: v, decision: sqlguard.Pass, marked: true}, nil
		}
	}
	return s.conn.admitted(ctx, s.query, v, false)
}

func (s *stmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.execer != nil {
		return s.execer.ExecContext(ctx, args)
	}
	plain, err := unnamed(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.inner.Exec(plain)
}

func (s *stmt) rows(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.queryer != nil {
		return s.queryer.QueryContext(ctx, args)
	}
	plain, err := unnamed(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.inner.Query(plain)
}

func (s checkingStmt) CheckNamedValue(v *driver.NamedValue) error {
	return s.inner.(driver.NamedValueChecker).CheckNamedValue(v)
}

func (s checkingConvertingStmt) CheckNamedValue(v *driver.NamedValue) error {
	return s.inner.(driver.NamedValueChecker).CheckNamedValue(v)
}

func (s convertingStmt) ColumnConverter(i int) driver.ValueConverter {
	return s.inner.(driver.ColumnConverter).ColumnConverter(i)
}

func (s checkingConvertingStmt) ColumnConverter(i int) driver.ValueConverter {
	return s.inner.(driver.ColumnConverter).ColumnConverter(i)
}
