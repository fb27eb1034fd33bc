package pgx_test

import (
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheDocumentedWayToCopyAsksTheGuard(t *testing.T) {
	e := engine(t, "")
	count := func() (n int) {
		t.Helper()
		if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a > 7").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := copyInto(ctx, e.DB, e.Guard, "u", "a", 8, 9); err != nil || count() != 2 {
		t.Fatalf("with the mode off: %v, and %d rows; want 2", err, count())
	}
	e.Set(t, sqlguard.ReadOnly)
	enginetest.Refused(t, "in read-only mode", copyInto(ctx, e.DB, e.Guard, "u", "a", 10))
	// Who does not ask is stopped by the engine, in the transaction that the guard asked for.
	open, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := copyInto(ctx, e.DB, open, "u", "a", 11); !sqlguard.IsReadOnly(err) {
		t.Errorf("asking another guard gives %v, want the server's read-only error", err)
	}
	_, err = e.DB.Exec("COPY u (a) FROM STDIN")
	enginetest.Refused(t, "COPY as text", err)
	if n := count(); n != 2 {
		t.Errorf("there are %d rows, want 2", n)
	}
}
