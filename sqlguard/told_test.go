package sqlguard_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// teller notes with which contexts it is told of statements.
type teller struct{ contexts []context.Context }

func (l *teller) Observe(ctx context.Context, e sqlguard.Event) {
	if e.Kind != sqlguard.Flipped {
		l.contexts = append(l.contexts, ctx)
	}
}

type keyOf struct{}

func TestWhatAStatementWithoutAContextDidItsTransactionsContextIsTold(t *testing.T) {
	type exec = func(t *testing.T, db *sql.DB, request, other context.Context) error
	begin := func(t *testing.T, db *sql.DB, ctx context.Context) *sql.Tx {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		return tx
	}
	const update = "UPDATE orders SET n = 1"
	for name, test := range map[string]struct {
		exec exec
		want any // the key's value
	}{
		"in a request's transaction": {func(t *testing.T, db *sql.DB, request, _ context.Context) error {
			_, err := begin(t, db, request).Exec(update)
			return err
		}, "request"},
		"in one, with a context of its own": {func(t *testing.T, db *sql.DB, request, other context.Context) error {
			_, err := begin(t, db, request).ExecContext(other, update)
			return err
		}, "other"},
		"in nobody's transaction": {func(t *testing.T, db *sql.DB, _, _ context.Context) error {
			_, err := begin(t, db, context.Background()).Exec(update)
			return err
		}, nil},
		"after a request's transaction": {func(t *testing.T, db *sql.DB, request, _ context.Context) error {
			if err := begin(t, db, request).Rollback(); err != nil {
				t.Fatal(err)
			}
			_, err := db.Exec(update)
			return err
		}, nil},
	} {
		for _, mode := range []sqlguard.Mode{sqlguard.Observe, sqlguard.ReadOnly} {
			t.Run(name+", "+mode.String(), func(t *testing.T) {
				told := &teller{}
				guard, err := sqlguard.New(sqlguard.Config{Observer: told})
				if err != nil {
					t.Fatal(err)
				}
				db := openShop(guard)
				t.Cleanup(func() { db.Close() })
				if err := guard.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
					t.Fatal(err)
				}
				request, recorder := sqlguard.WithRecorder(context.WithValue(t.Context(), keyOf{}, "request"))
				other := context.WithValue(t.Context(), keyOf{}, "other")
				err = test.exec(t, db, request, other)
				if refused := mode == sqlguard.ReadOnly; sqlguard.IsReadOnly(err) != refused {
					t.Errorf("refused, or not: %v", err)
				}
				if len(told.contexts) != 1 || told.contexts[0].Value(keyOf{}) != test.want {
					t.Errorf("told %v, not once %v", told.contexts, test.want)
				}
				noted := recorder.Blocked() != nil
				if want := mode == sqlguard.ReadOnly && test.want == "request"; noted != want {
					t.Errorf("the request's recorder has it: %t, not %t", noted, want)
				}
			})
		}
	}
}

// TestATransactionsBypassIsNotItsStatements checks that a bypass is asked for where the write is.
func TestATransactionsBypassIsNotItsStatements(t *testing.T) {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db := openShop(guard)
	defer db.Close()
	if err := guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(sqlguard.WithBypass(t.Context(), "a test"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("DELETE FROM orders"); !sqlguard.IsReadOnly(err) {
		t.Errorf("it passed: %v", err)
	}
}
