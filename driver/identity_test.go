//lint:file-ignore SA1019 The deprecated interfaces count as well.

package driver_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"os"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/conntypes"
	"github.com/quiescehq/quiesce/driver/internal/interfaces"
)

// How many combinations of optional interfaces there are.
const (
	connCombinations = 1 << 10
	stmtCombinations = 1 << 4
	rowsCombinations = 1 << 6
)

// composed gives connections the has-th combination of optional interfaces.
func composed(has int) func(*fakeConn) driver.Conn {
	return func(c *fakeConn) driver.Conn { return innerConn(both{modern{c}, legacy{c}, c}, has) }
}

// composedStmt and composedRows do the same for statements and rows.
func composedStmt(has int) func(fullStmt) driver.Stmt {
	return func(s fullStmt) driver.Stmt { return innerStmt(s, has) }
}

func composedRows(has int) func(fullRows) driver.Rows {
	return func(r fullRows) driver.Rows { return innerRows(r, has) }
}

// combinations counts the different sets of interfaces that it is shown.
type combinations map[string]bool

func (c combinations) add(kind interfaces.Kind, v any) { c[fmt.Sprint(interfaces.Of(kind, v))] = true }

func (c combinations) are(t *testing.T, want int) {
	t.Helper()
	if len(c) != want {
		t.Errorf("the drivers of the test have %d different sets of interfaces, want %d", len(c), want)
	}
}

// dsnless is a connector of one connection.
type dsnless struct {
	conn driver.Conn
	*fake
}

func (d dsnless) Connect(context.Context) (driver.Conn, error) { return d.conn, nil }

