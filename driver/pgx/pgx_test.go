package pgx_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
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

// evil is a QueryRewriter that makes a write of any text.
type evil struct{}

func (evil) RewriteQuery(context.Context, *jackc.Conn, string, []any) (string, []any, error) {
	return "INSERT INTO u (a) VALUES (99) RETURNING a", nil, nil
}

func TestArgumentsThatReplaceTheText(t *testing.T) {
	e := engine(t, "")
	query := func(text string, args ...any) (id int, err error) {
		err = e.DB.QueryRow(text, args...).Scan(&id)
		return id, err
	}
	if id, err := query("SELECT 1", evil{}); err != nil || id != 99 {
		t.Fatalf("with the mode off, the rewriter gives %d, %v; want 99", id, err)
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err := query("SELECT 1", evil{})
	enginetest.Refused(t, "a rewriter", err)
	_, err = query("SELECT 1", jackc.QueryExecModeExec, evil{})
	enginetest.Refused(t, "a rewriter behind an option", err)
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.NamedArgs{"id": 2}); err != nil || id != 2 {
		t.Errorf("named arguments give %d, %v; want 2", id, err)
	}
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.StrictNamedArgs{"id": 2}); err != nil || id != 2 {
		t.Errorf("strict named arguments give %d, %v; want 2", id, err)
	}
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.StructArgs(struct {
		ID int `db:"id"`
	}{2})); err != nil || id != 2 {
		t.Errorf("a struct's fields as arguments give %d, %v; want 2", id, err)
	}
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.QueryExecModeExec, jackc.NamedArgs{"id": 2}); err != nil || id != 2 {
		t.Errorf("named arguments behind a mode give %d, %v; want 2", id, err)
	}
	_, err = query("SELECT id FROM t WHERE id = @id", jackc.NamedArgs{"id": 2}, evil{})
	enginetest.Refused(t, "a rewriter beside another", err)
	_, err = query("SELECT id FROM t WHERE id = @id", jackc.QueryResultFormats{0}, jackc.NamedArgs{"id": 2})
	enginetest.Refused(t, "named arguments behind formats, which Exec does not know", err)
	_, err = e.DB.Exec("INSERT INTO u (a) VALUES (@a)", jackc.NamedArgs{"a": 1})
	enginetest.Refused(t, "an insert with named arguments", err)

	// Behind an ordinary argument it is a value, and the text is what is sent.
	_, err = e.DB.Exec("INSERT INTO u (a) VALUES ($1)", 1, jackc.NamedArgs{"a": 1})
	enginetest.Refused(t, "an insert with named arguments behind others", err)
	if _, err = query("SELECT $1::int", 1, evil{}); sqlguard.IsReadOnly(err) {
		t.Errorf("a read with a rewriter that pgx does not call is refused: %v", err)
	}
	var rows int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a = 99").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows were written (%v), want the one that was while the mode was off", rows, err)
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
	enginetest.Refused(t, "a function that may be shadowed", err)
	if _, err := conn.ExecContext(ctx, "SELECT a FROM t"); err != nil {
		t.Errorf("a query without functions: %v", err)
	}
}

func TestWhatTheDriverCanDoIsReachedBelowTheGuard(t *testing.T) {
	e := engine(t, "")
	ctx := context.Background()
	conn, err := e.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		inner, ok := driver.Find[*stdlib.Conn](c)
		if !ok {
			return errors.New("pgx's connection was not found")
		}
		_, err := inner.Conn().CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromRows([][]any{{8}, {9}}))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	err = e.DB.QueryRow("SELECT array_agg(a ORDER BY id) FROM t").Scan(pgtype.NewMap().SQLScanner(&names))
	if err != nil || len(names) != 2 {
		t.Errorf("an array gives %q, %v", names, err)
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
