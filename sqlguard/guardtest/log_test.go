package guardtest_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/guardtest"
)

// rows returns how many orders there are.
func rows(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRow("SELECT count(*) FROM orders").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestALogListsWhatWouldBeRefusedOrIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		listen  func(testing.TB, guardtest.Config) *guardtest.Log
		refused bool
	}{
		"observed":  {guardtest.Observe, false},
		"read-only": {guardtest.ReadOnly, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard, db := newPool(t)
			tb := &fakeTB{TB: t}
			log := test.listen(tb, guardtest.Config{Guard: guard})
			for _, statement := range []string{insert, count, insert, "SELECT n FROM orders"} {
				_, err := db.ExecContext(log.Context(t.Context()), statement)
				if want := test.refused && statement == insert; errors.Is(err, sqlguard.ErrReadOnly) != want || err != nil && !want {
					t.Errorf("%s: %v", statement, err)
				}
			}
			if n := rows(t, db); (n == 0) != test.refused {
				t.Errorf("%d rows", n)
			}
			if _, err := db.Exec("UPDATE orders SET n = 1"); errors.Is(err, sqlguard.ErrReadOnly) != test.refused {
				t.Error(err)
			}
			if guard.Writable(t.Context()) != nil != test.refused {
				t.Error("the guard is not what it should be")
			}
			tb.end()
			if err := guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(insert); !errors.Is(err, sqlguard.ErrReadOnly) { // but is not listed any more
				t.Error(err)
			}
			list := log.Findings()
			want := 2
			if test.refused {
				want++ // of Writable, which observe mode has nothing to say of
			}
			if len(list) != want {
				t.Fatalf("listed %d, not %d:\n%s", len(list), want, log)
			}
			if f := list[0]; f.Op != sqlguard.OpInsert || f.Count != 2 || f.NoContext || f.Refused != test.refused {
				t.Errorf("first: %+v", f)
			}
			if f := list[1]; f.Op != sqlguard.OpUpdate || f.Count != 1 || !f.NoContext || f.Refused != test.refused {
				t.Errorf("second: %+v", f)
			}
		})
	}
}

func TestLogsOfOneGuardKeepToTheirContexts(t *testing.T) {
	t.Parallel()
	guard, db := newPool(t)
	one := guardtest.Observe(t, guardtest.Config{Guard: guard})
	other := guardtest.Observe(t, guardtest.Config{Guard: guard, ContextOnly: true})
	for _, ctx := range []context.Context{one.Context(t.Context()), t.Context(), other.Context(t.Context()), other.Context(t.Context())} {
		if _, err := db.ExecContext(ctx, insert); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		log  *guardtest.Log
		want int
	}{"every context but another's": {one, 2}, "its own contexts alone": {other, 2}} {
		n := 0
		for _, f := range test.log.Findings() {
			n += f.Count
		}
		if n != test.want {
			t.Errorf("%s: %d statements, not %d:\n%s", name, n, test.want, test.log)
		}
	}
}
