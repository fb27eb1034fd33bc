package driver

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"
)

// rows wraps a driver.Rows for one thing: a statement is over when its rows are
// closed, not when Query returns. An INSERT … RETURNING is committed then.
//
// The optional interfaces are always there, and do without the inner ones what
// database/sql does without them; only RowsColumnScanner (Go 1.27) cannot be
// emulated, and is given where it is there.
type rows struct {
	conn   *conn
	inner  driver.Rows
	ctx    context.Context
	open   bool
	closed bool       // at their end, because a transaction of the guard's own had to be committed
	err    error      // why they ended early
	from   *admission // that of their statement; nil if it was not looked at
}

var (
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
)

// opened wraps the rows of a statement that was sent without a look, which is over
// when they are closed, or if there was an error.
func (c *conn) opened(ctx context.Context, inner driver.Rows, err error) (driver.Rows, error) {
	if err != nil || inner == nil {
		c.left(ctx, err)
		return inner, err
	}
	return c.wrapRows(ctx, inner, nil), nil
}

func (c *conn) wrapRows(ctx context.Context, inner driver.Rows, from *admission) driver.Rows {
	r := &c.rows
	if r.open {
		r = &rows{conn: c}
	}
	r.inner, r.ctx, r.open, r.closed, r.err, r.from = inner, ctx, true, false, nil, from
	return composeRows(r)
}

// Unwrap returns the wrapped rows. Close them through the wrapper.
func (r *rows) Unwrap() driver.Rows { return r.inner }

func (r *rows) Columns() []string { return r.inner.Columns() }

// Close returns the error of the inner rows' Close, or where there is none, that of the commit of
// the guard's own transaction. Where the end of the rows has closed them, it is nil.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	err := r.inner.Close()
	if r.open {
		r.open = false
		own := r.from != nil && r.from.own
		if was := r.over(err); own && err == nil && r.err == nil {
			err = was
		}
		r.ctx, r.err, r.from = nil, nil, nil
	}
	return err
}

// over marks the end of the statement, which is what went wrong first, or the
// error of closing the rows. It returns what came of it.
func (r *rows) over(err error) error {
	own := r.from != nil && r.from.own
	if r.err != nil {
		err = r.err
	} else if err == nil && !own { // whose commit says it
		err = r.ctx.Err()
	}
	switch {
	case r.from != nil:
		r.conn.noteEngine(r.from, err)
		return r.from.over(err)
	case err != nil:
		r.conn.left(r.ctx, err)
	default:
		r.conn.work.Leave()
	}
	return err
}

func (r *rows) Next(dest []driver.Value) error { return r.ended(r.inner.Next(dest)) }

// ended notes an error other than the end of the rows. At the end, a transaction of the guard's own is
// committed: an error of that is theirs, for programs ask rows for their error, but not Close.
func (r *rows) ended(err error) error {
	if err == io.EOF && r.open && r.from != nil && r.from.own && !r.HasNextResultSet() {
		if closing := r.Close(); closing != nil {
			err = closing
		}
		r.closed = true
		return err
	}
	if err != nil && err != io.EOF && r.err == nil {
		r.err = err
	}
	return err
}

func (r *rows) HasNextResultSet() bool {
	s, ok := r.inner.(driver.RowsNextResultSet)
	return ok && !r.closed && s.HasNextResultSet()
}

func (r *rows) NextResultSet() error {
	if s, ok := r.inner.(driver.RowsNextResultSet); ok {
		return r.ended(s.NextResultSet())
	}
	return io.EOF
}

func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	if t, ok := r.inner.(driver.RowsColumnTypeScanType); ok {
		return t.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}

func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	if t, ok := r.inner.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return t.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

func (r *rows) ColumnTypeLength(i int) (length int64, ok bool) {
	if t, has := r.inner.(driver.RowsColumnTypeLength); has {
		return t.ColumnTypeLength(i)
	}
	return 0, false
}

func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if t, has := r.inner.(driver.RowsColumnTypeNullable); has {
		return t.ColumnTypeNullable(i)
	}
	return false, false
}

func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if t, has := r.inner.(driver.RowsColumnTypePrecisionScale); has {
		return t.ColumnTypePrecisionScale(i)
	}
	return 0, 0, false
}
