package verify_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

func TestVerifyingASQLiteFile(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run("with journal_mode "+mode, func(t *testing.T) {
			s := newSite(t, "sqlite", verify.SQLite, filepath.Join(t.TempDir(), "site.db")+"?_pragma=journal_mode("+mode+")",
				`CREATE TABLE t (a int)`)
			t.Run("that nobody writes to is quiet", func(t *testing.T) { wantQuiet(t, s.verify(t)) })
			t.Run("that is read from is quiet", func(t *testing.T) {
				s.session(t, `BEGIN`, `SELECT * FROM t`)
				wantQuiet(t, s.verify(t))
			})
			t.Run("that is written between the looks has moved", func(t *testing.T) {
				wantMoved(t, s.meanwhile(t, func() { s.session(t, `INSERT INTO t VALUES (1)`) }), "main", "another connection has committed")
			})
			t.Run("that has an open writer is not quiet", func(t *testing.T) {
				writer := s.session(t, `BEGIN`, `INSERT INTO t VALUES (1)`)
				wantWriter(t, s.verify(t), verify.HoldsLock, "write lock")
				do(t, writer, `ROLLBACK`)
			})
			t.Run("and the write lock is given back", func(t *testing.T) { s.session(t, `INSERT INTO t VALUES (2)`) })
		})
	}
}

func TestWaitGoesOnUntilTheDatabaseIsQuiet(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite", verify.SQLite, filepath.Join(t.TempDir(), "site.db"), `CREATE TABLE t (a int)`)
	writer := s.session(t, `BEGIN`, `INSERT INTO t VALUES (1)`)
	var seen []verify.Report
	report, err := s.verifier(t).Wait(t.Context(), func(r verify.Report) {
		seen = append(seen, r)
		if len(seen) == 2 {
			do(t, writer, `COMMIT`)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantQuiet(t, report)
	if first := seen[0]; first.Quiet || first.StillSeconds != 0 || len(first.Writers) != 1 {
		t.Errorf("the first look named nobody, or more than it can: %s", first)
	}
	if !seen[2].Writers[0].Ended || seen[2].Quiet {
		t.Errorf("want the writer that has ended: %s", seen[2])
	}
}

func TestWaitReturnsTheLastReportWhenTheContextEnds(t *testing.T) {
	s := newSite(t, "sqlite", verify.SQLite, filepath.Join(t.TempDir(), "site.db"), `CREATE TABLE t (a int)`)
	s.session(t, `BEGIN`, `INSERT INTO t VALUES (1)`)
	ctx, cancel := context.WithCancel(t.Context())
	report, err := s.verifier(t).Wait(ctx, func(verify.Report) { cancel() })
	if !errors.Is(err, verify.ErrNotQuiet) || !errors.Is(err, context.Canceled) || report.Quiet || len(report.Writers) != 1 {
		t.Errorf("error %v, report %s", err, report)
	}
}
