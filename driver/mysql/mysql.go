// Package mysql guards go-sql-driver's driver for MySQL and MariaDB. Imported for
// its side effect, it registers "guarded-mysql" on [sqlguard.Default]:
//
//	import _ "github.com/quiescehq/quiesce/driver/mysql"
//
//	db, err := sql.Open("guarded-mysql", "app@tcp(localhost)/app")
//
// The name takes what go-sql-driver's own "mysql" takes, but for rejectReadOnly=true: with
// it the driver answers the server's read-only errors by dropping the connection and
// asking for another try, so that what the server refuses in read-only mode would
// cost connections, and could not be told from a lost server.
//
// For a guard of your own there is [Open], and for a connector of go-sql-driver's
// (mysql.NewConnector) package driver's OpenDB with [Config]. A connector does not show
// how it was made: leave RejectReadOnly out of its configuration, and out of what
// mysql.BeforeConnect changes. With it nothing is written all the same, but each
// statement that the server refuses costs a connection, and comes back as a bad one.
//
// # Several statements, and arguments
//
// With multiStatements=true a text is refused if any of its statements is. Whether or
// not interpolateParams is set, a call is decided on once and told of once; the
// exception is a call that passes by [sqlguard.WithBypass], which is told of twice where
// the driver prepares it. How a text's quotes and backslashes are read depends on the
// session's sql_mode, which the guard does not know: a text that writes in any reading
// (ANSI_QUOTES, NO_BACKSLASH_ESCAPES) is refused.
//
// # Procedures and definitions
//
// No text says what a procedure does, so CALL is refused, and no rule of a policy can
// allow it: call what only reads with [sqlguard.WithBypass]. Definitions commit in
// passing, and are executed even in a read-only transaction of the server's; there the
// guard's verdict is what stops them. A write that is prepared in such a transaction
// is refused by the server (its error 1792), when it is prepared.
//
// # The fence
//
// While the database's fence is asked for, BeginTx begins and takes it in one round trip, by the procedure that package fence
// installs, if the account may call it and the options ask for no level of isolation; otherwise it takes two more.
//
// # LOAD DATA LOCAL
//
// A refused LOAD DATA LOCAL INFILE asks no handler of mysql.RegisterReaderHandler for its
// reader, so nobody reads. Where a goroutine writes into a pipe for it, close the
// pipe's reading end when the load is over, with its error; the writer then gets that
// error instead of waiting for ever:
//
//	r, w := io.Pipe()
//	mysql.RegisterReaderHandler("rows", func() io.Reader { return r })
//	defer mysql.DeregisterReaderHandler("rows")
//	go writeRows(w) // ends at the first error
//	_, err := db.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE t")
//	r.CloseWithError(err)
package mysql

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
	dialect "github.com/quiescehq/quiesce/sqlguard/mysql"
)

// Name is the name that this package registers with database/sql.
const Name = "guarded-mysql"

func init() {
	if err := driver.Register(Name, mysql.MySQLDriver{}, Config(nil)); err != nil {
		panic(err) // another package took the name
	}
}

// Open opens a pool on MySQL or MariaDB that g guards; as sql.Open, it does not
// connect. If g is nil, [sqlguard.Default] guards. It fails if the DSN does not parse or
// asks for rejectReadOnly, or the guard has an error.
func Open(dsn string, g *sqlguard.Guard) (*sql.DB, error) {
	return driver.Open("mysql", dsn, Config(g))
}

// Config returns how go-sql-driver's driver and connectors are guarded by g, for
// package driver's functions. If g is nil, [sqlguard.Default] guards.
func Config(g *sqlguard.Guard) driver.Config {
	return driver.Config{Guard: g, Dialect: dialect.Dialect{}, CheckDSN: checkDSN, Alive: alive, BeginWith: beginWith,
		Session: sessionID, EndSessions: endSessions}
}

// alive goes by the driver's own state (v1.10): it closes a connection on which the
// answer to a statement was not read to its end.
func alive(c sqldriver.Conn) bool {
	v, ok := driver.Find[sqldriver.Validator](c)
	return ok && v.IsValid()
}

var errRejectReadOnly = errors.New("driver/mysql: the DSN asks for rejectReadOnly, with which the driver drops a connection " +
	"for each statement that the server refuses in read-only mode; leave it out")

// checkDSN leaves it to the driver to say what does not parse.
func checkDSN(dsn string) error {
	if cfg, err := mysql.ParseDSN(dsn); err == nil && cfg.RejectReadOnly {
		return errRejectReadOnly
	}
	return nil
}
