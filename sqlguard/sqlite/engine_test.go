package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// TestWhatPassesChangesNothing runs what passes, from the corpus and from texts
// spliced of its pieces, in SQLite itself, read-write, and looks for changes: in the file
// as another connection sees it, in the folder, and in the settings of the connection.
func TestWhatPassesChangesNothing(t *testing.T) {
	var texts []string
	var pieces []string
	for _, c := range corpus.Load(t, "sqlite") {
		texts = append(texts, c.Text())
		pieces = append(pieces, split(c.Text())...)
	}
	seeds, random := len(texts), rand.New(rand.NewPCG(1, 2))
	for range 12000 {
		texts = append(texts, mutate(random, texts[random.IntN(seeds)], pieces))
	}
	e := openEngine(t)
	ran, valid := 0, 0
	for _, text := range texts {
		if !corpus.Passes(sqlite.Dialect{}.Classify(text)) {
			continue
		}
		ran++
		if e.run(text) {
			valid++
		}
		if change := e.changed(); change != "" {
			t.Errorf("%q passes, and changed %s", text, change)
			e = openEngine(t)
		}
	}
	t.Logf("%d of %d texts pass; SQLite accepts %d of them", ran, len(texts), valid)
	if valid < 500 {
		t.Errorf("only %d texts were run, which proves little", valid)
	}
}

// FuzzEngine runs what passes in SQLite itself, and looks for changes as
// TestWhatPassesChangesNothing does. The number picks pieces of the corpus to splice into the text.
func FuzzEngine(f *testing.F) {
	var pieces []string
	for _, c := range corpus.Load(f, "sqlite") {
		f.Add(c.Text(), uint64(0))
		f.Add(c.Text(), uint64(len(c.Text())))
		pieces = append(pieces, split(c.Text())...)
	}
	e := openEngine(f)
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if seed != 0 {
			text = mutate(rand.New(rand.NewPCG(seed, 1)), text, pieces)
		}
		if !corpus.Passes(sqlite.Dialect{}.Classify(text)) {
			return
		}
		e.tb = t
		e.run(text)
		if change := e.changed(); change != "" {
			e.before = e.state()
			t.Errorf("%q passes, and changed %s", text, change)
		}
	})
}

// mutate replaces, inserts, and removes pieces of text.
func mutate(random *rand.Rand, text string, pieces []string) string {
	own := split(text)
	for range 1 + random.IntN(3) {
		piece := pieces[random.IntN(len(pieces))]
		at := random.IntN(len(own) + 1)
		switch random.IntN(3) {
		case 0:
			own = append(own[:at:at], append([]string{piece}, own[at:]...)...)
		case 1:
			if at < len(own) {
				own = append(own[:at:at], own[at+1:]...)
			}
		default:
			if at < len(own) {
				own[at] = piece
			}
		}
	}
	return strings.Join(own, []string{" ", "/**/", "\n"}[random.IntN(3)])
}

func split(text string) []string {
	var out []string
	l := lex.New(lex.SQLite, text, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		out = append(out, t.Text(text))
	}
	return out
}

// engine is a database with a connection under test and one that watches.
type engine struct {
	tb             testing.TB
	dir            string
	conn, observer *sql.Conn
	before         string
}

// settings are the flags that a passing text must leave as they are, except
// for those that it may make stricter.
var settings = []string{"writable_schema", "synchronous", "temp_store", "ignore_check_constraints", "locking_mode",
	"recursive_triggers", "trusted_schema", "legacy_alter_table", "wal_autocheckpoint", "journal_mode", "user_version", "application_id"}

func openEngine(tb testing.TB) *engine {
	tb.Helper()
	e := &engine{tb: tb, dir: tb.TempDir()}
	e.conn, e.observer = e.open(), e.open()
	for _, stmt := range []string{
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)", "CREATE TABLE u(id INTEGER PRIMARY KEY, v)", "CREATE TABLE kw([update], [delete], [insert])",
		"CREATE VIRTUAL TABLE fts USING fts5(x)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')", "INSERT INTO u VALUES (1, 2)",
	} {
		if _, err := e.conn.ExecContext(context.Background(), stmt); err != nil {
			tb.Fatalf("%s: %v", stmt, err)
		}
	}
	e.before = e.state()
	return e
}

func (e *engine) open() *sql.Conn {
	e.tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(e.dir, "db"))
	if err != nil {
		e.tb.Fatal(err)
	}
	e.tb.Cleanup(func() { db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		e.tb.Fatal(err)
	}
	e.tb.Cleanup(func() { conn.Close() })
	return conn
}

// run runs text to its end and commits what it may have begun. It reports
// whether SQLite accepts the text.
func (e *engine) run(text string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	rows, err := e.conn.QueryContext(ctx, text)
	if err == nil {
		for n := 0; n < 1000 && rows.Next(); n++ {
		}
		rows.Close()
		err = rows.Err()
	}
	e.conn.ExecContext(context.Background(), "COMMIT")
	e.conn.ExecContext(context.Background(), "PRAGMA query_only = 0")
	return err == nil
}

// changed says what differs from the beginning, empty if nothing does.
func (e *engine) changed() string {
	now := e.state()
	if now == e.before {
		return ""
	}
	return fmt.Sprintf("%s to %s", e.before, now)
}

// state is what the watching connection and the folder show, and the settings
// of the connection under test.
func (e *engine) state() string {
	e.tb.Helper()
	var b strings.Builder
	show := func(conn *sql.Conn, query string) {
		var v any
		if err := conn.QueryRowContext(context.Background(), query).Scan(&v); err != nil {
			v = err
		}
		fmt.Fprintf(&b, "%s=%v ", strings.TrimPrefix(query, "PRAGMA "), v)
	}
	show(e.observer, "PRAGMA data_version")
	for _, name := range settings {
		show(e.conn, "PRAGMA "+name)
	}
	show(e.conn, "SELECT count(*) FROM temp.sqlite_schema")
	show(e.conn, "SELECT count(*) FROM pragma_database_list WHERE name NOT IN ('main', 'temp')")
	files, err := os.ReadDir(e.dir)
	if err != nil {
		e.tb.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), "db") {
			fmt.Fprintf(&b, "file %s ", f.Name())
		}
	}
	return b.String()
}
