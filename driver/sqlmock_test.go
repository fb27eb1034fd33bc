package driver_test

import (
	"database/sql"
	"testing"

	"github.com/DATA-DOG/go-sqlmock"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// mock returns a guarded pool over a mock, which finds its expectations by the DSN.
func mock(t *testing.T, g *sqlguard.Guard) (*sql.DB, sqlmock.Sqlmock) {
	t.Helper()
	dsn := t.Name()
	bare, expect, err := sqlmock.NewWithDSN(dsn, sqlmock.QueryMatcherOption(sqlmock.QueryMatcherEqual))
	if err != nil {
		t.Fatal(err)
	}
	db, err := guarded.Open("sqlmock", dsn, guarded.Config{Guard: g, Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		expect.ExpectClose()
		db.Close()
		expect.ExpectClose()
		bare.Close()
		if err := expect.ExpectationsWereMet(); err != nil {
			t.Error(err)
		}
	})
	return db, expect
}

func TestAMockSeesNoCallForARefusedStatement(t *testing.T) {
	g := newGuard(t, nothing)
	db, expect := mock(t, g)
	set(t, g, sqlguard.ReadOnly)
	mustRefuse(t, db, write)
	expect.ExpectQuery("SELECT 1").WillReturnRows(sqlmock.NewRows([]string{"c"}).AddRow("row"))
	var row string
	if err := db.QueryRow("SELECT 1").Scan(&row); err != nil || row != "row" {
		t.Errorf("a read gave %q, %v", row, err)
	}
	set(t, g, sqlguard.Off)
	expect.ExpectExec(write).WillReturnResult(sqlmock.NewResult(1, 1))
	mustRun(t, db, write)
}

func TestAMockSeesBeginAndRollbackForATransactionWithARefusal(t *testing.T) {
	g := newGuard(t, nothing)
	db, expect := mock(t, g)
	set(t, g, sqlguard.ReadOnly)
	expect.ExpectBegin()
	expect.ExpectRollback()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, tx, write)
	blocked := refused(t, "commit", tx.Commit())
	if blocked.Op != "COMMIT" || len(blocked.Tables) != 1 {
		t.Errorf("the commit was refused with %+v, want the operation COMMIT and the table of the refused statement", blocked)
	}
}
