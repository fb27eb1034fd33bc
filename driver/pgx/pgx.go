// Package pgx guards pgx, PostgreSQL's driver: under database/sql, and natively. Natively, [NewPool] and
// [Connect] give what has the methods of pgxpool.Pool and pgx.Conn; for code that must hold
// pgx's own pool there are [Instrument] and [ArmSessions], which promise less.
//
// Under database/sql, imported for its
// side effect, it registers "guarded-pgx" on [sqlguard.Default]:
//
//	import _ "github.com/quiescehq/quiesce/driver/pgx"
//
//	db, err := sql.Open("guarded-pgx", "postgres://app@localhost/app")
//
// The name takes what pgx's own "pgx" takes: a URL, keywords and values, or a key
// of stdlib.RegisterConnConfig. For a guard of your own there is [Open], and for a
// connector of pgx's (stdlib.GetConnector, with its hooks) package driver's OpenDB
// with [Config].
//
// Over a pgxpool.Pool there is [OpenDBFromPool].
//
// # What is not a text
//
// pgx.NamedArgs and pgx.StrictNamedArgs, and so pgx.StructArgs, are looked through; any
// other QueryRewriter makes its statement one that is not understood. The name of a
// statement that was prepared with the connection (stdlib.OptionAfterConnect), given
// where a text is expected, is not understood either, whatever it reads: give the
// text itself, which pgx prepares too. Do not name a statement so that its
// name reads as a query: it would be taken for that one.
//
// # COPY, batches and notifications
//
// Under database/sql, COPY FROM STDIN, batches and waiting for notifications are reached by Conn.Raw and
// driver.Find only. That is the way around the guard, in every mode: what is done with
// pgx's own connection is neither looked at nor waited for. The example shows how to copy
// so that the guard is asked, and a drain waits. LISTEN as a text passes in read-only mode,
// NOTIFY does not.
package pgx

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"strconv"
	"strings"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// Name is the name that this package registers with database/sql.
const Name = "guarded-pgx"

func init() {
	// The driver that pgx registers holds the keys of stdlib.RegisterConnConfig.
	if err := driver.Register(Name, stdlib.GetDefaultDriver(), Config(nil)); err != nil {
		panic(err) // another package took the name
	}
}

// Open opens a pool on PostgreSQL that g guards; as sql.Open, it does not
// connect. If g is nil, [sqlguard.Default] guards. It fails if the DSN does not parse,
// or the guard has an error.
func Open(dsn string, g *sqlguard.Guard) (*sql.DB, error) {
	return driver.Open("pgx", dsn, Config(g))
}

// Config returns how pgx's driver and connectors are guarded by g, for package
// driver's functions. If g is nil, [sqlguard.Default] guards.
func Config(g *sqlguard.Guard) driver.Config {
	return driver.Config{
		Guard: g, Dialect: postgres.Dialect{}, CheckDSN: checkDSN, Idle: idle, Alive: alive, Rewrite: rewrite,
		BeginWith: beginWith, Together: true, Reported: reported, Session: sessionID, EndSessions: endSessions, Closed: isClosed,
	}
}

// reported goes by what PostgreSQL sends of a setting when it changes (ParameterStatus; PostgreSQL 14 and later do for
// default_transaction_read_only).
func reported(c sqldriver.Conn, setting string) string {
	own, ok := driver.Find[*stdlib.Conn](c)
	if !ok {
		return ""
	}
	return own.Conn().PgConn().ParameterStatus(setting)
}

// errDSN holds back pgx's own error, which hides passwords as well as it can, but
// quotes the rest of a text in which nobody knows what is what.
var errDSN = errors.New("driver/pgx: the DSN is not one that pgx.ParseConfig accepts; its reason is held back, because it may quote a password")

// checkDSN parses what pgx would parse only when it connects.
func checkDSN(dsn string) error {
	if registered(dsn) {
		return nil
	}
	if _, err := jackc.ParseConfig(dsn); err != nil {
		return errDSN
	}
	return nil
}

// registered reports whether a DSN is a key of stdlib.RegisterConnConfig, as pgx
// v5.12 makes them.
func registered(dsn string) bool {
	number, ok := strings.CutPrefix(dsn, "registeredConnConfig")
	if !ok {
		return false
	}
	_, err := strconv.ParseUint(number, 10, 64)
	return err == nil
}

// idle goes by the status that the server sends when it is ready for the next
// query (ReadyForQuery; PostgreSQL 18, 54.7).
func idle(c sqldriver.Conn) bool {
	own, ok := driver.Find[*stdlib.Conn](c)
	return ok && alive(c) && own.Conn().PgConn().TxStatus() == 'I'
}

// alive goes by pgx's own state: it closes a connection on which the answer to a
// statement was not read to its end.
func alive(c sqldriver.Conn) bool {
	own, ok := driver.Find[*stdlib.Conn](c)
	if !ok {
		return false
	}
	pg := own.Conn().PgConn()
	return !pg.IsClosed() && !pg.IsBusy()
}

// rewrite returns what pgx's own named arguments make of a text. They use
// neither the connection nor the other arguments. As pgx v5.12 does, it looks for them
// in front of the arguments, behind a QueryExecMode; behind an ordinary argument
// they are no more than a value.
func rewrite(ctx context.Context, query string, args []sqldriver.NamedValue) (text string, known bool) {
	i := 0
	for i < len(args) && is[jackc.QueryExecMode](args[i]) {
		i++
	}
	if i == len(args) {
		return query, true
	}
	for _, arg := range args[i+1:] {
		if is[jackc.QueryRewriter](arg) && is[jackc.QueryRewriter](args[i]) {
			return "", false // pgx takes the last of those that stand side by side
		}
	}
	var err error
	switch first := args[i].Value.(type) {
	case jackc.NamedArgs:
		text, _, err = first.RewriteQuery(ctx, nil, query, nil)
	case jackc.StrictNamedArgs:
		text, _, err = first.RewriteQuery(ctx, nil, query, nil)
	case jackc.QueryRewriter, jackc.QueryResultFormats, jackc.QueryResultFormatsByOID:
		return "", false // Exec and Query do not treat the formats alike
	default:
		return query, true
	}
	if err != nil {
		return "", true // pgx returns the error, and sends nothing
	}
	return text, true
}

// is reports whether an argument is a T.
func is[T any](arg sqldriver.NamedValue) bool {
	_, ok := arg.Value.(T)
	return ok
}
