package sqlstore

import (
	"context"
	"database/sql"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// TestAProcessThatIsStoppedHoldsNobodyUp has a process stop in the middle of a transaction in which it has
// locked the mode.
func TestAProcessThatIsStoppedHoldsNobodyUp(t *testing.T) {
	dsn := testdb.MariaDB(t).Database(t)
	var stores [2]*Store // as two processes have them
	for n := range stores {
		db, err := sql.Open("mysql", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if stores[n], err = New(Config{DB: db, Dialect: MySQL}); err != nil {
			t.Fatal(err)
		}
	}
	s, ctx := stores[0], t.Context()
	if err := s.Init(ctx); err != nil {
		t.Fatal(err)
	}
	locked, goOn, over := make(chan error), make(chan bool), make(chan error)
	go func() {
		first := true
		over <- s.transaction(ctx, "heartbeat", func(q querier) error {
			_, err := s.readMode(ctx, q, lockMode)
			if first {
				first = false
				locked <- err
				<-goOn
			}
			return err
		})
	}()
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
	patient, cancel := context.WithTimeout(ctx, 40*time.Second) // less than MariaDB itself waits for a lock
	defer cancel()
	next := fleet.Mode{State: fleet.Open}
	if _, err := stores[1].Swap(patient, 1, next); err != nil {
		t.Errorf("the mode cannot be changed while a process is stopped: %v", err)
	}
	close(goOn)
	<-over // it may have tried again
}
