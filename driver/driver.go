package driver

import (
	"context"
	"database/sql/driver"

	"github.com/quiescehq/quiesce/sqlguard"
)

// guardedDriver wraps a driver.Driver. It offers OpenConnector also where the
// wrapped driver does not: its connector then calls Open at the same time as
// the one that database/sql would make.
type guardedDriver struct {
	inner driver.Driver
	cfg   Config
}

var (
	_ driver.Driver        = (*guardedDriver)(nil)
	_ driver.DriverContext = (*guardedDriver)(nil)
)

func (d *guardedDriver) Open(dsn string) (driver.Conn, error) {
	g, err := d.opening(dsn)
	if err != nil {
		return nil, err
	}
	inner, err := d.inner.Open(dsn)
	if err != nil {
		return nil, err
	}
	return wrapConn(inner, g, newEnder(g, dsnConnector{dsn: dsn, driver: d.inner})), nil
}

func (d *guardedDriver) OpenConnector(dsn string) (driver.Connector, error) {
	g, err := d.opening(dsn)
	if err != nil {
		return nil, err
	}
	opener, ok := d.inner.(driver.DriverContext)
	if !ok {
		return wrapConnector(dsnConnector{dsn: dsn, driver: d.inner}, d, g), nil
	}
	c, err := opener.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return wrapConnector(c, d, g), nil
}

func (d *guardedDriver) opening(dsn string) (*guarding, error) {
	g, err := d.cfg.resolve()
	if err != nil {
		return nil, err
	}
	return g, d.cfg.checkDSN(dsn)
}

// Unwrap returns the wrapped driver, which is not guarded.
func (d *guardedDriver) Unwrap() driver.Driver { return d.inner }

func (cfg Config) checkDSN(dsn string) error {
	if cfg.CheckDSN == nil {
		return nil
	}
	return cfg.CheckDSN(dsn)
}

// same reports whether both configurations would decide alike.
func (cfg Config) same(other Config) bool {
	return guardOf(cfg) == guardOf(other) && cfg.Dialect.Name() == other.Dialect.Name() && cfg.Net >= other.Net
}

func guardOf(cfg Config) *sqlguard.Guard {
	if cfg.Guard == nil {
		return sqlguard.Default()
	}
	return cfg.Guard
}

// dsnConnector connects by a driver that has no connectors of its own.
type dsnConnector struct {
	dsn    string
	driver driver.Driver
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }
