package pgx_test

import (
	"sync"
	"testing"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/sqlguard"
)

// several is an answer that no buffer of pgx's holds, so that the connection stays busy with it.
const several = "INSERT INTO u (a) SELECT 80 FROM generate_series(1, 100000) RETURNING a"

// closer closes the rows that it scans, as pgx lets it.
type closer struct{}

func (closer) ScanRow(rows jackc.Rows) error {
	rows.Close()
	return nil
}

func TestRowsEndNoneButThemselves(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
		e, pool := native(t, "")
		e.Set(t, mode)
		conn, err := pool.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		first, err := conn.Query(ctx, "SELECT f_r() FROM generate_series(1, 3)")
		if err != nil || !first.Next() || first.Scan(closer{}) != nil {
			t.Fatal(err, first.Err())
		}
		second, err := conn.Query(ctx, "SELECT id FROM t, f_r()")
		if err != nil {
			t.Fatal(err)
		}
		first.Close()
		if got, err := jackc.CollectRows(second, jackc.RowTo[int]); err != nil || len(got) != 2 {
			t.Errorf("%s: the second query gives %v, %v", mode, got, err)
		}
		if status := conn.Unwrap().PgConn().TxStatus(); status != 'I' {
			t.Errorf("%s: at the end the status of the connection is %c", mode, status)
		}
		conn.Release()
		e.Set(t, sqlguard.ReadOnly)
		if p := e.Guard.Pending(); len(p.Open) > 0 || len(p.Unknown) > 0 {
			t.Errorf("%s: pending: %v", mode, p)
		}
	}
}

func TestAStatementBesideOpenRowsDoesNotEndThemUnderTheNet(t *testing.T) {
	e, pool := netted(t)
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, several)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "SELECT 1"); err == nil {
		t.Fatal("the connection is not busy")
	}
	e.Set(t, sqlguard.ReadOnly)
	if open := e.Guard.Pending().Open; len(open) != 1 {
		t.Errorf("%v is open, want one", open)
	}
	rows.Close()
	if p := e.Guard.Pending(); len(p.Open) > 0 || len(p.Unknown) > 0 {
		t.Errorf("pending: %v", p)
	}
}

func TestFailuresOfSeveralGoroutinesAreTheirOwn(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
		e, pool := native(t, "&default_query_exec_mode=simple_protocol")
		e.Set(t, mode)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 50 {
					rows, err := pool.Query(ctx, "SELECT nothing")
					if err == nil || rows == nil || rows.Err() != err {
						t.Errorf("%s: %v, %v", mode, rows, err)
					}
				}
			})
		}
		all.Wait()
	}
}

func TestTheRowsOfAFailureAreThoseOfPgxpool(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
		for _, text := range []string{"SELECT nothing", "UPDATE nothing SET nothing = 1"} {
			e, pool := native(t, "")
			e.Set(t, mode)
			rows, err := pool.Query(ctx, text)
			if got := rows.Scan(nil); err == nil || got != err {
				t.Errorf("%s: %s: Scan returns %v, want %v", mode, text, got, err)
			}
			if got, scanned := rows.Values(); got != nil || scanned != err {
				t.Errorf("%s: %s: Values returns %v, %v", mode, text, got, scanned)
			}
			if rows.FieldDescriptions() != nil || rows.RawValues() != nil || rows.Next() || rows.Conn() != nil {
				t.Errorf("%s: %s: there are columns, values, a row or a connection", mode, text)
			}
		}
	}
}

func TestAFailureHasNoCommandTag(t *testing.T) {
	e, pool := native(t, "")
	e.Set(t, sqlguard.Observe)
	for _, rewritten := range []string{"SELECT 7", ""} {
		tag, err := pool.Exec(ctx, "SELECT nothing", rewriter(rewritten))
		if (err == nil) != (tag.String() == "SELECT 1") {
			t.Errorf("%q, %v", tag, err)
		}
	}
}
