package pgx_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

const flipNap = 25 * time.Millisecond

// flipSchema has a table whose rows make the commit of their transaction nap.
var flipSchema = []string{
	`CREATE TABLE flip (id serial PRIMARY KEY, kind int, unit int, parts int)`,
	`CREATE TABLE late (a int)`,
	fmt.Sprintf(`CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_sleep(%g); RETURN NULL; END'`, flipNap.Seconds()),
	`CREATE CONSTRAINT TRIGGER nap AFTER INSERT ON late
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nap()`,
}

func TestTheFlipOnPostgreSQL(t *testing.T) {
	dsn := testdb.Postgres(t).Database(t)
	enginetest.Flip(t, flipNap, func(g *sqlguard.Guard) *enginetest.FlipEngine { return flipEngine(t, dsn, g) })
}

func flipEngine(t *testing.T, dsn string, g *sqlguard.Guard) *enginetest.FlipEngine {
	bare, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range flipSchema {
		if _, err := bare.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	config, err := jackc.ParseConfig(with(dsn, "application_name=flip"))
	if err != nil {
		t.Fatal(err)
	}
	sockets := &enginetest.Sockets{}
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return sockets.Dial(ctx, network, addr)
	}
	sockets.Connector = stdlib.GetConnector(*config)
	db, err := driver.OpenDB(sockets, pgx.Config(g))
	if err != nil {
		t.Fatal(err)
	}
	return &enginetest.FlipEngine{
		DB: db, Bare: bare,
		Nap:         func(d time.Duration) string { return fmt.Sprintf("pg_sleep(%g) IS NOT NULL", d.Seconds()) },
		Wide:        "repeat('x', 200000)",
		Prepared:    "INSERT INTO flip (kind, unit, parts) SELECT $1::int, $2::int, $3::int",
		Late:        "INSERT INTO late VALUES (1)",
		SeveralArgs: []any{jackc.QueryExecModeSimpleProtocol},
		Cut: func(conn *sql.Conn) (kill, hangUp func() error, err error) {
			return cut(bare, sockets, conn)
		},
		Lost:        lost,
		Interrupted: func(err error) bool { return code(err) == "57014" || lost(err) },
		Conflict:    func(err error) bool { return code(err) == "40P01" },
		Open: func() (open int, err error) {
			err = bare.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'flip'
				AND datname = current_database() AND state <> 'idle'`).Scan(&open)
			return open, err
		},
	}
}

func cut(bare *sql.DB, sockets *enginetest.Sockets, conn *sql.Conn) (kill, hangUp func() error, err error) {
	var pid uint32
	err = conn.Raw(func(c any) error {
		inner, _ := driver.Find[*stdlib.Conn](c)
		pid = inner.Conn().PgConn().PID()
		socket, err := sockets.Of(c)
		if err == nil {
			hangUp = socket.Close
		}
		return err
	})
	return func() error {
		_, err := bare.Exec("SELECT pg_terminate_backend($1)", int(pid))
		return err
	}, hangUp, err
}

// lost reports whether an error is that of a connection that is gone.
func lost(err error) bool {
	for _, gone := range []error{sqldriver.ErrBadConn, sql.ErrConnDone, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, gone) {
			return true
		}
	}
	// Of a connection that is known to be closed pgx says that nothing was sent.
	return pgconn.SafeToRetry(err) || code(err) == "57P01" // admin_shutdown
}

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
