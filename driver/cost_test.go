package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// A bar says which figure the times of the bare and of the guarded driver make, and what
// it may be.
type bar struct {
	text   string
	met    func(figure float64) bool
	figure func(bare, guarded []float64) float64
}

func atMost(most float64) func(float64) bool {
	return func(figure float64) bool { return figure <= most }
}

// more allows so many nanoseconds more than the bare driver takes.
func more(ns float64) bar {
	return bar{fmt.Sprintf("at most +%v ns", ns), atMost(ns), func(b, g []float64) float64 { return g[0] - b[0] }}
}

// factor allows so many times what the bare driver takes.
func factor(most float64) bar {
	return bar{fmt.Sprintf("at most %.2f times bare", most), atMost(most), func(b, g []float64) float64 { return g[0] / b[0] }}
}

// within allows so many nanoseconds, whatever the bare driver takes.
func within(ns float64) bar {
	return bar{fmt.Sprintf("at most %v ns", ns), atMost(ns), func(_, g []float64) float64 { return g[0] }}
}

// TestCost holds what the guard costs to its bars. The driver beneath does nothing, so that
// nothing hides it.
func TestCost(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "what\tbar\tmeasured\tbare, ns\tguarded, ns\t")
	bare, off, on := newSubject(t, silent{}), guardedSubject(t, sqlguard.Off), guardedSubject(t, sqlguard.ReadOnly)

	for _, c := range direct {
		calls := float64(1 + strings.Count(c.name, ", "))
		hold(t, out, "off, "+c.name, more(12*calls), one(c.of(bare)), one(c.of(off)))
	}
	for _, c := range pooled {
		hold(t, out, "off, database/sql, "+c.name, factor(1.10), one(c.of(bare)), one(c.of(off)))
	}
	for _, c := range direct {
		if c.reads {
			hold(t, out, "on, "+c.name, more(40), one(c.of(bare)), one(c.of(on)))
		}
	}
	for _, c := range refusals {
		hold(t, out, "on, "+c.name, within(500), one(c.of(bare)), one(c.of(on)))
	}
	scale(t, out, "two goroutines, off", bare, off)
	scale(t, out, "two goroutines, on", bare, on)
	out.Flush()
	t.Logf("a call, of the times that took turns the shortest\n%s", b.String())
}

// rounds is how often they take turns. It is the same for all: who measured until a bar is met
// would stop at the first time that something has disturbed the bare driver.
const rounds = 300

// hold measures what one takes against the other, and prints a line.
func hold(t *testing.T, out *tabwriter.Writer, what string, b bar, bare, guarded []func(n int)) {
	t.Helper()
	best := ratio.Measure(rounds, append(bare, guarded...)...)
	figure := b.figure(best[:len(bare)], best[len(bare):])
	verdict := ""
	if !b.met(figure) {
		verdict = "MISSED"
		t.Errorf("%s: %.2f, want %s", what, figure, b.text)
	}
	fmt.Fprintf(out, "%s\t%s\t%.2f\t%.1f\t%.1f\t%s\n", what, b.text, figure, best[0], best[len(bare)], verdict)
}

// A subject is a connection that is called directly, and a pool, with a statement of each.
type subject struct {
	connector driver.Connector
	conn      caller
	stmt      stmtCaller
	insert    stmtCaller
	db        *sql.DB
	prepared  *sql.Stmt
}

type caller interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnBeginTx
}

type stmtCaller interface {
	driver.StmtExecContext
	driver.StmtQueryContext
}

func guardedSubject(t *testing.T, mode sqlguard.Mode) subject {
	t.Helper()
	g := newGuard(t, nothing)
	c, err := guarded.WrapConnector(silent{}, guarded.Config{Guard: g, Dialect: mysql.Dialect{}})
	if err != nil {
		t.Fatal(err)
	}
	set(t, g, mode)
	return newSubject(t, c)
}

func newSubject(t *testing.T, c driver.Connector) subject {
	t.Helper()
	s := subject{connector: c, conn: newCaller(t, c), db: sql.OpenDB(c)}
	t.Cleanup(func() { s.db.Close() })
	s.stmt, s.insert = prepare(t, s.conn, reading), prepare(t, s.conn, inserting)
	var err error
	if s.prepared, err = s.db.Prepare(reading); err != nil {
		t.Fatal(err)
	}
	return s
}

func newCaller(t *testing.T, c driver.Connector) caller {
	t.Helper()
	conn, err := c.Connect(background)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(caller)
}

