package driver_test

import (
	"context"
	sqldriver "database/sql/driver"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Some drivers (pgx) do not tell the pool that a connection is lost, and then it lies there
// until it is used again.
func TestADrainDoesNotWaitForWhatCanOnlyBeRolledBackOnAConnectionInThePool(t *testing.T) {
	for _, test := range []struct {
		name  string
		fails string
		steps string
	}{
		{"a transaction of the guard's own", "ExecContext ROLLBACK", "read-only\nSELECT unknown()"},
		{"one with a refusal in it", "Rollback", "begin\nINSERT INTO t\nread-only\nINSERT INTO t !"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{errs: failing(errDriver, test.fails)}
			s := play(t, f, armable, nothing, nil)
			s.run(test.steps)
			if s.tx != nil && s.step("rollback") != errDriver {
				t.Error("the rollback did not fail")
			}
			s.conn.Close()
			set(t, s.guard, sqlguard.Off)
			set(t, s.guard, sqlguard.ReadOnly)
			if got := waiting(t, s.guard); got != "" {
				t.Errorf("open is %q", got)
			}
		})
	}
}

func TestATransactionIsEndedTwice(t *testing.T) {
	f := &fake{}
	db, err := driver.OpenDB(f, driver.Config{Guard: newGuard(t, nothing), Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = pin(t, db).Raw(func(c any) error {
		tx, err := c.(sqldriver.ConnBeginTx).BeginTx(context.Background(), sqldriver.TxOptions{})
		if err != nil {
			return err
		}
		if err := tx.Rollback(); err != nil {
			return err
		}
		if err := tx.Commit(); err != errEnded {
			t.Errorf("got %v, want the driver's error", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
