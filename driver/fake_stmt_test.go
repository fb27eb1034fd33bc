//lint:file-ignore SA1019 A driver for tests has what drivers have.

package driver_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// fakeStmt is a statement without optional interfaces, modernStmt one that takes a
// context, and fullStmt one with all.
type (
	fakeStmt struct {
		c     *fakeConn
		query string
	}
	modernStmt struct{ *fakeStmt }
	fullStmt   struct{ modernStmt }
)

func (s *fakeStmt) Close() error { return s.c.note("CloseStmt " + s.query) }

// NumInput is the number of question marks in the text. Without any, it is not known.
func (s *fakeStmt) NumInput() int {
	if n := strings.Count(s.query, "?"); n > 0 {
		return n
	}
	return -1
}

func (s *fakeStmt) Exec(args []driver.Value) (driver.Result, error) {
	call := fmt.Sprintf("StmtExec %s %v", s.query, args)
	return &fakeResult{s.c, call}, s.c.note(call)
}

func (s *fakeStmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.c.newRows(), s.c.note(fmt.Sprintf("StmtQuery %s %v", s.query, args))
}

func (s modernStmt) ExecContext(_ context.Context, args []driver.NamedValue) (driver.Result, error) {
	call := "StmtExecContext " + s.query + show(args)
	return &fakeResult{s.c, call}, s.c.note(call)
}

func (s modernStmt) QueryContext(_ context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.c.note("StmtQueryContext " + s.query + show(args)); err != nil {
		return nil, err
	}
	return s.c.newRows(), nil
}

func (s fullStmt) CheckNamedValue(*driver.NamedValue) error {
	return s.c.traced(s.c.number, "StmtCheck")
}

func (s fullStmt) ColumnConverter(i int) driver.ValueConverter { return fakeConverter{s, i} }

// fakeConverter converts what becomes an argument of a statement. Two of them
// are equal if they convert for the same one.
type fakeConverter struct {
	stmt     fullStmt
	argument int
}

func (f fakeConverter) ConvertValue(v any) (driver.Value, error) {
	if err := f.stmt.c.traced(f.stmt.c.number, fmt.Sprintf("Convert %d", f.argument)); err != nil {
		return nil, err
	}
	return fmt.Sprint("converted ", v), nil
}

// fakeResult is used by its address, so that a test sees whether it is passed on as it is.
type fakeResult struct {
	c    *fakeConn
	call string
}

func (r *fakeResult) LastInsertId() (int64, error) {
	return 7, r.c.traced(r.c.number, "LastInsertId of "+r.call)
}

func (r *fakeResult) RowsAffected() (int64, error) {
	return 1, r.c.traced(r.c.number, "RowsAffected of "+r.call)
}
