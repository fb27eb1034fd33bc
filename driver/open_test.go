package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

var nothing sqlguard.Policy

// parsing is a driver that parses its DSN at once.
type parsing struct{ *fake }

var errDSN = errors.New("DSN does not parse")

func (p parsing) OpenConnector(dsn string) (driver.Connector, error) {
	if dsn == "bad" {
		return nil, errDSN
	}
	return p.fake, nil
}

func init() { sql.Register("parsing", parsing{&fake{}}) }

func TestWrongConfigurationIsAnErrorAtOpening(t *testing.T) {
	good := guarded.Config{Guard: newGuard(t, nothing), Dialect: keywords{}}
	lacking := guarded.Config{Guard: good.Guard}
	open := func(name, dsn string, cfg guarded.Config) error {
		db, err := guarded.Open(name, dsn, cfg)
		if err == nil {
			db.Close()
		}
		return err
	}
	wrapDriver := func(d driver.Driver, cfg guarded.Config) error {
		_, err := guarded.WrapDriver(d, cfg)
		return err
	}
	wrapConnector := func(c driver.Connector, cfg guarded.Config) error {
		_, err := guarded.WrapConnector(c, cfg)
		return err
	}
	openDB := func(c driver.Connector, cfg guarded.Config) error {
		_, err := guarded.OpenDB(c, cfg)
		return err
	}
	checking := good
	checking.CheckDSN = func(string) error { return errors.New("CheckDSN says no") }
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"an unknown driver":              {open("no such driver", "", good), `unknown driver "no such driver"`},
		"a DSN that does not parse":      {open("parsing", "bad", good), errDSN.Error()},
		"a DSN that is not wanted":       {open("parsing", "good", checking), "CheckDSN says no"},
		"Open without a dialect":         {open("parsing", "good", lacking), "Config.Dialect is nil"},
		"OpenDB without a dialect":       {openDB(&fake{}, lacking), "Config.Dialect is nil"},
		"OpenDB without a connector":     {openDB(nil, good), "connector to wrap is nil"},
		"a connector without a dialect":  {wrapConnector(&fake{}, lacking), "Config.Dialect is nil"},
		"no connector":                   {wrapConnector(nil, good), "connector to wrap is nil"},
		"a driver without a dialect":     {wrapDriver(&fake{}, lacking), "Config.Dialect is nil"},
		"no driver":                      {wrapDriver(nil, good), "driver to wrap is nil"},
		"registering without a name":     {guarded.Register("", &fake{}, good), "name is empty"},
		"registering no driver":          {guarded.Register("new", nil, good), `"new": driver: the driver to wrap is nil`},
		"registering without a dialect":  {guarded.Register("new", &fake{}, lacking), "Config.Dialect is nil"},
		"registering under a taken name": {guarded.Register("parsing", &fake{}, good), `name "parsing" is taken`},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one that says %q", name, test.err, test.want)
		}
	}
	if db, err := guarded.Open("parsing", "good", good); err != nil {
		t.Errorf("Open with all that is needed: %v", err)
	} else {
		db.Close()
	}
}

func TestARegisteredDriverIsOpenedByItsName(t *testing.T) {
	var name string
	for _, inner := range []driver.Driver{&fake{}, parsing{&fake{}}} {
		g := newGuard(t, nothing)
		name = fmt.Sprintf("guarded-%d", len(sql.Drivers())) // which a test that runs again has not registered
		if err := guarded.Register(name, inner, guarded.Config{Guard: g, Dialect: keywords{}}); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open(name, "dsn")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		set(t, g, sqlguard.ReadOnly)
		mustRefuse(t, db, "INSERT INTO t")
		if got, ok := guarded.Find[interface{ Unwrap() driver.Driver }](db.Driver()); !ok || got.Unwrap() != inner {
			t.Errorf("%T: Unwrap does not give the inner driver", inner)
		}
		// What asks the pool for its driver, to open another pool, is guarded too.
		c, err := db.Driver().(driver.DriverContext).OpenConnector("dsn")
		if err != nil {
			t.Fatal(err)
		}
		again := sql.OpenDB(c)
		defer again.Close()
		mustRefuse(t, again, "INSERT INTO t")
	}
	if _, err := sql.Open(name, "bad"); err != errDSN { // the name of the last, which parses
		t.Errorf("sql.Open with a bad DSN: %v, want the driver's own error", err)
	}
}

func TestTheDriverOfAPoolIsGuarded(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	set(t, g, sqlguard.ReadOnly)
	conn, err := open(t, f, g).Driver().Open("dsn")
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.(driver.ExecerContext).ExecContext(context.Background(), "INSERT INTO t", nil)
	refused(t, "an INSERT on a connection of DB.Driver", err)
}

func TestWrappingTwiceWithOneGuardGivesOneLayer(t *testing.T) {
	g := newGuard(t, nothing)
	cfg := guarded.Config{Guard: g, Dialect: keywords{}}
	once, err := guarded.WrapDriver(parsing{&fake{}}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := guarded.WrapDriver(once, cfg); err != nil || twice != once {
		t.Errorf("a guarded driver was wrapped again (%v)", err)
	}
	if other, err := guarded.WrapDriver(once, guarded.Config{Guard: newGuard(t, nothing), Dialect: keywords{}}); err != nil || other == once {
		t.Errorf("a driver of one guard was not wrapped by another (%v)", err)
	}
	c, err := guarded.WrapConnector(&fake{}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := guarded.WrapConnector(c, cfg); err != nil || twice != c {
		t.Errorf("a guarded connector was wrapped again (%v)", err)
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if wrap(t, conn) == conn {
		t.Error("a connection of one guard was not wrapped by another")
	}

	other := newGuard(t, nothing)
	db, err := guarded.OpenDB(c, guarded.Config{Guard: other, Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, closed := range []*sqlguard.Guard{g, other} {
		set(t, closed, sqlguard.ReadOnly)
		mustRefuse(t, db, "INSERT INTO t")
		set(t, closed, sqlguard.Off)
		mustRun(t, db, "INSERT INTO t")
	}
}

// foreign is a wrapper of somebody else's.
type foreign struct{ driver.Conn }

func (f foreign) Raw() driver.Conn { return f.Conn }

type circle struct{}

func (c circle) Unwrap() any { return c }

func TestFindLooksThroughWrappers(t *testing.T) {
	inner := modern{&fakeConn{fake: &fake{}}}
	outer := foreign{wrap(t, foreign{wrap(t, inner)})}
	if found, ok := guarded.Find[modern](outer); !ok || found != inner {
		t.Error("the inner connection was not found")
	}
	if _, ok := guarded.Find[*fake](outer); ok {
		t.Error("something was found that is not there")
	}
	if _, ok := guarded.Find[*fake](circle{}); ok {
		t.Error("something was found in a circle")
	}
	if _, ok := guarded.Find[*fake](nil); ok {
		t.Error("something was found in nothing")
	}
}
