//lint:file-ignore SA1019 The deprecated interfaces count as well.

package driver_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"io"
	"os"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/conntypes"
)

// has reports which optional interfaces a connection has, by their names.
func has(c driver.Conn) map[string]bool {
	m := map[string]bool{}
	_, m["ExecerContext"] = c.(driver.ExecerContext)
	_, m["QueryerContext"] = c.(driver.QueryerContext)
	_, m["SessionResetter"] = c.(driver.SessionResetter)
	_, m["Validator"] = c.(driver.Validator)
	_, m["NamedValueChecker"] = c.(driver.NamedValueChecker)
	_, m["Pinger"] = c.(driver.Pinger)
	_, m["ConnPrepareContext"] = c.(driver.ConnPrepareContext)
	_, m["ConnBeginTx"] = c.(driver.ConnBeginTx)
	_, m["Execer"] = c.(driver.Execer)
	_, m["Queryer"] = c.(driver.Queryer)
	return m
}

// emulated are the interfaces that a guarded connection always has.
var emulated = []string{"Pinger", "ConnPrepareContext", "ConnBeginTx"}

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
	for bits := range 1 << 8 {
		inner := composeBare(&bareConn{}, bits)
		want := has(inner)
		for _, name := range emulated {
			want[name] = true
		}
		want["Execer"], want["Queryer"] = want["ExecerContext"], want["QueryerContext"]
		outer := wrap(t, inner)
		compare(t, bits, has(outer), want)
		if found := outer.(interface{ Unwrap() driver.Conn }).Unwrap(); found != inner {
			t.Fatalf("combination %d: Unwrap gives another connection", bits)
		}
	}
}

func TestAConnectionWithLegacyInterfacesOnlyHasTheNewOnesToo(t *testing.T) {
	for bits, inner := range []driver.Conn{
		&bareConn{},
		struct {
			*bareConn
			bareLegacyExec
		}{},
		struct {
			*bareConn
			bareLegacyQuery
		}{},
		struct {
			*bareConn
			bareLegacyExec
			bareLegacyQuery
		}{},
	} {
		want := has(inner)
		for _, name := range emulated {
			want[name] = true
		}
		want["ExecerContext"], want["QueryerContext"] = want["Execer"], want["Queryer"]
		compare(t, bits, has(wrap(t, inner)), want)
	}
}

func compare(t *testing.T, bits int, got, want map[string]bool) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("combination %d: has %s: %v, want %v", bits, name, got[name], want[name])
		}
	}
}

type (
	checkedStmt         struct{ bareStmt }
	convertedStmt       struct{ bareStmt }
	checkedAndConverted struct{ bareStmt }
)

func (checkedStmt) CheckNamedValue(*driver.NamedValue) error          { return driver.ErrRemoveArgument }
func (convertedStmt) ColumnConverter(int) driver.ValueConverter       { return driver.NotNull{} }
func (checkedAndConverted) CheckNamedValue(*driver.NamedValue) error  { return nil }
func (checkedAndConverted) ColumnConverter(int) driver.ValueConverter { return driver.NotNull{} }

type preparing struct {
	*bareConn
	stmt driver.Stmt
}

func (p preparing) Prepare(string) (driver.Stmt, error) { return p.stmt, nil }

func TestAStatementHasTheInterfacesOfTheInnerOne(t *testing.T) {
	for name, inner := range map[string]driver.Stmt{
		"neither": bareStmt{}, "checker": checkedStmt{}, "converter": convertedStmt{}, "both": checkedAndConverted{},
	} {
		outer, err := wrap(t, preparing{&bareConn{}, inner}).Prepare("SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		_, want := inner.(driver.NamedValueChecker)
		if _, got := outer.(driver.NamedValueChecker); got != want {
			t.Errorf("%s: has NamedValueChecker: %v, want %v", name, got, want)
		}
		_, want = inner.(driver.ColumnConverter)
		if _, got := outer.(driver.ColumnConverter); got != want {
			t.Errorf("%s: has ColumnConverter: %v, want %v", name, got, want)
		}
		if _, ok := outer.(driver.StmtExecContext); !ok {
			t.Errorf("%s: lacks StmtExecContext", name)
		}
		if _, ok := outer.(driver.StmtQueryContext); !ok {
			t.Errorf("%s: lacks StmtQueryContext", name)
		}
		if found := outer.(interface{ Unwrap() driver.Stmt }).Unwrap(); found != inner {
			t.Errorf("%s: Unwrap gives another statement", name)
		}
	}
}

type closing struct {
	*fake
	closed *int
}

func (c closing) Close() error { *c.closed++; return io.ErrClosedPipe }

func TestAConnectorIsClosedOnceAndOnlyIfTheInnerOneCanBe(t *testing.T) {
	cfg := guarded.Config{Guard: newGuard(t, nothing), Dialect: keywords{}}
	plain, err := guarded.WrapConnector(&fake{}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := plain.(io.Closer); ok {
		t.Error("a connector without Close has one when it is guarded")
	}
	closed := 0
	db, err := guarded.OpenDB(closing{&fake{}, &closed}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != io.ErrClosedPipe || closed != 1 {
		t.Errorf("closing the pool gave %v and closed the connector %d times, want its own error, and once", err, closed)
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
