//go:build go1.27

package driver

import "database/sql/driver"

// scanningRows are rows whose inner ones scan for themselves: database/sql calls
// NextRow in place of Next on them.
type scanningRows struct{ *rows }

var _ driver.RowsColumnScanner = scanningRows{}

// composeRows adds to r the interface that cannot be emulated, where it is there.
func composeRows(r *rows) driver.Rows {
	if _, ok := r.inner.(driver.RowsColumnScanner); ok {
		return scanningRows{r}
	}
	return r
}

func (r scanningRows) NextRow() error {
	return r.ended(r.inner.(driver.RowsColumnScanner).NextRow())
}

func (r scanningRows) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.inner.(driver.RowsColumnScanner).ScanColumn(ctx, index, dest)
}
