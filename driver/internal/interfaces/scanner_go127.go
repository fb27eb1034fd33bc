//go:build go1.27

package interfaces

import "database/sql/driver"

func init() {
	// database/sql calls either NextRow or Next, so it cannot be emulated.
	Table = append(Table, of[driver.RowsColumnScanner]("RowsColumnScanner", Rows, Exactly, "NextRow", "Rows", "ScanColumn"))
}
