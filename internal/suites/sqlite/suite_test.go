package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// sqliteFolder is the variable that names the folder of SQLite's own tests, *.test.
const sqliteFolder = "QUIESCE_SUITES_SQLITE"

// fewestSQLite is how many statements the suite has at least. With fewer the
// shares below would say little, and something is wrong with reading it.
const fewestSQLite = 20_000

// TestSQLiteSuite replays SQLite's own tests, file by file, in scratch databases, and
// holds each statement's verdict against what the engine says of it with query_only on.
func TestSQLiteSuite(t *testing.T) {
	folder := os.Getenv(sqliteFolder)
	if folder == "" {
		t.Skipf("%s does not name the folder of SQLite's tests (*.test of its source)", sqliteFolder)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.test"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.test in the folder that %s names (%v)", sqliteFolder, err)
	}
	t.Chdir(t.TempDir()) // some of them attach files
	var tally suites.Tally
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		replay(t, &tally, filepath.Base(file), string(text))
	}
	t.Log(tally.String())
	if err := tally.Details(t.Output()); err != nil {
		t.Fatal(err)
	}
	if len(tally.Lax) > 0 {
		t.Errorf("%d statements pass that the engine refuses", len(tally.Lax))
	}
	if tally.WriteShare() > suites.MaxWrites || tally.UnprovenShare() > suites.MaxUnproven {
		t.Errorf("of what the engine runs, %.2f %% are called Write and %.2f %% Unproven", 100*tally.WriteShare(), 100*tally.UnprovenShare())
	}
	if tally.Statements < fewestSQLite {
		t.Errorf("%d statements, want at least %d", tally.Statements, fewestSQLite)
	}
}

// replay runs the statements of one file in a database of their own.
func replay(t *testing.T, tally *suites.Tally, name, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, block := range tclBlocks(text) {
		for _, statement := range sqliteStatements(block.sql) {
			v := sqlite.Dialect{}.Classify(statement)
			tally.Add(suites.Statement{
				Source: name + ":" + block.line, SQL: statement, Verdict: v,
				Answer: ask(t, conn, statement), Aside: isSetting(v),
			})
		}
	}
}

// isSetting reports whether a statement is a PRAGMA with an argument or maintenance by
// PRAGMA: query_only lets journal_mode, wal_checkpoint and others write the file, and what is no setting
// of this version does nothing.
func isSetting(v sqlguard.Verdict) bool { return v.Op == "PRAGMA" && v.Class == sqlguard.Write }

// ask says what the engine answers with query_only on. What it refuses is run with
// query_only off, so that what follows finds it.
func ask(t *testing.T, conn *sql.Conn, statement string) suites.Answer {
	t.Helper()
	setQueryOnly(t, conn, "1")
	err := run(conn, statement)
	setQueryOnly(t, conn, "0")
	var refused *driver.Error
	switch {
	case err == nil:
		return suites.Ran
	case errors.As(err, &refused) && refused.Code()&0xFF == 8: // SQLITE_READONLY
		_ = run(conn, statement) // many tests of the suite are of what fails
		return suites.Refused
	}
	return suites.Failed
}

func setQueryOnly(t *testing.T, conn *sql.Conn, value string) {
	t.Helper()
	if _, err := conn.ExecContext(context.Background(), "PRAGMA query_only = "+value); err != nil {
		t.Fatal(err)
	}
}

// run runs a statement to its end, or until it has taken too long.
func run(conn *sql.Conn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	for n := 0; n < 10_000 && rows.Next(); n++ {
	}
	return rows.Err()
}

func TestWhatIsReadOfATclFile(t *testing.T) {
	text := `
do_execsql_test a-1.0 {
  CREATE TABLE t(a, "{b}"); -- {x}
  CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; DELETE FROM t; END;
  SELECT [c] FROM t
} {1 2}
do_test a-1.1 { execsql {SELECT 2;} } {2}
execsql { SELECT $x }
execsql "SELECT 3"
do_catchsql_test a-1.2 { SELECT 4 } {1 {error}}
db eval {SELECT 5} { puts {SELECT 6} }
catchsql {SELECT 7}
execsql {SELECT 8} db2
`
	var got []string
	for _, block := range tclBlocks(text) {
		got = append(got, sqliteStatements(block.sql)...)
	}
	want := []string{
		`CREATE TABLE t(a, "{b}")`, "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; DELETE FROM t; END", "SELECT [c] FROM t",
		"SELECT 2", "SELECT 4", "SELECT 5", "SELECT 7",
	}
	if len(got) != len(want) {
		t.Fatalf("%d statements: %q", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("statement %d is %q, want %q", i, got[i], want[i])
		}
	}
	if v := (sqlite.Dialect{}).Classify(got[1]); v.Class != sqlguard.Schema {
		t.Errorf("the trigger is %v", v.Class)
	}
}
