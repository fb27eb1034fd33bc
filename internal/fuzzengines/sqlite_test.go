package fuzzengines_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	dialect "github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// Kinds of sessions with SQLite.
const (
	sqlitePlain = iota
	sqliteInTransaction
	sqliteArmed // PRAGMA query_only is on
	sqliteKinds
)

// sqliteFlags are the settings that a text must leave as they are.
var sqliteFlags = []string{
	"foreign_keys", "writable_schema", "synchronous", "temp_store", "ignore_check_constraints", "locking_mode", "recursive_triggers",
	"trusted_schema", "legacy_alter_table", "wal_autocheckpoint", "journal_mode", "user_version", "application_id", "schema_version",
	"reverse_unordered_selects", "cell_size_check", "secure_delete", "auto_vacuum", "max_page_count", "encoding", "defer_foreign_keys",
}

// sqliteStricter are the flags that a text may turn on, and so are on from the beginning.
var sqliteStricter = []string{"foreign_keys", "cell_size_check"}

var sqliteFixture = []string{
	"CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)", "CREATE TABLE u(id INTEGER PRIMARY KEY REFERENCES t, v)",
	"CREATE TABLE kw([update], [delete], [insert])", "CREATE VIRTUAL TABLE fts USING fts5(x)", "CREATE INDEX t_a ON t(a)",
	"CREATE TRIGGER tr AFTER INSERT ON u BEGIN DELETE FROM t WHERE id > 1; END", "CREATE VIEW v AS SELECT * FROM t",
	"INSERT INTO t VALUES (1, 'x'), (2, 'y')", "INSERT INTO u VALUES (1, 2)", "INSERT INTO fts VALUES ('x')",
	"CREATE TABLE canary(id)", "PRAGMA user_version = 3",
}

type sqliteEngine struct {
	t        *testing.T
	dir      string
	kind     int
	observer *sql.Conn
	db       *sql.DB
	conn     *sql.Conn
	before   state
}

func TestWhatPassesChangesNothingInSQLite(t *testing.T) {
	limit, seed := settings(t)
	dir := t.TempDir()
	m := corpus.NewMutator(t, lex.SQLite, seed, dir, "sqlite")
	t.Chdir(dir) // for files that are named without a folder
	e := &sqliteEngine{t: t, dir: dir}
	(&hunt{t: t, dialect: dialect.Dialect{}, engine: e, mutator: m}).run(limit)
}

func (e *sqliteEngine) open() (*sql.DB, *sql.Conn) {
	e.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(e.dir, "db"))
	if err != nil {
		e.t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		e.t.Fatal(err)
	}
	for _, flag := range sqliteStricter {
		if _, err := conn.ExecContext(context.Background(), "PRAGMA "+flag+" = 1"); err != nil {
			e.t.Fatal(err)
		}
	}
	return db, conn
}

func (e *sqliteEngine) reset() {
	e.t.Helper()
	if e.observer != nil {
		e.observer.Close()
		e.conn.Close()
		e.db.Close()
	}
	old, err := os.ReadDir(e.dir)
	if err != nil {
		e.t.Fatal(err)
	}
	for _, f := range old {
		os.RemoveAll(filepath.Join(e.dir, f.Name()))
	}
	db, observer := e.open()
	e.t.Cleanup(func() { db.Close() })
	e.observer = observer
	for _, statement := range sqliteFixture {
		if _, err := observer.ExecContext(context.Background(), statement); err != nil {
			e.t.Fatalf("%s: %v", statement, err)
		}
	}
	e.db, e.conn = e.open()
	e.settle()
}

// settle needs a session that has no tables and settings of its own.
func (e *sqliteEngine) settle() {
	e.t.Helper()
	e.begin(sqlitePlain)
	e.before = e.state()
}

func (e *sqliteEngine) kinds() int { return sqliteKinds }

func (e *sqliteEngine) begin(kind int) {
	e.t.Helper()
	e.conn.Close()
	e.db.Close()
	e.db, e.conn = e.open()
	if e.kind = kind; kind == sqliteArmed {
		e.exec("PRAGMA query_only = 1")
	}
}

func (e *sqliteEngine) exec(statement string) error {
	_, err := e.conn.ExecContext(context.Background(), statement)
	return err
}

func (e *sqliteEngine) run(t text) (accepted bool, effect string) {
	if e.kind == sqliteInTransaction {
		e.exec("BEGIN")
	}
	accepted = drain(e.conn, t.sql)
	if e.kind == sqliteArmed && e.exec("INSERT INTO canary VALUES (1)") == nil {
		effect = "a session with query_only writes after it"
	}
	e.exec("COMMIT")
	if e.kind != sqliteArmed {
		e.exec("PRAGMA query_only = 0")
	}
	return accepted, effect
}

// drain reports whether the engine took all of the text.
func drain(conn *sql.Conn, text string) bool { return drained(conn, text) == nil }

// drained executes the text and reads all of its results, but no more rows than needed to see it
// run.
func drained(conn *sql.Conn, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := conn.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		for n := 0; n < 1000 && rows.Next(); n++ {
		}
	}
	return rows.Err()
}

func (e *sqliteEngine) effects() string { return e.before.differs(e.state()) }

func (e *sqliteEngine) state() state {
	e.t.Helper()
	now := state{}
	show := func(name string, conn *sql.Conn, query string) {
		var v any
		if err := conn.QueryRowContext(context.Background(), query).Scan(&v); err != nil && err != sql.ErrNoRows {
			v = err
		}
		now[name] = fmt.Sprint(v)
	}
	show("data_version", e.observer, "PRAGMA data_version")
	show("total_changes", e.conn, "SELECT total_changes()")
	show("schema", e.observer, "SELECT group_concat(sql) FROM sqlite_schema")
	show("temporary objects", e.conn, "SELECT count(*) FROM sqlite_temp_schema")
	show("databases", e.conn, "SELECT count(*) FROM pragma_database_list WHERE name NOT IN ('main', 'temp')")
	for _, name := range sqliteFlags {
		show(name, e.conn, "PRAGMA "+name)
	}
	now["files"] = files(e.t, func(name string) bool { return strings.HasPrefix(name, "db-") || name == "db" }, e.dir)
	info, err := os.Stat(filepath.Join(e.dir, "db"))
	if err != nil {
		e.t.Fatal(err)
	}
	now["file"] = fmt.Sprint(info.Size(), info.ModTime())
	return now
}
