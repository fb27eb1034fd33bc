package enginetest

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Quiet demands that refusals, by the thousand, reach nobody: no connection is opened
// or lost, nothing is written to the server, and its log stays as it is. e.DB must be on
// w, and not ask the server whether connections still work. log returns what the server
// logged of the pool's sessions since it was last called.
func Quiet(t *testing.T, e *Engine, w *Wire, log func() []string) {
	ctx := context.Background()
	e.DB.SetMaxOpenConns(2)
	e.DB.SetMaxIdleConns(2)
	if _, err := e.DB.Exec(e.Insert); err != nil {
		t.Fatal(err)
	}
	if w.Connections.Load() == 0 || w.Writes.Load() == 0 || len(log()) == 0 {
		t.Fatal("an insert with the mode off was not seen on the wire and in the log")
	}
	// MariaDB refuses to prepare a write in a read-only transaction, so this one is older.
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	inTx, err := tx.Prepare(e.Insert)
	if err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	stmt, err := e.DB.Prepare(e.Insert)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	// What was used while the mode was off is rolled back once, where the driver cannot
	// tell whether a transaction is open.
	for range 2 {
		_, err = e.DB.Exec(e.Insert)
		Refused(t, "an insert", err)
	}
	log()
	sessions, connections, writes := e.sessions(), w.Connections.Load(), w.Writes.Load()

	const refusals = 1000
	for i := range refusals {
		var what string
		var rows *sql.Rows
		switch i % 6 {
		case 0:
			what = "Exec"
			_, err = e.DB.ExecContext(ctx, e.Insert)
		case 1:
			what = "Query"
			rows, err = e.DB.QueryContext(ctx, e.Insert)
		case 2:
			what = "a prepared Exec"
			_, err = stmt.ExecContext(ctx)
		case 3:
			what = "a prepared Query"
			rows, err = stmt.QueryContext(ctx)
		case 4:
			what = "Exec in a transaction"
			_, err = tx.ExecContext(ctx, e.Insert)
		case 5:
			what = "a prepared Exec in a transaction"
			_, err = inTx.ExecContext(ctx)
		}
		if err == nil && rows != nil {
			rows.Close()
		}
		if Refused(t, what, err); t.Failed() {
			t.FailNow()
		}
	}
	if n := w.Connections.Load() - connections; n != 0 {
		t.Errorf("%d connections were opened", n)
	}
	if n := w.Writes.Load() - writes; n != 0 {
		t.Errorf("the server was written to %d times", n)
	}
	if lines := log(); len(lines) != 0 {
		t.Errorf("the server logged %q", lines)
	}
	if now := e.sessions(); fmt.Sprint(now) != fmt.Sprint(sessions) || len(now) != 2 {
		t.Errorf("the server's sessions are %v, and were %v", now, sessions)
	}
	Refused(t, "the commit", tx.Commit())
}
