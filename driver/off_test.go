package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// scenario is what a program may do with a pool: its outcome, and the calls into
// the driver, must be the same with a guard that is off as without one.
type scenario struct {
	name  string
	errs  map[string]error // as a fake's
	times int
	run   func(*user)
}

var scenarios = slices.Concat(
	execScenarios, argumentScenarios, stmtScenarios, rowsScenarios,
	transactionScenarios, contextScenarios, connectionScenarios, poolScenarios,
)

// variant is a driver with one combination of optional interfaces.
type variant struct{ conn, stmt, rows int }

func (v variant) fake(s scenario) *fake {
	return &fake{
		wrap: composed(v.conn), stmt: composedStmt(v.stmt), rows: composedRows(v.rows),
		errs: s.errs, times: s.times,
	}
}

// variants are drivers with all combinations of the interfaces of a connection, each
// with a combination of those of statements and of rows that is left to chance; and
// with all of these, on connections with all and with none.
func variants() (all []variant) {
	chance := rand.New(rand.NewPCG(4, 10))
	for conn := range connCombinations {
		all = append(all, variant{conn, chance.IntN(stmtCombinations), chance.IntN(rowsCombinations)})
	}
	for _, conn := range []int{0, connCombinations - 1} {
		for stmt := range stmtCombinations {
			all = append(all, variant{conn, stmt, chance.IntN(rowsCombinations)})
		}
		for rows := range rowsCombinations {
			all = append(all, variant{conn, chance.IntN(stmtCombinations), rows})
		}
	}
	return all
}

// Transparent.
func TestWithTheModeOffNothingIsDifferent(t *testing.T) {
	if len(scenarios) < 40 {
		t.Errorf("there are %d scenarios only", len(scenarios))
	}
	g := newGuard(t, nothing)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for i, v := range variants() {
				if i%everyNth != 0 {
					continue
				}
				s.compare(t, g, fmt.Sprint(v), v.fake(s), v.fake(s))
			}
		})
	}
}

// compare plays the scenario with a bare driver, and with the same under a guard that is off.
func (s scenario) compare(t *testing.T, g *sqlguard.Guard, variant string, bare, inner *fake) {
	t.Helper()
	want := s.outcome(sql.OpenDB(bare), bare)
	db, err := guarded.OpenDB(inner, guarded.Config{Guard: g, Dialect: panicking{}})
	if err != nil {
		t.Fatal(err)
	}
	got := s.outcome(db, inner)
	if !slices.EqualFunc(got, want, alike) {
		t.Fatalf("%s: got %v,\nwithout a guard %v", variant, got, want)
	}
	if asked, want := inner.traces(), bare.traces(); !slices.Equal(asked, want) {
		t.Fatalf("%s: the driver was asked %q,\nwithout a guard %q", variant, asked, want)
	}
}

// outcome is what the user of a pool sees, and what closing the pool gives.
func (s scenario) outcome(db *sql.DB, f *fake) []any {
	u := &user{db: db, inner: f, ctx: context.Background()}
	s.run(u)
	return append(u.seen, db.Close())
}

// alike compares outcomes. Errors that database/sql makes anew for each call must be of
// the same type and text, and what they wrap alike; all others must be the very same.
func alike(got, want any) bool {
	g, _ := got.(error)
	w, _ := want.(error)
	for g != nil && w != nil && g != w {
		if reflect.TypeOf(g) != reflect.TypeOf(w) || g.Error() != w.Error() || slices.Contains(sentinels, w) {
			return false
		}
		g, w = errors.Unwrap(g), errors.Unwrap(w)
		if g == nil && w == nil {
			return true
		}
	}
	return got == want || g != nil && g == w
}

// sentinels are the errors of the driver, of the context and of database/sql.
var sentinels = []error{
	errDriver, errBadConn, errEnded, driver.ErrBadConn, driver.ErrSkip, driver.ErrRemoveArgument,
	context.Canceled, context.DeadlineExceeded, sql.ErrNoRows, sql.ErrTxDone, sql.ErrConnDone,
}

func TestAlikeTellsErrorsApart(t *testing.T) {
	for name, test := range map[string]struct {
		got, want any
		alike     bool
	}{
		"the same":                              {errDriver, errDriver, true},
		"a copy of the driver's":                {errors.New(errDriver.Error()), errDriver, false},
		"the same, wrapped alike":               {fmt.Errorf("sql: %w", errDriver), fmt.Errorf("sql: %w", errDriver), true},
		"a copy, wrapped alike":                 {fmt.Errorf("sql: %w", errors.New(errDriver.Error())), fmt.Errorf("sql: %w", errDriver), false},
		"wrapped, and not":                      {fmt.Errorf("%w", errDriver), errDriver, false},
		"an error of database/sql's":            {errors.New("sql: closed"), errors.New("sql: closed"), true},
		"another":                               {errors.New("sql: closed"), errors.New("sql: open"), false},
		"none, and one":                         {nil, errDriver, false},
		"one, and none":                         {errDriver, nil, false},
		"none":                                  {nil, nil, true},
		"different values":                      {1, 2, false},
		"a copy of what wraps a bad connection": {fmt.Errorf("wrapped: %w", driver.ErrBadConn), errBadConn, false},
	} {
		if got := alike(test.got, test.want); got != test.alike {
			t.Errorf("%s: alike: %v, want %v", name, got, test.alike)
		}
	}
}

// panicking is a dialect that must not be asked.
type panicking struct{ keywords }

func (panicking) Classify(string) sqlguard.Verdict { panic("a text was judged while the mode is off") }
