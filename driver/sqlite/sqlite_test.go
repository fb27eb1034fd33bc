package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
	dialect "github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// schema is what the statements of the corpus speak of.
var schema = []string{
	"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
	"INSERT INTO t VALUES (1, 'one'), (2, 'two')",
	`CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT, "update" INT, "delete" INT, "into" INT)`,
	"INSERT INTO u (a) VALUES (1)",
	"CREATE VIEW v AS SELECT * FROM t",
}

func newGuard(t *testing.T) *sqlguard.Guard {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// engine returns a guarded pool on a file of its own.
func engine(t *testing.T) *enginetest.Engine {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.db")
	g := newGuard(t)
	db, err := sqlite.Open(file, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, text := range schema {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return &enginetest.Engine{
		Guard: g, DB: db,
		Dialect: dialect.Dialect{}, Corpus: []string{"sqlite"},
		Dump: func() []byte {
			// Without a log beside it, the file is the database byte for byte.
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return data
		},
		Count:  "SELECT count(*) FROM u",
		Insert: "INSERT INTO u (a) VALUES (1)",
	}
}

func TestAGuardedPoolOnSQLite(t *testing.T) {
	enginetest.Run(t, engine(t))
}

func TestNoHalfTransactionsOnSQLite(t *testing.T) {
	e := engine(t)
	enginetest.HalfTransactions(t, e)
	enginetest.HalfTransactionsInThePool(t, e)
}

func TestADSNThatDoesNotParseIsAnErrorAtOpening(t *testing.T) {
	const dsn = "file:app.db?_pragma=%zz"
	for name, open := range map[string]func() (*sql.DB, error){
		"sql.Open": func() (*sql.DB, error) { return sql.Open(sqlite.Name, dsn) },
		"Open":     func() (*sql.DB, error) { return sqlite.Open(dsn, newGuard(t)) },
	} {
		db, err := open()
		if err == nil {
			db.Close()
			t.Errorf("%s accepts %q", name, dsn)
		} else if !strings.Contains(err.Error(), "the DSN does not parse") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestAPragmaThatActsWhilePreparedIsRefusedAtPrepare(t *testing.T) {
	e := engine(t)
	e.Set(t, sqlguard.ReadOnly)
	for _, text := range []string{"PRAGMA writable_schema = 1", "EXPLAIN PRAGMA writable_schema = 1"} {
		_, err := e.DB.Prepare(text)
		enginetest.Refused(t, "preparing "+text, err)
	}
	stmt, err := e.DB.Prepare("INSERT INTO u (a) VALUES (?)")
	if err != nil {
		t.Fatalf("preparing an insert: %v", err)
	}
	defer stmt.Close()
	_, err = stmt.Exec(1)
	enginetest.Refused(t, "executing it", err)
}

func TestTheReleaseOfTheOutermostSavepointDoesNotCommitARefusal(t *testing.T) {
	e := engine(t)
	ctx := context.Background()
	conn, err := e.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	run := func(text string) error { _, err := conn.ExecContext(ctx, text); return err }
	must := func(text string) {
		t.Helper()
		if err := run(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for name, begin := range map[string]sqlguard.Mode{"seen to begin": sqlguard.Observe, "begun unseen": sqlguard.Off} {
		e.Set(t, begin)
		must("SAVEPOINT s")
		must("INSERT INTO u (a) VALUES (77)")
		e.Set(t, sqlguard.ReadOnly)
		enginetest.Refused(t, name+": an insert", run("INSERT INTO u (a) VALUES (78)"))
		e.Set(t, sqlguard.Off)
		enginetest.Refused(t, name+": the release, with the mode off again", run("RELEASE s"))
		if begin == sqlguard.Off {
			must("ROLLBACK")
		}
	}
	conn.Close()
	var n int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a >= 77").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows were committed (%v), want none", n, err)
	}
}

func TestADatabaseInMemorySurvivesRefusalsAndCancelledTransactions(t *testing.T) {
	g := newGuard(t)
	db, err := sqlite.Open(":memory:", g)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE t (a INT)"); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly} {
		if err := g.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec("INSERT INTO t VALUES (1)")
		if mode == sqlguard.ReadOnly {
			enginetest.Refused(t, "an insert", err)
		}
		cancel()
		tx.Rollback()
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Errorf("the table has %d rows, %v; want it there and empty", n, err)
	}
}

// asked tells the test binary to be the program of the next test.
const asked = "QUIESCE_TEST_OPEN"

func TestMain(m *testing.M) {
	if os.Getenv(asked) != "" {
		program()
		return
	}
	os.Exit(m.Run())
}

// program opens a pool as a program does that only imports the driver.
func program() {
	db, err := sql.Open("guarded-sqlite", ":memory:")
	if err != nil {
		fmt.Println("opening:", err)
		return
	}
	defer db.Close()
	_, err = db.Exec("CREATE TABLE t (a INT)")
	fmt.Println("writing:", err)
}

func TestTheRegisteredDriverObeysTheEnvironment(t *testing.T) {
	for value, want := range map[string]string{
		"true":  "writing: quiesce: refused in read-only mode",
		"false": "writing: <nil>",
		"maybe": "opening: driver: sqlguard: the process starts read-only: READ_ONLY_MODE must be true or false",
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asked+"=1", "READ_ONLY_MODE="+value)
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.HasPrefix(out, []byte(want)) {
			t.Errorf("with READ_ONLY_MODE=%s the program says %q (%v), want %q", value, out, err, want)
		}
	}
}
