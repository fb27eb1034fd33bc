package driver

import (
	"database/sql/driver"
	"io"

	"github.com/quiescehq/quiesce/sqlguard"
)

// dropped is the result of a statement that was dropped: nothing affected.
// driver.ResultNoRows would not do, because its methods fail.
type dropped struct{}

func (dropped) LastInsertId() (int64, error) { return 0, nil }
func (dropped) RowsAffected() (int64, error) { return 0, nil }

// noRows are the rows of a query that was dropped: none, and no columns.
type noRows struct{}

func (noRows) Columns() []string         { return nil }
func (noRows) Close() error              { return nil }
func (noRows) Next([]driver.Value) error { return io.EOF }

// resultOf returns the result of a statement that did not pass.
func resultOf(d sqlguard.Decision) driver.Result {
	if d == sqlguard.Drop {
		return dropped{}
	}
	return nil
}

// rowsOf returns the rows of a query that did not pass.
func rowsOf(d sqlguard.Decision) driver.Rows {
	if d == sqlguard.Drop {
		return noRows{}
	}
	return nil
}

// inert is a statement that is dropped before it is prepared.
type inert struct{}

func (inert) Close() error                               { return nil }
func (inert) NumInput() int                              { return -1 }
func (inert) Exec([]driver.Value) (driver.Result, error) { return dropped{}, nil }
func (inert) Query([]driver.Value) (driver.Rows, error)  { return noRows{}, nil }
