//lint:file-ignore SA1019 A driver for tests has what drivers have.

package driver_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// fake is a driver and its connector. It records what it is asked to do, and
// fails a call whose record is in errs.
type fake struct {
	// wrap gives its connections optional interfaces; if nil, all of a modern driver.
	wrap func(*fakeConn) driver.Conn
	// stmt and rows do the same for statements and rows; if nil, statements have those
	// of a modern driver if their connection has, and rows have none.
	stmt func(fullStmt) driver.Stmt
	rows func(fullRows) driver.Rows
	// errs are errors by the record of a call, or by its first word.
	errs map[string]error
	// times is how many calls fail; if zero, all that errs has an error for.
	times int
	// onCall is called with each record, before the call is answered.
	onCall func(string)

	mu     sync.Mutex
	log    []string
	trace  []string // as log, with the connection's number, and with the calls of rows
	conns  int
	failed int
}

func (f *fake) Connect(context.Context) (driver.Conn, error) {
	if err := f.note("Connect"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.conns++
	c := &fakeConn{fake: f, number: f.conns}
	f.mu.Unlock()
	if f.wrap == nil {
		return modern{c}, nil
	}
	return f.wrap(c), nil
}

func (f *fake) Driver() driver.Driver            { return f }
func (f *fake) Open(string) (driver.Conn, error) { return f.Connect(context.Background()) }

func (f *fake) note(call string) error { return f.noted(0, call, call) }

// noted notes a call for the log, and for the trace.
func (f *fake) noted(conn int, call, trace string) error {
	f.mu.Lock()
	f.log = append(f.log, call)
	f.mu.Unlock()
	return f.traced(conn, trace)
}

// traced notes a call that only the trace has, and answers it.
func (f *fake) traced(conn int, call string) error {
	f.mu.Lock()
	f.trace = append(f.trace, fmt.Sprintf("%d %s", conn, call))
	f.mu.Unlock()
	if f.onCall != nil {
		f.onCall(call)
	}
	err, ok := f.errs[call]
	if !ok {
		verb, _, _ := strings.Cut(call, " ")
		err = f.errs[verb]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if f.failed++; f.times > 0 && f.failed > f.times {
			return nil
		}
	}
	return err
}

// traces returns all calls so far, each with the number of its connection.
func (f *fake) traces() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.trace)
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

type fakeConn struct {
	*fake
	number int
	begun  int // how many transactions
}

func (c *fakeConn) note(call string) error { return c.noted(c.number, call, call) }

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	if err := c.note("Prepare " + query); err != nil {
		return nil, err
	}
	s := &fakeStmt{c, query}
	if c.stmt != nil {
		return c.stmt(fullStmt{modernStmt{s}}), nil
	}
	return s, nil
}
func (c *fakeConn) Close() error              { return c.note("Close") }
func (c *fakeConn) Begin() (driver.Tx, error) { return c.newTx(), c.note("Begin") }

// fakeTx is a transaction of a connection, by its number. It can be ended once.
type fakeTx struct {
	c      *fakeConn
	number int
	ended  bool
}

var errEnded = errors.New("the transaction has ended")

func (c *fakeConn) newTx() driver.Tx {
	c.begun++
	return &fakeTx{c: c, number: c.begun}
}

func (t *fakeTx) Commit() error   { return t.end("Commit") }
func (t *fakeTx) Rollback() error { return t.end("Rollback") }

func (t *fakeTx) end(call string) error {
	if err := t.c.noted(t.c.number, call, fmt.Sprintf("%s %d", call, t.number)); err != nil {
		return err
	}
	if t.ended {
		return errEnded
	}
	t.ended = true
	return nil
}

// modern is a connection with all optional interfaces but the oldest.
type modern struct{ *fakeConn }

func (c modern) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	call := "ExecContext " + query + show(args)
	if err := c.note(call); err != nil {
		return nil, err
	}
	return &fakeResult{c.fakeConn, call}, nil
}

func (c modern) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.note("QueryContext " + query + show(args)); err != nil {
		return nil, err
	}
	return c.newRows(), nil
}

func (c modern) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	if err := c.note("PrepareContext " + query); err != nil {
		return nil, err
	}
	s := modernStmt{&fakeStmt{c.fakeConn, query}}
	if c.stmt != nil {
		return c.stmt(fullStmt{s}), nil
	}
	return s, nil
}

func (c modern) BeginTx(_ context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.note(fmt.Sprintf("BeginTx %d %v", opts.Isolation, opts.ReadOnly)); err != nil {
		return nil, err
	}
	return c.newTx(), nil
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
	return &fakeResult{c.fakeConn, call}, nil
}

func (c legacy) Query(query string, args []driver.Value) (driver.Rows, error) {
	if err := c.note(fmt.Sprintf("Query %s %v", query, args)); err != nil {
		return nil, err
	}
	return c.newRows(), nil
}

// both is a connection with the newest and the oldest interfaces.
type both struct {
	modern
	legacy
	*fakeConn
}

func show(args []driver.NamedValue) string {
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, " %s=%v", a.Name, a.Value)
	}
	return b.String()
}
