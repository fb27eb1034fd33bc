package driver_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// sqliteKeywords is the dialect keywords under a name whose texts the report can read.
type sqliteKeywords struct{ keywords }

func (sqliteKeywords) Name() string { return "sqlite" }

func observedPool(t *testing.T, f *fake) (*sqlguard.Guard, *sql.DB) {
	t.Helper()
	g := newGuard(t, sqlguard.Policy{})
	db, err := driver.OpenDB(f, driver.Config{Guard: g, Dialect: sqliteKeywords{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	set(t, g, sqlguard.Observe)
	return g, db
}

// saveOrder is a caller to be found in a report.
func saveOrder(ctx context.Context, on execer, id int) {
	on.ExecContext(ctx, fmt.Sprintf("INSERT INTO orders VALUES ( %d, 'secret' )", id))
}

func TestAProgramInObserveModeIsReported(t *testing.T) {
	f := &fake{}
	g, db := observedPool(t, f)
	ctx, cancel := context.WithCancel(sqlguard.WithLabel(context.Background(), "checkout"))
	defer cancel()
	for id := range 5 {
		saveOrder(ctx, db, id)
	}
	stmt, err := db.PrepareContext(ctx, "INSERT INTO lines VALUES ( ? )")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for range 3 {
		if _, err := stmt.ExecContext(ctx, 1); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.QueryContext(ctx, "SELECT unknown()")
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	db.Exec("EXPLODE 'secret'")
	mustRun(t, db, "SELECT 1")

	r := g.Report()
	var got []string
	for _, s := range r.Statements {
		got = append(got, fmt.Sprintf("%d× %s (%s, %s, %s) %v", s.Count, s.Fingerprint, s.Class, s.Would, s.Label, s.Groups))
	}
	want := []string{
		"5× INSERT INTO orders VALUES (?) (write, refuse, checkout) []",
		"3× INSERT INTO lines VALUES (?) (write, refuse, checkout) []",
		"1× SELECT unknown() (unproven, ask, checkout) [unproven]",
		"1× UNKNOWN #1c6006d6c51203f7 (write, refuse, ) [no_context not_understood]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	const here = "github.com/quiescehq/quiesce/driver_test."
	for i, function := range []string{"saveOrder", "TestAProgramInObserveModeIsReported"} {
		if c := r.Statements[i].Caller; !strings.HasPrefix(c, here+function+" (report_test.go:") {
			t.Errorf("the caller of %s is %q, want %s", r.Statements[i].Fingerprint, c, function)
		}
	}
}

func TestTheTransactionsOfAProgramAreReported(t *testing.T) {
	for _, tt := range []struct {
		says string
		do   func(ctx context.Context, t *testing.T, conn *sql.Conn)
	}{
		{"committed", func(ctx context.Context, t *testing.T, conn *sql.Conn) {
			tx := beginLabelled(ctx, t, conn)
			saveOrder(ctx, tx, 1)
			tx.Commit()
		}},
		{"rolled back", func(ctx context.Context, t *testing.T, conn *sql.Conn) {
			tx := beginLabelled(ctx, t, conn)
			saveOrder(ctx, tx, 1)
			tx.Rollback()
		}},
		{"begun and committed by text", func(ctx context.Context, t *testing.T, conn *sql.Conn) {
			for _, text := range []string{"BEGIN", "INSERT INTO orders VALUES (1)", "COMMIT"} {
				if _, err := conn.ExecContext(ctx, text); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"committed while rows are open", func(ctx context.Context, t *testing.T, conn *sql.Conn) {
			tx := beginLabelled(ctx, t, conn)
			rows, err := tx.QueryContext(ctx, "INSERT INTO orders VALUES (1) RETURNING id")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			tx.Commit()
		}},
	} {
		g, db := observedPool(t, &fake{})
		tt.do(sqlguard.WithLabel(context.Background(), "checkout"), t, pin(t, db))
		list := g.Report().Transactions
		if len(list) != 1 {
			t.Errorf("%s: %d transactions, want 1", tt.says, len(list))
			continue
		}
		got := list[0]
		if got.Op != sqlguard.OpInsert || len(got.Tables) != 1 || got.Tables[0].Name != "orders" || got.Label != "checkout" || got.Open || got.Took <= 0 {
			t.Errorf("%s: %+v", tt.says, got)
		}
		if !strings.Contains(got.Caller, "driver_test.TestTheTransactionsOfAProgramAreReported") {
			t.Errorf("%s: its caller is %q", tt.says, got.Caller)
		}
	}
}

func beginLabelled(ctx context.Context, t *testing.T, conn *sql.Conn) *sql.Tx {
	t.Helper()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestWhatActsWhenItIsPreparedIsReportedByItsOwnText(t *testing.T) {
	g, db := observedPool(t, &fake{})
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	mustRun(t, tx, "INSERT INTO orders VALUES (1)")
	stmt, err := tx.Prepare("PRAGMA query_only = 0")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for _, s := range g.Report().Statements {
		if s.Op == "PRAGMA" && s.Fingerprint == "PRAGMA query_only = ?" {
			return
		}
	}
	t.Errorf("it is not among %+v", g.Report().Statements)
}
