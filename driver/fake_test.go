//lint:file-ignore SA1019 A driver for tests has what drivers have.

package driver_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// fake is a driver and its connector. It records what it is asked to do, and
// fails a call whose record is in errs.
type fake struct {
	// wrap gives its connections optional interfaces; if nil, all of a modern driver.
	wrap func(*fakeConn) driver.Conn
	errs map[string]error
	// onCall is called with each record, before the call is answered.
	onCall func(string)

	mu    sync.Mutex
	log   []string
	conns int
}

func (f *fake) Connect(context.Context) (driver.Conn, error) {
	if err := f.note("Connect"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.conns++
	f.mu.Unlock()
	c := &fakeConn{f}
	if f.wrap == nil {
		return modern{c}, nil
	}
	return f.wrap(c), nil
}

func (f *fake) Driver() driver.Driver            { return f }
func (f *fake) Open(string) (driver.Conn, error) { return f.Connect(context.Background()) }

func (f *fake) note(call string) error {
	f.mu.Lock()
	f.log = append(f.log, call)
	f.mu.Unlock()
	if f.onCall != nil {
		f.onCall(call)
	}
	return f.errs[call]
}

// take returns the calls since it was last called.
func (f *fake) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log = nil
	return log
}

// did is take without the calls that a pool makes of its own.
func (f *fake) did() string {
	return strings.Join(slices.DeleteFunc(f.take(), func(call string) bool {
		return call == "Connect" || call == "ResetSession" || call == "IsValid" || call == "Check"
	}), ", ")
}

func (f *fake) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns
}

type fakeConn struct{ *fake }

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	return &fakeStmt{c, query}, c.note("Prepare " + query)
}
func (c *fakeConn) Close() error              { return c.note("Close") }
func (c *fakeConn) Begin() (driver.Tx, error) { return fakeTx{c}, c.note("Begin") }

type fakeTx struct{ c *fakeConn }

func (t fakeTx) Commit() error   { return t.c.note("Commit") }
func (t fakeTx) Rollback() error { return t.c.note("Rollback") }

// fakeResult is used by its address, so that a test sees whether it is passed on as it is.
type fakeResult struct{ call string }

func (*fakeResult) LastInsertId() (int64, error) { return 7, nil }
func (*fakeResult) RowsAffected() (int64, error) { return 1, nil }

type fakeRows struct{ left int }

func (*fakeRows) Columns() []string { return []string{"c"} }
func (*fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(dest []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	dest[0] = "row"
	return nil
}

type fakeStmt struct {
	c     *fakeConn
	query string
}

func (s *fakeStmt) Close() error  { return s.c.note("CloseStmt " + s.query) }
func (s *fakeStmt) NumInput() int { return -1 }

func (s *fakeStmt) Exec(args []driver.Value) (driver.Result, error) {
	call := fmt.Sprintf("StmtExec %s %v", s.query, args)
	return &fakeResult{call}, s.c.note(call)
}

func (s *fakeStmt) Query(args []driver.Value) (driver.Rows, error) {
	return &fakeRows{left: 1}, s.c.note(fmt.Sprintf("StmtQuery %s %v", s.query, args))
}

// modern is a connection with all optional interfaces; modernStmt its statements.
type modern struct{ *fakeConn }

type modernStmt struct{ *fakeStmt }

func (s modernStmt) ExecContext(_ context.Context, args []driver.NamedValue) (driver.Result, error) {
	call := "StmtExecContext " + s.query + show(args)
	return &fakeResult{call}, s.c.note(call)
}

func (s modernStmt) QueryContext(_ context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.c.note("StmtQueryContext " + s.query + show(args)); err != nil {
		return nil, err
	}
	return &fakeRows{left: 1}, nil
}

func (c modern) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	call := "ExecContext " + query + show(args)
	if err := c.note(call); err != nil {
		return nil, err
	}
	return &fakeResult{call}, nil
}

func (c modern) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.note("QueryContext " + query + show(args)); err != nil {
		return nil, err
	}
	return &fakeRows{left: 1}, nil
}

func (c modern) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	if err := c.note("PrepareContext " + query); err != nil {
		return nil, err
	}
	return modernStmt{&fakeStmt{c.fakeConn, query}}, nil
}

func (c modern) BeginTx(_ context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.note(fmt.Sprintf("BeginTx %d %v", opts.Isolation, opts.ReadOnly)); err != nil {
		return nil, err
	}
	return fakeTx{c.fakeConn}, nil
}

func (c modern) Ping(context.Context) error               { return c.note("Ping") }
func (c modern) ResetSession(context.Context) error       { return c.note("ResetSession") }
func (c modern) IsValid() bool                            { return c.note("IsValid") == nil }
func (c modern) CheckNamedValue(*driver.NamedValue) error { return c.note("Check") }

// legacy is a connection with the oldest optional interfaces only.
type legacy struct{ *fakeConn }

func (c legacy) Exec(query string, args []driver.Value) (driver.Result, error) {
	call := fmt.Sprintf("Exec %s %v", query, args)
	if err := c.note(call); err != nil {
		return nil, err
	}
	return &fakeResult{call}, nil
}

func (c legacy) Query(query string, args []driver.Value) (driver.Rows, error) {
	if err := c.note(fmt.Sprintf("Query %s %v", query, args)); err != nil {
		return nil, err
	}
	return &fakeRows{left: 1}, nil
}

func show(args []driver.NamedValue) string {
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, " %s=%v", a.Name, a.Value)
	}
	return b.String()
}

// emptyRows are rows that need no memory.
type emptyRows struct{}

func (emptyRows) Columns() []string         { return nil }
func (emptyRows) Close() error              { return nil }
func (emptyRows) Next([]driver.Value) error { return io.EOF }
