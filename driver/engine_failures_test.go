package driver_test

import (
	"context"
	"strings"
	"testing"
)

func TestWhatFailsAroundTheGuardsOwnTransaction(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		name  string
		fails string
		err   error
		asked string
		conns int // after the next use of the pool
	}{
		{"the query's own error comes back, and the transaction ends", "ExecContext SELECT unknown()", errDriver,
			"BEGIN READ ONLY, SELECT unknown(), ROLLBACK", 1},
		{"an error of its beginning comes back, and nothing runs", "ExecContext BEGIN READ ONLY", errDriver,
			"BEGIN READ ONLY", 1},
		{"a beginning that was given up may have begun", "ExecContext BEGIN READ ONLY", context.Canceled,
			"BEGIN READ ONLY, ROLLBACK", 1},
		{"a rollback that fails costs the connection", "ExecContext ROLLBACK", errDriver,
			"BEGIN READ ONLY, SELECT unknown(), ROLLBACK", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{errs: map[string]error{test.fails: test.err}}
			s := play(t, f, armable, nothing, nil)
			s.run("read-only")
			_, err := s.conn.ExecContext(ctx, "SELECT unknown()")
			if strings.HasSuffix(test.fails, "ROLLBACK") {
				if err != nil {
					t.Errorf("the query succeeded, and its error is %v", err)
				}
				s.run("off\nINSERT INTO t !\nbegin !")
			} else if err != test.err {
				t.Errorf("got %v, want the driver's error", err)
			}
			if got := asked(f); !strings.HasPrefix(got, test.asked) {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
			s.run("return\noff\nINSERT INTO t")
			if f.connections() != test.conns {
				t.Errorf("%d connections were opened, want %d", f.connections(), test.conns)
			}
		})
	}
}

func TestARefusalAfterARollbackThatFailedSaysSo(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": errDriver}}
	s := play(t, f, armable, nothing, nil)
	s.run("read-only\nSELECT unknown()\noff")
	const want = "a read-only transaction of the guard's own could not be ended on this connection, so it can only be rolled back"
	if err := mustRefuse(t, s.conn, "INSERT INTO t"); err.Why != want {
		t.Errorf("a write is refused because %s", err.Why)
	}
}

func TestWhatWasBegunUnseenAndCannotBeRolledBackIsNotCommittedInPassing(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext ROLLBACK": errDriver}}
	s := play(t, f, unarmed, nothing, nil)
	s.run("BEGIN\nINSERT INTO t\nread-only")
	if err := s.step("SELECT unknown()"); err != errDriver {
		t.Errorf("got %v, want the driver's error", err)
	}
	f.errs = nil
	s.run("COMMIT !")
	if got := asked(f); got != "BEGIN, INSERT INTO t, ROLLBACK, ROLLBACK" {
		t.Errorf("the driver was asked: %s", got)
	}
}

func TestACancelledQueryEndsTheGuardsOwnTransaction(t *testing.T) {
	for _, at := range []string{"BEGIN READ ONLY", "SELECT unknown()", "RowsNext", "RowsClose"} {
		ctx, cancel := context.WithCancel(context.Background())
		f := &fake{}
		s := play(t, f, armable, nothing, nil)
		s.run("read-only")
		f.onCall = func(call string) {
			if strings.HasSuffix(call, at) {
				cancel()
			}
		}
		if rows, err := s.conn.QueryContext(ctx, "SELECT unknown()"); err == nil {
			for rows.Next() {
			}
			rows.Close()
		}
		cancel()
		s.conn.Close() // waits for the rows
		got := asked(f)
		if !strings.HasPrefix(got, "BEGIN READ ONLY, SELECT unknown()") || !strings.HasSuffix(got, "rows closed, ROLLBACK") {
			t.Errorf("cancelled at %s, the driver was asked: %s", at, got)
		}
	}
}
