package driver_test

import (
	"context"
	"database/sql/driver"
)

// bareConn is an inner connection without any optional interface; the generated
// composeBare adds them. What it is asked to do goes into calls.
type bareConn struct {
	calls *[]string
}

func (c *bareConn) note(call string) {
	if c.calls != nil {
		*c.calls = append(*c.calls, call)
	}
}

func (c *bareConn) Prepare(query string) (driver.Stmt, error) {
	c.note("Prepare " + query)
	return bareStmt{c}, nil
}

func (c *bareConn) Close() error { c.note("Close"); return nil }

func (c *bareConn) Begin() (driver.Tx, error) {
	c.note("Begin")
	return bareTx{c}, nil
}

type bareTx struct{ c *bareConn }

func (t bareTx) Commit() error   { t.c.note("Commit"); return nil }
func (t bareTx) Rollback() error { t.c.note("Rollback"); return nil }

type bareStmt struct{ c *bareConn }

func (s bareStmt) Close() error  { s.c.note("stmt Close"); return nil }
func (s bareStmt) NumInput() int { return -1 }

func (s bareStmt) Exec([]driver.Value) (driver.Result, error) {
	s.c.note("stmt Exec")
	return driver.RowsAffected(1), nil
}

func (s bareStmt) Query([]driver.Value) (driver.Rows, error) {
	s.c.note("stmt Query")
	return emptyRows{}, nil
}

// The optional interfaces of a connection, each for itself.
type (
	bareExec     struct{}
	bareQuery    struct{}
	bareReset    struct{}
	bareValidate struct{}
	bareCheck    struct{}
	barePing     struct{}
	barePrepare  struct{}
	bareBegin    struct{}

	bareLegacyExec  struct{}
	bareLegacyQuery struct{}
)

func (bareExec) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

func (bareQuery) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return emptyRows{}, nil
}

func (bareReset) ResetSession(context.Context) error       { return nil }
func (bareValidate) IsValid() bool                         { return true }
func (bareCheck) CheckNamedValue(*driver.NamedValue) error { return nil }
func (barePing) Ping(context.Context) error                { return driver.ErrBadConn }
func (bareBegin) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return bareTx{&bareConn{}}, nil
}

func (barePrepare) PrepareContext(context.Context, string) (driver.Stmt, error) {
	return bareStmt{&bareConn{}}, nil
}

func (bareLegacyExec) Exec(string, []driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

func (bareLegacyQuery) Query(string, []driver.Value) (driver.Rows, error) { return emptyRows{}, nil }
