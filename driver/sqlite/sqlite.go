// Package sqlite guards modernc.org/sqlite's driver, which needs no cgo. Imported
// for its side effect, it registers "guarded-sqlite" on [sqlguard.Default]:
//
//	import _ "github.com/quiescehq/quiesce/driver/sqlite"
//
//	db, err := sql.Open("guarded-sqlite", "file:app.db")
//
// The name takes what the driver's own "sqlite" takes. A DSN whose parameters do
// not parse is an error when the pool is opened; their values are looked at by the
// first connection.
//
// What a DSN asks for (_pragma), and what runs in functions and hooks that are
// registered with the driver, is not guarded: a function of the application's own that
// writes through another connection is out of reach, also in read-only mode. SQLite has no read-only transaction: where no
// text shows whether a query writes, the connection's query_only is on while it runs.
package sqlite

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"

	"modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
	dialect "github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// Name is the name that this package registers with database/sql.
const Name = "guarded-sqlite"

func init() {
	// A new driver value would lack the functions that are registered with the
	// one that the driver's package made.
	c, err := sqlite.NewConnector("")
	if err == nil {
		err = driver.Register(Name, c.Driver(), Config(nil))
	}
	if err != nil {
		panic(err) // another package took the name
	}
}

// Open opens a pool on SQLite that g guards; as sql.Open, it does not connect. If
// g is nil, [sqlguard.Default] guards. It fails if the DSN's parameters do not parse, or
// the guard has an error.
func Open(dsn string, g *sqlguard.Guard) (*sql.DB, error) {
	return driver.Open("sqlite", dsn, Config(g))
}

// Config returns how the driver and its connectors are guarded by g, for package
// driver's functions. If g is nil, [sqlguard.Default] guards.
func Config(g *sqlguard.Guard) driver.Config {
	return driver.Config{Guard: g, Dialect: dialect.Dialect{}, CheckDSN: checkDSN, Alive: alive}
}

// alive is always true: there is no server, so when a statement has failed, it is over.
func alive(sqldriver.Conn) bool { return true }

// checkDSN parses what the driver would parse only when it connects.
func checkDSN(dsn string) error {
	if _, err := sqlite.NewConnector(dsn); err != nil {
		return fmt.Errorf("driver/sqlite: the DSN does not parse: %w", err)
	}
	return nil
}
