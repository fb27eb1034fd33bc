package enginetest

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quiescehq/quiesce/sqlguard"
)

// quiet is how long nothing may change after Drain has returned.
const quiet = 500 * time.Millisecond

// The environment repeats a run, as far as chance was the test's and not the
// scheduler's, and makes it longer.
const (
	seedVariable   = "QUIESCE_FLIP_SEED"
	roundsVariable = "QUIESCE_FLIP_ROUNDS"
)

// FlipEngine is a database on which writers of all kinds are stopped in
// mid-flight. It has a table flip with the columns id, which counts the rows, and
// the integers kind, unit and parts.
type FlipEngine struct {
	// DB is guarded, Bare is not: what it reads is what the engine has committed.
	DB, Bare *sql.DB
	// Nap returns a condition that is true, which takes so long for each row.
	Nap func(time.Duration) string
	// Wide is an expression that is too large for the buffers between server and client, so that
	// a statement which returns it is not over, nor committed, before the client has read.
	Wide string
	// Prepared is an INSERT … SELECT of kind, unit and parts, with the engine's
	// placeholders, to which a condition can be added.
	Prepared string
	// Late is a write that makes the commit of its transaction take a nap. If
	// empty, the engine commits at once.
	Late string
	// SeveralArgs are the arguments of a Query with several statements in its text.
	// If nil, the engine runs only one by Query.
	SeveralArgs []any
	// Kinds are the writers that only this engine has.
	Kinds []FlipKind
	// Cut returns how to end a connection on the server's side and on the
	// client's. If nil, the engine has no connections that can be cut.
	Cut func(*sql.Conn) (kill, hangUp func() error, err error)
	// Lost, Interrupted and Conflict know the errors of a connection that was cut, of a statement
	// that was cancelled, and of writers that got into each other's way.
	Lost, Interrupted, Conflict func(error) bool
	// Open returns what the server knows to be open of DB: transactions, sessions
	// that are in one, or an error in which it says so.
	Open func() (int, error)
}

// flipTest is a run of the flip on an engine.
type flipTest struct {
	*FlipEngine
	t      *testing.T
	guard  *sqlguard.Guard
	kinds  []FlipKind
	solos  []int       // the kinds that are to write among themselves next
	stmts  []*sql.Stmt // a fast and a slow insert, prepared before any flip
	rng    *rand.Rand
	rounds int
	// nap is about how long slow statements take; those that are to be cancelled or cut take up
	// to eight naps, and may be followed by another and a commit that takes one.
	nap    time.Duration
	unit   int // the number of the last one
	totals flipTotals
}

// Flip demands that Drain is exact: when it returns nil, nothing that was let through
// before the mode went on can be committed any more. Each round lets writers of all
// kinds write, closes writing at a random moment, drains, and looks on for
// a while. Afterwards nothing is left behind, and all kinds write again. Slow
// statements take a nap.
func Flip(t *testing.T, nap time.Duration, open func(*sqlguard.Guard) *FlipEngine) {
	leaks := goleak.IgnoreCurrent()
	rounds := int(number(t, roundsVariable, 20))
	g, err := sqlguard.New(sqlguard.Config{Tail: tail(nap, rounds)})
	if err != nil {
		t.Fatal(err)
	}
	seed := number(t, seedVariable, time.Now().UnixNano())
	f := &flipTest{
		FlipEngine: open(g), t: t, guard: g, nap: nap, rounds: rounds,
		rng: rand.New(rand.NewPCG(uint64(seed), 0)),
	}
	defer func() {
		if t.Failed() {
			t.Logf("repeat with %s=%d", seedVariable, seed)
		}
	}()
	f.DB.SetMaxIdleConns(flipWriters)
	f.kinds = append(f.commonKinds(), f.Kinds...)
	f.totals.kinds = make([]kindTotals, len(f.kinds))
	f.prepare()
	for n := range f.rounds {
		if f.round(n); t.Failed() {
			t.Logf("in round %d", n+1)
			break
		}
	}
	f.calm()
	f.totals.check(f)
	f.close()
	goleak.VerifyNone(t, leaks)
}

// tail returns what the longest text needs whose client is gone, three times over. The usual
// tail is for statements of any length, and nearly every round waits for all of it. A long
// run meets more of the moments in which the machine is busy with something else.
func tail(nap time.Duration, rounds int) time.Duration {
	if rounds > 100 {
		return 6 * 10 * nap
	}
	return 3 * 10 * nap
}

func number(t *testing.T, variable string, otherwise int64) int64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// prepare prepares what is executed on both sides of each flip.
func (f *flipTest) prepare() {
	for _, query := range []string{f.Prepared, f.Prepared + " WHERE " + f.Nap(f.nap)} {
		stmt, err := f.DB.Prepare(query)
		if err != nil {
			f.t.Fatalf("%s: %v", query, err)
		}
		f.stmts = append(f.stmts, stmt)
	}
}

// calm lets each kind write once more, with the mode off and undisturbed, on the
// pool that has seen all the flips.
func (f *flipTest) calm() {
	f.hold(sqlguard.Change{})
	r := f.newRound(flipPlan{})
	r.calm = true
	for kind := range f.kinds {
		u := r.next(kind, f.rng)
		if rows, err := u.run(); err != nil || rows == 0 {
			f.t.Errorf("%s: %d rows after all, with the mode off: %v", f.kinds[kind].Name, rows, err)
		}
	}
	r.compare()
}

func (f *flipTest) hold(c sqlguard.Change) {
	f.t.Helper()
	if err := f.guard.Hold("flip", c); err != nil {
		f.t.Fatal(err)
	}
}

// close closes the pools, so that whatever still runs then was left behind.
func (f *flipTest) close() {
	for _, stmt := range f.stmts {
		if err := stmt.Close(); err != nil {
			f.t.Error(err)
		}
	}
	for _, db := range []*sql.DB{f.DB, f.Bare} {
		if err := db.Close(); err != nil {
			f.t.Error(err)
		}
	}
}

// mark is what the engine has committed.
type mark struct {
	highest, count, sum int64
}

// committed reads what is committed, past the guard.
func (f *flipTest) committed() (m mark) {
	f.t.Helper()
	err := f.Bare.QueryRowContext(context.Background(),
		"SELECT coalesce(max(id), 0), count(*), coalesce(sum(id), 0) FROM flip").Scan(&m.highest, &m.count, &m.sum)
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}
