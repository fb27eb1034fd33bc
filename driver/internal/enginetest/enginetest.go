// Package enginetest holds a guarded pool on a real engine to what a guard
// promises. The tests of package driver's adapters run it; nothing else does.
package enginetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Engine is a database with the tables of a test, and a guarded pool on it.
type Engine struct {
	// Guard guards DB. It is off when a test starts.
	Guard *sqlguard.Guard
	DB    *sql.DB
	// Dialect is the one that DB is guarded with; Corpus names its statements.
	Dialect sqlguard.Dialect
	Corpus  []string
	// Dump returns the whole database as bytes.
	Dump func() []byte
	// Sessions returns what tells the engine's sessions of DB apart, in order. If nil,
	// the pool's own count has to do.
	Sessions func() []int64
	// Count is a query for the number of rows in the table that Insert writes one to.
	Count, Insert string
}

// Run runs all tests on an engine, one after the other.
func Run(t *testing.T, e *Engine) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *Engine)
	}{
		{"what writes is refused, and changes nothing", refusals},
		{"what reads gives the same rows as with the mode off", reads},
		{"a transaction with a refusal in it is rolled back", transactions},
		{"a transaction begun by text is rolled back", textTransactions},
		{"writes go on when the mode is off, on the same connections", flip},
	} {
		t.Run(test.name, func(t *testing.T) {
			e.Set(t, sqlguard.Off)
			test.run(t, e)
		})
	}
}

// Set puts the guard into a mode.
func (e *Engine) Set(t testing.TB, mode sqlguard.Mode) {
	t.Helper()
	if err := e.Guard.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
		t.Fatal(err)
	}
}

// Refused demands that an error is the guard's.
func Refused(t testing.TB, what string, err error) {
	t.Helper()
	var blocked *sqlguard.BlockedError
	if !errors.Is(err, sqlguard.ErrReadOnly) || !errors.As(err, &blocked) {
		t.Errorf("%s: got error %v, want the guard's", what, err)
	}
}

// RefusedRows demands the same of a query, and closes the rows that it should not have.
func RefusedRows(t testing.TB, what string, rows *sql.Rows, err error) {
	t.Helper()
	Refused(t, what, err)
	if err == nil {
		rows.Close()
	}
}

// warm opens as many connections as the pool keeps, and returns how to tell
// whether they are still the same.
func (e *Engine) warm(t *testing.T) (unchanged func()) {
	t.Helper()
	const size = 3
	e.DB.SetMaxOpenConns(size)
	e.DB.SetMaxIdleConns(size)
	var conns []*sql.Conn
	for range size {
		c, err := e.DB.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	for _, c := range conns {
		c.Close()
	}
	sessions := e.sessions()
	return func() {
		t.Helper()
		stats := e.DB.Stats()
		if stats.OpenConnections != size || stats.InUse != 0 {
			t.Errorf("%d connections are open and %d in use, want %d and 0", stats.OpenConnections, stats.InUse, size)
		}
		if now := e.sessions(); !slices.Equal(now, sessions) {
			t.Errorf("the engine's sessions are %v, and were %v", now, sessions)
		}
	}
}

func (e *Engine) sessions() []int64 {
	if e.Sessions == nil {
		return nil
	}
	return e.Sessions()
}

// anything is Refused where both is right.
func anything(testing.TB, string, error) {}

func refusals(t *testing.T, e *Engine) {
	unchanged := e.warm(t)
	before := e.Dump()
	e.Set(t, sqlguard.ReadOnly)
	ctx := context.Background()
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range corpus.Load(t, e.Corpus...) {
		if c.Blocked == nil || !*c.Blocked || c.Hard || c.EngineOnly {
			continue
		}
		tried++
		text := c.Text()
		refused := Refused
		if e.Dialect.Classify(text).Class == sqlguard.Unproven {
			refused = anything // the engine judges; that nothing changes is what counts
		}
		_, err := e.DB.ExecContext(ctx, text)
		refused(t, fmt.Sprintf("%s: Exec of %.200q", c.Source, text), err)
		rows, err := e.DB.QueryContext(ctx, text)
		refused(t, fmt.Sprintf("%s: Query of %.200q", c.Source, text), err)
		if err == nil {
			rows.Close()
		}
		_, err = tx.ExecContext(ctx, text)
		refused(t, fmt.Sprintf("%s: Exec in a transaction of %.200q", c.Source, text), err)
		stmt, err := e.DB.Prepare(text)
		if err != nil {
			continue // the engine does not take everything
		}
		_, err = stmt.Exec()
		refused(t, fmt.Sprintf("%s: prepared Exec of %.200q", c.Source, text), err)
		stmt.Close()
	}
	Refused(t, "the commit", tx.Commit())
	if tried < 20 {
		t.Errorf("only %d statements were tried", tried)
	}
	if after := e.Dump(); !bytes.Equal(before, after) {
		t.Errorf("the database has changed:\n%s\nwas:\n%s", after, before)
	}
	unchanged()
}

func reads(t *testing.T, e *Engine) {
	unchanged := e.warm(t)
	same := 0
	for _, c := range corpus.Load(t, e.Corpus...) {
		v := e.Dialect.Classify(c.Text())
		if v.Class != sqlguard.Read || c.Blocked == nil || *c.Blocked || c.Hard || c.EngineOnly || !corpus.Passes(v) {
			continue
		}
		folded := strings.ToLower(c.Text())
		if strings.Contains(folded, "tablesample") || strings.Contains(folded, "analyze") {
			continue // what it returns is left to chance, or to the clock
		}
		// The same before and after is the same in between, even where it has the time in it.
		e.Set(t, sqlguard.Off)
		want := e.table(c.Text())
		e.Set(t, sqlguard.ReadOnly)
		got := e.table(c.Text())
		e.Set(t, sqlguard.Off)
		again := e.table(c.Text())
		switch {
		case want == again && got != want:
			t.Errorf("%s: %.200q gives %s, with the mode off %s", c.Source, c.Text(), got, want)
		case want != again && errors.Is(got.err, sqlguard.ErrReadOnly):
			t.Errorf("%s: %.200q: %v", c.Source, c.Text(), got.err)
		case want.err == nil:
			same++
		}
	}
	if same < 10 {
		t.Errorf("only %d reads gave rows", same)
	}
	unchanged()
}

// outcome is what a query gave: its rows as text, and how it failed.
type outcome struct {
	rows, text string
	err        error
}

func (o outcome) String() string { return o.rows + " " + o.text }

func (e *Engine) table(query string) (o outcome) {
	defer func() {
		if o.err != nil {
			// The error's address may differ, its text not.
			o.text = o.err.Error()
			if !errors.Is(o.err, sqlguard.ErrReadOnly) {
				o.err = errEngine
			}
		}
	}()
	rows, err := e.DB.Query(query)
	if err != nil {
		return outcome{err: err}
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return outcome{err: err}
	}
	o.rows = fmt.Sprintf("%q", columns)
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return outcome{err: err}
		}
		o.rows += fmt.Sprintf("%v\n", values)
	}
	o.err = rows.Err()
	return o
}

