package driver

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"
)

var registering sync.Mutex

// Register makes a guarded d available to sql.Open by a name. It fails if name
// is empty or taken, d is nil, or cfg is not complete. The guard is looked at
// when a pool is opened: with a guard that has an error, sql.Open fails with
// that error.
//
// Give it a driver value that the driver's package made (pgx's
// stdlib.GetDefaultDriver, say), where a new one would lack what was registered
// with the package.
func Register(name string, d driver.Driver, cfg Config) error {
	if name == "" {
		return errors.New("driver: Register: name is empty")
	}
	wrapped, err := WrapDriver(d, cfg)
	if err != nil {
		return fmt.Errorf("driver: Register %q: %w", name, err)
	}
	registering.Lock()
	defer registering.Unlock()
	if slices.Contains(sql.Drivers(), name) {
		return fmt.Errorf("driver: Register: name %q is taken by another driver", name)
	}
	sql.Register(name, wrapped)
	return nil
}

// Open opens a pool of guarded connections by a driver that is registered with
// database/sql under driverName; as sql.Open, it does not connect. It fails if
// the driver is unknown, its DSN does not parse as far as the driver can tell
// without connecting, cfg is not complete, or the guard has an error.
func Open(driverName, dsn string, cfg Config) (*sql.DB, error) {
	if _, err := cfg.resolve(); err != nil {
		return nil, err
	}
	if err := cfg.checkDSN(dsn); err != nil {
		return nil, err
	}
	// database/sql hands out a registered driver only with a pool. It is opened
	// with the real DSN, because some drivers parse it at once.
	pool, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, err
	}
	d := pool.Driver()
	if err := pool.Close(); err != nil {
		return nil, err
	}
	wrapped, err := WrapDriver(d, cfg)
	if err != nil {
		return nil, err
	}
	c, err := wrapped.(driver.DriverContext).OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// OpenDB opens a pool of guarded connections by a connector of a bare driver. It
// fails if c is nil, cfg is not complete, or the guard has an error.
func OpenDB(c driver.Connector, cfg Config) (*sql.DB, error) {
	wrapped, err := WrapConnector(c, cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(wrapped), nil
}

// WrapDriver returns a driver whose connections are guarded. It has
// driver.DriverContext in any case, and Unwrap() driver.Driver. It fails if d is nil
// or cfg is not complete; a guard with an error fails each opening.
//
// A driver that the same guard wraps already is returned as it is. A different
// guard adds a second layer, and a statement runs only if both let it pass.
func WrapDriver(d driver.Driver, cfg Config) (driver.Driver, error) {
	if d == nil {
		return nil, errors.New("driver: the driver to wrap is nil")
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("driver: %w", err)
	}
	if inner, ok := d.(*guardedDriver); ok {
		if inner.cfg.same(cfg) {
			return d, nil
		}
		if cfg.Net == NetSession {
			return nil, fmt.Errorf("driver: %w", errGuardedAlready)
		}
	}
	return &guardedDriver{inner: d, cfg: cfg}, nil
}

// WrapConnector returns a connector whose connections are guarded. It is an
// io.Closer exactly if c is, and has Unwrap() driver.Connector. It fails if c is
// nil, cfg is not complete, or the guard has an error. What the same guard wraps already
// is returned as it is.
func WrapConnector(c driver.Connector, cfg Config) (driver.Connector, error) {
	if c == nil {
		return nil, errors.New("driver: the connector to wrap is nil")
	}
	g, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	var guarded driver.Driver
	if d := c.Driver(); d != nil {
		if guarded, err = WrapDriver(d, cfg); err != nil {
			return nil, err
		}
	}
	if inner, ok := c.(guardedConnector); ok && g.netted && !inner.guardedBy().same(g) {
		return nil, fmt.Errorf("driver: %w", errGuardedAlready)
	}
	return wrapConnector(c, guarded, g), nil
}
