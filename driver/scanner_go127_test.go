//go:build go1.27

package driver_test

import (
	"database/sql"
	"database/sql/driver"
	"io"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/interfaces"
)

// scanner is what lets rows scan into the variables of their reader.
type scanner struct{ rows fullRows }

func (s scanner) NextRow() error {
	if err := s.rows.asked("RowsNextRow"); err != nil {
		return err
	}
	if s.rows.left == 0 {
		return io.EOF
	}
	s.rows.left--
	return nil
}

func (s scanner) ScanColumn(ctx driver.ScanContext, i int, dest any) error {
	if err := s.rows.asked("RowsScanColumn"); err != nil {
		return err
	}
	return sql.ConvertAssign(ctx, dest, []driver.Value{"scanned", []byte("bytes")}[i])
}

// scanning are the kinds of rows with a scanner: without any other interface, and with all.
var scanning = map[string]func(fullRows) driver.Rows{
	"a scanner": func(r fullRows) driver.Rows {
		return struct {
			driver.Rows
			scanner
		}{r.fakeRows, scanner{r}}
	},
	"a scanner and all else": func(r fullRows) driver.Rows {
		return struct {
			fullRows
			scanner
		}{r, scanner{r}}
	},
}

func TestRowsScanExactlyIfTheInnerOnesDo(t *testing.T) {
	for name, rows := range scanning {
		var inner driver.Rows
		f := &fake{rows: func(r fullRows) driver.Rows { inner = rows(r); return inner }}
		outer := queried(t, wrap(t, modern{&fakeConn{fake: f}}))
		if _, ok := inner.(driver.RowsColumnScanner); !ok {
			t.Errorf("%s: the rows of the test do not scan", name)
		}
		for _, wrong := range interfaces.Check(interfaces.Rows, inner, outer) {
			t.Errorf("%s: %s", name, wrong)
		}
		if unwrapped(outer) != inner {
			t.Errorf("%s: these are other rows", name)
		}
	}
}

func TestWithTheModeOffRowsThatScanAreNoDifferent(t *testing.T) {
	g := newGuard(t, nothing)
	for name, rows := range scanning {
		for _, s := range slices.Concat(rowsScenarios, scannerScenarios) {
			t.Run(name+": "+s.name, func(t *testing.T) {
				driver := func() *fake { return &fake{rows: rows, errs: s.errs, times: s.times} }
				s.compare(t, g, name, driver(), driver())
			})
		}
	}
}

// scannerScenarios are more for rows that scan.
var scannerScenarios = []scenario{
	{name: "a column that fails", errs: failing(errDriver, "RowsScanColumn"), run: queryOnce},
	{name: "a row that fails", errs: failing(errDriver, "RowsNextRow"), run: queryOnce},
	{name: "a row whose connection is lost", errs: failing(errBadConn, "RowsNextRow"), run: queryTwice},
}
