package driver_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// TestFlipsWhileStatementsRun flips thousands of times under statements of all
// kinds. Its worth is under the race detector; and each call must either succeed
// or be refused by the guard.
func TestFlipsWhileStatementsRun(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	db := open(t, f, g)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	stmt, err := db.Prepare(write)
	if err != nil {
		t.Fatal(err)
	}
	conn := pin(t, db)
	exec := func(on execer, texts ...string) error {
		for _, text := range texts {
			if _, err := on.ExecContext(context.Background(), text); err != nil && !errors.Is(err, sqlguard.ErrReadOnly) {
				return err
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	for _, work := range []func() error{
		func() error { return exec(db, write, "SELECT 1") },
		func() error { return exec(conn, "BEGIN", write, "COMMIT") },
		func() error { _, err := stmt.Exec(); return err },
		func() error {
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			werr := exec(tx, write)
			return errors.Join(werr, tx.Commit())
		},
	} {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := work(); err != nil && !errors.Is(err, sqlguard.ErrReadOnly) {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5000 {
		set(t, g, sqlguard.ReadOnly)
		set(t, g, sqlguard.Off)
	}
	stop()
	wg.Wait()
	f.take()
	mustRun(t, db, write)
	sent(t, f, "ExecContext "+write)
}