func prepare(t *testing.T, c driver.Conn, query string) stmtCaller {
	t.Helper()
	stmt, err := c.Prepare(query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stmt.Close() })
	return stmt.(stmtCaller)
}

const (
	reading   = "SELECT id, name, email, created FROM users WHERE id = ?"
	inserting = "INSERT INTO users (id, name, email) VALUES (?, ?, ?)"
)

var (
	background = context.Background()
	values     = []driver.NamedValue{{Ordinal: 1, Value: int64(1)}}
)

// A call is measured on a subject. It is of returns a function that calls once, which panics
// where what should succeed does not.
type call struct {
	name  string
	reads bool
	of    func(subject) func()
}

func one(f func()) []func(n int) {
	return []func(n int){func(n int) {
		for range n {
			f()
		}
	}}
}

var direct = []call{
	{"Conn.ExecContext", true, func(s subject) func() {
		return func() { okay(s.conn.ExecContext(background, reading, values)) }
	}},
	{"Conn.QueryContext, Rows.Close", true, func(s subject) func() {
		return func() { closed(s.conn.QueryContext(background, reading, values)) }
	}},
	{"Stmt.ExecContext", true, func(s subject) func() {
		return func() { okay(s.stmt.ExecContext(background, values)) }
	}},
	{"Stmt.QueryContext, Rows.Close", true, func(s subject) func() {
		return func() { closed(s.stmt.QueryContext(background, values)) }
	}},
	{"Conn.BeginTx, Tx.Commit", false, func(s subject) func() {
		return func() {
			tx := okay(s.conn.BeginTx(background, driver.TxOptions{}))
			must(tx.Commit())
		}
	}},
	{"Conn.BeginTx, Tx.Rollback", false, func(s subject) func() {
		return func() {
			tx := okay(s.conn.BeginTx(background, driver.TxOptions{}))
			must(tx.Rollback())
		}
	}},
}

var pooled = []call{
	{"Exec", true, func(s subject) func() { return func() { okay(s.db.Exec(reading)) } }},
	{"Exec with an argument", true, func(s subject) func() { return func() { okay(s.db.Exec(reading, 1)) } }},
	{"Query", true, func(s subject) func() { return func() { must(okay(s.db.Query(reading, 1)).Close()) } }},
	{"QueryRow", true, func(s subject) func() {
		return func() {
			if err := s.db.QueryRow(reading, 1).Scan(); err != sql.ErrNoRows {
				panic(err)
			}
		}
	}},
	{"Stmt.Exec", true, func(s subject) func() { return func() { okay(s.prepared.Exec(1)) } }},
	{"Stmt.Query", true, func(s subject) func() { return func() { must(okay(s.prepared.Query(1)).Close()) } }},
	{"Tx with an Exec", false, func(s subject) func() {
		return func() {
			tx := okay(s.db.Begin())
			okay(tx.Exec(reading))
			must(tx.Commit())
		}
	}},
	{"Prepare", false, func(s subject) func() { return func() { must(okay(s.db.Prepare(reading)).Close()) } }},
}

// refusals are of writes; on the bare driver they succeed.
var refusals = []call{
	{"a write refused", false, func(s subject) func() {
		return func() { s.conn.ExecContext(background, inserting, values) }
	}},
	{"a prepared write refused", false, func(s subject) func() {
		return func() { s.insert.ExecContext(background, values) }
	}},
}

func okay[T any](v T, err error) T {
	must(err)
	return v
}

func closed(rows driver.Rows, err error) { must(okay(rows, err).Close()) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// scale compares how two goroutines get on, each with as much to do as one alone has:
// with a connection each, and on one pool.
func scale(t *testing.T, out *tabwriter.Writer, what string, bare, guarded subject) {
	bar := bar{"at least 0.90 as well as bare",
		func(figure float64) bool { return figure >= 0.90 },
		func(b, g []float64) float64 { return (b[1] / b[0]) / (g[1] / g[0]) }}
	for _, c := range []struct {
		name string
		of   func(subject) func()
	}{
		{"a connection each", func(s subject) func() {
			conn := newCaller(t, s.connector)
			return func() { okay(conn.ExecContext(background, reading, values)) }
		}},
		{"one pool", func(s subject) func() { return func() { okay(s.db.Exec(reading, 1)) } }},
	} {
		both := func(s subject) []func(n int) {
			first, second := one(c.of(s))[0], one(c.of(s))[0]
			return []func(n int){first, func(n int) {
				var other sync.WaitGroup
				other.Go(func() { second(n) })
				first(n)
				other.Wait()
			}}
		}
		hold(t, out, what+", "+c.name, bar, both(bare), both(guarded))
	}
}