var errEngine = errors.New("the engine's error")

// count returns how many rows the table has.
func (e *Engine) count(t *testing.T) (n int) {
	t.Helper()
	if err := e.DB.QueryRow(e.Count).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func transactions(t *testing.T, e *Engine) {
	unchanged := e.warm(t)
	before := e.count(t)
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(e.Insert); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err = tx.Exec(e.Insert)
	Refused(t, "an insert in a transaction that was open at the flip", err)
	var n int
	if err := tx.QueryRow(e.Count).Scan(&n); err != nil || n != before+1 {
		t.Errorf("a read after the refusal gave %d, %v; want %d", n, err, before+1)
	}
	e.Set(t, sqlguard.Off)
	Refused(t, "the commit, with the mode off again", tx.Commit())
	if n := e.count(t); n != before {
		t.Errorf("there are %d rows, and were %d", n, before)
	}
	unchanged()
}

func textTransactions(t *testing.T, e *Engine) {
	unchanged := e.warm(t)
	before := e.count(t)
	for name, seen := range map[string]bool{"seen to begin": true, "begun unseen": false} {
		ctx := context.Background()
		conn, err := e.DB.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		must := func(text string) {
			t.Helper()
			if _, err := conn.ExecContext(ctx, text); err != nil {
				t.Fatalf("%s: %s: %v", name, text, err)
			}
		}
		if seen {
			e.Set(t, sqlguard.Observe)
		}
		must("BEGIN")
		must(e.Insert)
		e.Set(t, sqlguard.ReadOnly)
		_, err = conn.ExecContext(ctx, e.Insert)
		Refused(t, name+": the insert", err)
		must(e.Count)
		e.Set(t, sqlguard.Off)
		_, err = conn.ExecContext(ctx, "COMMIT")
		Refused(t, name+": the commit, with the mode off again", err)
		must("BEGIN")
		must("ROLLBACK")
		conn.Close()
		if n := e.count(t); n != before {
			t.Errorf("%s: there are %d rows, and were %d", name, n, before)
		}
	}
	unchanged()
}

func flip(t *testing.T, e *Engine) {
	unchanged := e.warm(t)
	before := e.count(t)
	stmt, err := e.DB.Prepare(e.Insert)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for range 20 {
		e.Set(t, sqlguard.ReadOnly)
		_, err := e.DB.Exec(e.Insert)
		Refused(t, "an insert", err)
		_, err = stmt.Exec()
		Refused(t, "a prepared insert", err)
		if e.count(t) != before {
			t.Fatal("a row was written")
		}
		e.Set(t, sqlguard.Off)
		if _, err := e.DB.Exec(e.Insert); err != nil {
			t.Fatalf("with the mode off again: %v", err)
		}
		if _, err := stmt.Exec(); err != nil {
			t.Fatalf("prepared, with the mode off again: %v", err)
		}
		before += 2
	}
	if n := e.count(t); n != before {
		t.Errorf("there are %d rows, want %d", n, before)
	}
	unchanged()
}
