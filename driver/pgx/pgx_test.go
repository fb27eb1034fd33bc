package pgx_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestADSNThatDoesNotParseIsAnErrorWithoutItsPassword(t *testing.T) {
	for _, dsn := range []string{
		"postgres://app:hunter2@localhost:port/app",
		"postgres://app:hun%ter2@localhost/app",
		"postgres://app:hunter2@[::1/app",
		"host=localhost password=hunter2 port=none",
		"host=localhost password='hunter2",
		"hunter2",
	} {
		for name, open := range map[string]func() (*sql.DB, error){
			"sql.Open": func() (*sql.DB, error) { return sql.Open(pgx.Name, dsn) },
			"Open":     func() (*sql.DB, error) { return pgx.Open(dsn, nil) },
		} {
			db, err := open()
			if err == nil {
				db.Close()
				t.Errorf("%s accepts %q", name, dsn)
			} else if strings.Contains(err.Error(), "ter2") {
				t.Errorf("%s: the error for %q holds the password: %v", name, dsn, err)
			}
		}
	}
}

func TestTheKeyOfARegisteredConfigurationIsADSN(t *testing.T) {
	server := testdb.Postgres(t)
	config, err := jackc.ParseConfig(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	key := stdlib.RegisterConnConfig(config)
	defer stdlib.UnregisterConnConfig(key)
	db, err := sql.Open(pgx.Name, key)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	if db, err := sql.Open(pgx.Name, "registeredConnConfigX"); err == nil {
		db.Close()
		t.Error("a DSN that only looks like a key is accepted")
	}
}

func TestSeveralStatementsInOneText(t *testing.T) {
	e := engine(t, "")
	if _, err := e.DB.Exec("/* run: 1 */ SELECT 1; INSERT INTO u (a) VALUES (5)"); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	for _, text := range []string{
		"/* run: 1 */ SELECT 1; INSERT INTO u (a) VALUES (5)",
		"COMMIT; INSERT INTO u (a) VALUES (5); BEGIN",
	} {
		_, err := e.DB.Exec(text)
		enginetest.Refused(t, text, err)
	}
	if _, err := e.DB.Exec("SELECT 1; SELECT 2"); err != nil {
		t.Errorf("two reads: %v", err)
	}
}

func TestTheEngineIsAskedForAReadOnlyTransaction(t *testing.T) {
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var mode string
	if err := tx.QueryRow("SHOW transaction_read_only").Scan(&mode); err != nil || mode != "on" {
		t.Errorf("transaction_read_only is %q (%v), want on", mode, err)
	}
}

func TestAfterASearchPathThatShadowsABuiltIn(t *testing.T) {
	if !parses {
		t.Skip("built without cgo, where SET search_path is refused")
	}
	e := engine(t, "")
	for _, text := range []string{
		"CREATE SCHEMA evil",
		"CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE sql AS 'INSERT INTO public.u (a) VALUES (66); SELECT $1'",
	} {
		if _, err := e.DB.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	e.Set(t, sqlguard.ReadOnly)
	ctx := context.Background()
	conn, err := e.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT upper(a) FROM t"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(ctx, "SET search_path = evil, pg_catalog, public"); err != nil {
		t.Fatal(err)
	}
	_, err = conn.ExecContext(ctx, "SELECT upper(a) FROM t")
	if !sqlguard.IsReadOnly(err) {
		t.Errorf("a function that may be shadowed, and writes: got %v, want the engine's refusal", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT a FROM t"); err != nil {
		t.Errorf("a query without functions: %v", err)
	}
}

func TestAGuardOfItsOwnOverAConnector(t *testing.T) {
	e := engine(t, "")
	var dsn string
	if err := e.DB.QueryRow("SELECT current_database()").Scan(&dsn); err != nil {
		t.Fatal(err)
	}
	config, err := jackc.ParseConfig(testdb.Postgres(t).DSN(dsn))
	if err != nil {
		t.Fatal(err)
	}
	connected := 0
	c := stdlib.GetConnector(*config, stdlib.OptionAfterConnect(func(context.Context, *jackc.Conn) error { connected++; return nil }))
	db, err := driver.OpenDB(c, pgx.Config(e.Guard))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e.Set(t, sqlguard.ReadOnly)
	_, err = db.Exec("INSERT INTO u (a) VALUES (1)")
	enginetest.Refused(t, "an insert", err)
	if connected != 1 {
		t.Errorf("the connector's hook ran %d times, want 1", connected)
	}
}
