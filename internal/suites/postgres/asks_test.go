//go:build cgo

package postgres

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// TestTheReplayAsksAServerAndChangesItOnce has statements that fail unless each one before was
// executed exactly once, and read-write in the end.
func TestTheReplayAsksAServerAndChangesItOnce(t *testing.T) {
	const script = `
		CREATE TABLE t (a int); -- refused
		INSERT INTO t VALUES (1); -- refused
		SELECT 1 / (count(*) - 1) FROM t; -- fails
		SELECT * FROM t; -- runs
		BEGIN; -- runs
		INSERT INTO t VALUES (2); -- refused
		SELECT 1; -- runs
		INSERT INTO t VALUES (3); -- refused
		COMMIT; -- runs
		SELECT 1 / (count(*) - 3) FROM t; -- fails
		COPY t FROM STDIN; -- refused
4
\.
		SELECT 1 / (count(*) - 4) FROM t; -- fails
		BEGIN; -- runs
		DECLARE c CURSOR FOR SELECT 1; -- runs
		CLOSE c; -- runs
		ROLLBACK; -- runs
		CREATE TEMPORARY TABLE tt (a int); -- refused
		INSERT INTO tt VALUES (1); -- runs, and is set aside
		CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; -- refused
		SELECT f(); -- runs, and is set aside
		SELECT count(*) AS n FROM t \gset
		SELECT 1 / (:n - 4); -- fails; the one before runs
		DO 'BEGIN END'; -- is counted apart
		CREATE DATABASE other; -- is not played
`
	folder := t.TempDir()
	sql := filepath.Join(folder, "contrib", "x", "sql")
	if err := os.MkdirAll(sql, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sql, "x.sql"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &replay{folder: folder, tally: &suites.Tally{}, byOp: map[sqlguard.Op]int{}, kinds: map[string]int{}}
	for _, s := range postgresSuites(t, folder) {
		r.suite(t, testdb.Postgres(t).DSN("postgres"), s)
	}
	got := [...]int{r.tally.Ran, r.tally.Aside, r.tally.Refused, r.tally.Failed, r.byOp["DO"], r.skip}
	if want := [...]int{11, 2, 7, 4, 1, 1}; got != want {
		t.Errorf("ran, aside, refused, failed, opaque, not played: %v, want %v", got, want)
	}
	if len(r.tally.Lax)+len(r.tally.Strict)+len(r.tally.Unproven) > 0 {
		t.Errorf("%+v", r.tally)
	}
}
