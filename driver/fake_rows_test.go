package driver_test

import (
	"database/sql/driver"
	"io"
	"reflect"
)

// fakeRows are two sets of rows without optional interfaces, fullRows the same with all. The
// first set is one row of one column, the second is two of two.
type (
	fakeRows struct {
		c    *fakeConn
		set  int
		left int
	}
	fullRows struct{ *fakeRows }
)

// newRows returns the rows of a query.
func (c *fakeConn) newRows() driver.Rows {
	r := &fakeRows{c: c, left: 1}
	if c.rows != nil {
		return c.rows(fullRows{r})
	}
	return r
}

func (r *fakeRows) asked(call string) error { return r.c.traced(r.c.number, call) }

func (r *fakeRows) Columns() []string { return []string{"c", "d"}[:r.set+1] }
func (r *fakeRows) Close() error      { return r.asked("RowsClose") }

func (r *fakeRows) Next(dest []driver.Value) error {
	if err := r.asked("RowsNext"); err != nil {
		return err
	}
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	copy(dest, []driver.Value{"row", []byte("bytes")}[:r.set+1])
	return nil
}

// These are optional interfaces of rows, without the methods that all rows have.
type (
	nextResultSet interface {
		HasNextResultSet() bool
		NextResultSet() error
	}
	columnTypeScanType         interface{ ColumnTypeScanType(int) reflect.Type }
	columnTypeDatabaseTypeName interface{ ColumnTypeDatabaseTypeName(int) string }
	columnTypeLength           interface{ ColumnTypeLength(int) (int64, bool) }
	columnTypeNullable         interface{ ColumnTypeNullable(int) (bool, bool) }
	columnTypePrecisionScale   interface {
		ColumnTypePrecisionScale(int) (int64, int64, bool)
	}
)

func (r fullRows) HasNextResultSet() bool {
	return r.asked("RowsHasNextResultSet") != nil || r.set == 0
}

func (r fullRows) NextResultSet() error {
	if err := r.asked("RowsNextResultSet"); err != nil {
		return err
	}
	if r.set == 1 {
		return io.EOF
	}
	r.set, r.left = 1, 2
	return nil
}

func (r fullRows) ColumnTypeScanType(int) reflect.Type        { return reflect.TypeFor[fakeRows]() }
func (r fullRows) ColumnTypeDatabaseTypeName(int) string      { return "TYPE" }
func (r fullRows) ColumnTypeLength(int) (int64, bool)         { return 7, true }
func (r fullRows) ColumnTypeNullable(int) (nullable, ok bool) { return true, true }
func (r fullRows) ColumnTypePrecisionScale(int) (precision, scale int64, ok bool) {
	return 9, 3, true
}

// emptyRows are rows that need no memory.
type emptyRows struct{}

func (emptyRows) Columns() []string         { return nil }
func (emptyRows) Close() error              { return nil }
func (emptyRows) Next([]driver.Value) error { return io.EOF }
