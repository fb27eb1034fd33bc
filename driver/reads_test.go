package driver_test

import (
	"context"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// engineError is what PostgreSQL answers to a write in a read-only transaction.
type engineError struct{}

func (engineError) Error() string    { return "cannot execute in a read-only transaction" }
func (engineError) SQLState() string { return "25006" }

// A view may write, which its reader's text does not show.
func TestAReadThatTheEngineRefusesIsARefusal(t *testing.T) {
	const query = "SELECT v"
	ctx := context.Background()
	for _, call := range []string{"QueryContext", "ExecContext"} {
		f := &fake{errs: map[string]error{call + " " + query: engineError{}}}
		g := newGuard(t, nothing)
		db := open(t, f, g)
		set(t, g, sqlguard.ReadOnly)
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if call == "ExecContext" {
			_, err = tx.ExecContext(ctx, query)
		} else {
			_, err = tx.QueryContext(ctx, query)
		}
		if err != (engineError{}) {
			t.Errorf("%s: %v, want the engine's own error", call, err)
		}
		if n := g.Counts().Rejected; n != 1 {
			t.Errorf("%s: %d refusals, want 1", call, n)
		}
		refused(t, call+", COMMIT", tx.Commit())
		nothingOpen(t, g)
	}
}
