package sqlite_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"testing"

	"modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// beside is where the function writes_beside writes, through a connection of its own.
var beside *sql.DB

func init() {
	for name, f := range map[string]func() (sqldriver.Value, error){
		"reads_only": func() (sqldriver.Value, error) { return int64(1), nil },
		"writes_beside": func() (sqldriver.Value, error) {
			_, err := beside.Exec("INSERT INTO u (a) VALUES (77)")
			return int64(1), err
		},
		"fails": func() (sqldriver.Value, error) { return nil, errors.New("it fails") },
	} {
		sqlite.MustRegisterScalarFunction(name, 0, func(*sqlite.FunctionContext, []sqldriver.Value) (sqldriver.Value, error) { return f() })
	}
}

func TestSQLiteJudgesWhatNoTextShows(t *testing.T) {
	enginetest.Judge(t, engine(t), enginetest.Judged{
		Told:     true,
		Reads:    []string{"SELECT reads_only()", "SELECT id, reads_only() FROM t"},
		Settings: "PRAGMA query_only",
	})
}

// queryOnly demands the state of the switch.
func queryOnly(t *testing.T, conn *sql.Conn, when string, want int) {
	t.Helper()
	var on int
	if err := conn.QueryRowContext(ctx, "PRAGMA query_only").Scan(&on); err != nil || on != want {
		t.Errorf("%s, query_only is %d (%v), want %d", when, on, err, want)
	}
}

func TestQueryOnlyIsPutBack(t *testing.T) {
	for _, before := range []int{0, 1} {
		e := engine(t)
		conn, err := e.DB.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if before == 1 {
			if _, err := conn.ExecContext(ctx, "PRAGMA query_only = 1"); err != nil {
				t.Fatal(err)
			}
		}
		e.Set(t, sqlguard.ReadOnly)
		first, err := conn.QueryContext(ctx, "SELECT reads_only() FROM t")
		if err != nil {
			t.Fatal(err)
		}
		second, err := conn.QueryContext(ctx, "SELECT id, reads_only() FROM t")
		if err != nil {
			t.Fatal(err)
		}
		queryOnly(t, conn, "while rows are open", 1)
		first.Close()
		queryOnly(t, conn, "while the other rows are open", 1)
		second.Close()
		queryOnly(t, conn, "after the rows", before)
		if _, err := conn.ExecContext(ctx, "SELECT fails()"); err == nil {
			t.Error("a function that fails succeeds")
		}
		queryOnly(t, conn, "after an error", before)
		cancelled, cancel := context.WithCancel(ctx)
		rows, err := conn.QueryContext(cancelled, endless+" WHERE reads_only() = 1")
		if err != nil {
			t.Fatal(err)
		}
		rows.Next()
		cancel()
		for rows.Next() {
		}
		rows.Close()
		queryOnly(t, conn, "after a cancellation", before)
	}
}

func TestWhatAnApplicationsOwnFunctionDoesElsewhereIsOutOfReach(t *testing.T) {
	e := engine(t)
	beside = engine(t).DB // with a guard of its own, which is off
	e.Set(t, sqlguard.ReadOnly)
	if _, err := e.DB.Exec("SELECT writes_beside()"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := beside.QueryRow("SELECT count(*) FROM u WHERE a = 77").Scan(&n); err != nil || n != 1 {
		t.Errorf("it has written %d rows (%v); the package's documentation says that nobody sees that", n, err)
	}
}