func wrap(t testing.TB, inner driver.Conn) driver.Conn {
	t.Helper()
	c, err := guarded.WrapConnector(dsnless{conn: inner, fake: &fake{}}, guarded.Config{Guard: newGuard(t, nothing), Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	outer, err := c.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return outer
}

// Transparent.
func TestAConnectionHasTheInterfacesOfTheInnerOne(t *testing.T) {
	all := combinations{}
	for has := range connCombinations {
		f := &fake{}
		inner := composed(has)(&fakeConn{fake: f})
		all.add(interfaces.Conn, inner)
		outer := wrap(t, inner)
		for _, wrong := range interfaces.Check(interfaces.Conn, inner, outer) {
			t.Errorf("around %v: %s", interfaces.Of(interfaces.Conn, inner), wrong)
		}
		if found := outer.(interface{ Unwrap() driver.Conn }).Unwrap(); found != inner {
			t.Errorf("around %v: Unwrap gives another connection", interfaces.Of(interfaces.Conn, inner))
		}
		legacyForms(t, f, inner, outer)
	}
	all.are(t, connCombinations)
}

// legacyForms demands that Exec and Query of a connection are the inner one's, or are skipped.
func legacyForms(t *testing.T, f *fake, inner, outer driver.Conn) {
	t.Helper()
	if e, ok := outer.(driver.Execer); ok {
		_, has := inner.(driver.Execer)
		_, err := e.Exec("INSERT", nil)
		passedOn(t, "Exec INSERT []", f.did(), has, err)
	}
	if q, ok := outer.(driver.Queryer); ok {
		_, has := inner.(driver.Queryer)
		_, err := q.Query("SELECT", nil)
		passedOn(t, "Query SELECT []", f.did(), has, err)
	}
}

func passedOn(t *testing.T, call, asked string, has bool, err error) {
	t.Helper()
	if has && (asked != call || err != nil) || !has && (asked != "" || err != driver.ErrSkip) {
		t.Errorf("%s: the inner connection has it: %v, and was asked %q (%v)", call, has, asked, err)
	}
}

func TestAStatementHasTheInterfacesOfTheInnerOne(t *testing.T) {
	all := combinations{}
	for has := range stmtCombinations {
		var inner driver.Stmt
		f := &fake{stmt: func(s fullStmt) driver.Stmt { inner = innerStmt(s, has); return inner }}
		outer := prepared(wrap(t, modern{&fakeConn{fake: f}}))
		all.add(interfaces.Stmt, inner)
		for _, wrong := range interfaces.Check(interfaces.Stmt, inner, outer) {
			t.Errorf("around %v: %s", interfaces.Of(interfaces.Stmt, inner), wrong)
		}
		if found := outer.(interface{ Unwrap() driver.Stmt }).Unwrap(); found != inner {
			t.Errorf("around %v: Unwrap gives another statement", interfaces.Of(interfaces.Stmt, inner))
		}
		own, _ := inner.(driver.ColumnConverter)
		if c, ok := outer.(driver.ColumnConverter); ok && c.ColumnConverter(3) != own.ColumnConverter(3) {
			t.Errorf("around %v: the converter is not the inner one", interfaces.Of(interfaces.Stmt, inner))
		}
	}
	all.are(t, stmtCombinations)
}

func TestTheCheckerOfAStatementIsTheInnerOne(t *testing.T) {
	for has := range stmtCombinations {
		f := &fake{stmt: composedStmt(has), errs: map[string]error{"StmtCheck": driver.ErrRemoveArgument}}
		outer := prepared(wrap(t, modern{&fakeConn{fake: f}}))
		if n, ok := outer.(driver.NamedValueChecker); ok {
			if err := n.CheckNamedValue(&driver.NamedValue{}); err != driver.ErrRemoveArgument {
				t.Errorf("combination %d: the checker gives %v", has, err)
			}
		}
	}
}

func TestRowsHaveTheInterfacesOfTheInnerOnes(t *testing.T) {
	all := combinations{}
	for has := range rowsCombinations {
		var inner driver.Rows
		f := &fake{rows: func(r fullRows) driver.Rows { inner = innerRows(r, has); return inner }}
		outer := queried(t, wrap(t, modern{&fakeConn{fake: f}}))
		all.add(interfaces.Rows, inner)
		for _, wrong := range interfaces.Check(interfaces.Rows, inner, outer) {
			t.Errorf("around %v: %s", interfaces.Of(interfaces.Rows, inner), wrong)
		}
		if unwrapped(outer) != inner {
			t.Errorf("around %v: these are other rows", interfaces.Of(interfaces.Rows, inner))
		}
	}
	all.are(t, rowsCombinations)
}

// queried returns the rows of a query.
func queried(t testing.TB, c driver.Conn) driver.Rows {
	t.Helper()
	rows, err := c.(driver.QueryerContext).QueryContext(context.Background(), "SELECT 1", nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// unwrapped returns the driver's own rows.
func unwrapped(r driver.Rows) driver.Rows {
	if w, ok := r.(interface{ Unwrap() driver.Rows }); ok {
		return w.Unwrap()
	}
	return r
}

func TestResultsAreTheDriversOwn(t *testing.T) {
	c := wrap(t, modern{&fakeConn{fake: &fake{}}})
	result, err := c.(driver.ExecerContext).ExecContext(context.Background(), "SELECT 1", nil)
	if _, ok := result.(*fakeResult); !ok || err != nil {
		t.Errorf("the result is a %T (%v)", result, err)
	}
}

// closing is a connector with something to close.
type closing struct {
	*fake
	closed *int
}

func (c closing) Close() error { *c.closed++; return io.ErrClosedPipe }

func TestAConnectorAndADriverHaveTheInterfacesOfTheInnerOnes(t *testing.T) {
	cfg := guarded.Config{Guard: newGuard(t, nothing), Dialect: keywords{}}
	for _, inner := range []driver.Connector{&fake{}, closing{fake: &fake{}}} {
		outer, err := guarded.WrapConnector(inner, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range interfaces.Check(interfaces.Connector, inner, outer) {
			t.Errorf("around a %T: %s", inner, wrong)
		}
		if found := outer.(interface{ Unwrap() driver.Connector }).Unwrap(); found != inner {
			t.Errorf("around a %T: Unwrap gives another connector", inner)
		}
		if d, ok := guarded.Find[*fake](outer.Driver()); !ok || d == outer.Driver() {
			t.Errorf("around a %T: the driver is %v, want the inner one, guarded", inner, outer.Driver())
		}
	}
	for _, inner := range []driver.Driver{&fake{}, parsing{&fake{}}} {
		outer, err := guarded.WrapDriver(inner, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range interfaces.Check(interfaces.Driver, inner, outer) {
			t.Errorf("around a %T: %s", inner, wrong)
		}
		if found := outer.(interface{ Unwrap() driver.Driver }).Unwrap(); found != inner {
			t.Errorf("around a %T: Unwrap gives another driver", inner)
		}
	}
}

func TestAConnectorIsClosedOnceWithItsPool(t *testing.T) {
	closed := 0
	db, err := guarded.OpenDB(closing{&fake{}, &closed}, guarded.Config{Guard: newGuard(t, nothing), Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != io.ErrClosedPipe || closed != 1 {
		t.Errorf("closing the pool gave %v and closed the connector %d times, want its own error, and once", err, closed)
	}
	if db.Close(); closed != 1 {
		t.Errorf("closing the pool again closed the connector %d times", closed)
	}
}

func TestGeneratedCodeIsCurrent(t *testing.T) {
	for name, source := range conntypes.Files {
		want, err := source()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what its generator writes; run go generate ./driver", name)
		}
	}
}
