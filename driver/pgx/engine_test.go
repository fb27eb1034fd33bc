package pgx_test

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// judged are queries that only PostgreSQL can judge: what their functions do is not
// in their texts.
var judged = enginetest.Judged{
	Told: true,
	Setup: []string{
		"CREATE FUNCTION f_r(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM t) + $1; END'",
		"CREATE FUNCTION f_rows() RETURNS SETOF int LANGUAGE sql AS 'SELECT generate_series(1, 20000)'",
		"CREATE FUNCTION f_next() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('s') $$",
		"CREATE FUNCTION f_ddl() RETURNS int LANGUAGE plpgsql AS 'BEGIN CREATE TABLE made (a int); RETURN 1; END'",
		"CREATE FUNCTION f_temp() RETURNS int LANGUAGE plpgsql AS 'BEGIN CREATE TEMP TABLE made (a int); RETURN 1; END'",
		"CREATE FUNCTION f_caught() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM f_w(); RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 2; END $$",
		"CREATE FUNCTION f_notify() RETURNS int LANGUAGE plpgsql AS $$ BEGIN NOTIFY news, 'told'; RETURN 1; END $$",
		"CREATE FUNCTION f_set() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', '7', false) $$",
		"CREATE VIEW v_w AS SELECT f_w() AS w",
	},
	Reads: []string{
		"SELECT f_r(1)", "SELECT * FROM f_rows()", "SELECT id, f_r(id) FROM t", "SELECT f_caught()", "SELECT f_notify()",
		"SELECT f_set()", "EXPLAIN ANALYZE SELECT f_r(1)",
	},
	Writes: []string{
		"SELECT f_w()", "SELECT f_next()", "SELECT f_ddl()", "SELECT f_temp()", "SELECT id, f_w() FROM t",
		"SELECT w, f_r(1) FROM v_w", "EXPLAIN ANALYZE SELECT f_w()",
	},
	Settings: "SELECT current_setting('transaction_read_only'), current_setting('default_transaction_read_only'), " +
		"coalesce(current_setting('app.tenant', true), '')",
}

func TestPostgreSQLJudgesWhatNoTextShows(t *testing.T) {
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			enginetest.Judge(t, engine(t, "&default_query_exec_mode="+mode), judged)
		})
	}
}

func TestATransactionThatATextHasEndedIsNotTakenForAReadOnlyOne(t *testing.T) {
	e := engine(t, "")
	before := e.Dump()
	for _, flip := range []string{"before it began", "after it was ended"} {
		for _, text := range []string{"COMMIT", "ROLLBACK", "END"} {
			if flip == "before it began" {
				e.Set(t, sqlguard.ReadOnly)
			} else {
				e.Set(t, sqlguard.Off)
			}
			tx, err := e.DB.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(text); err != nil {
				t.Fatal(err)
			}
			e.Set(t, sqlguard.ReadOnly)
			if _, err := tx.Exec("SELECT f_w()"); !sqlguard.IsReadOnly(err) {
				t.Errorf("flipped %s, after %s a function that writes: %v", flip, text, err)
			}
			tx.Rollback()
		}
	}
	if !bytes.Equal(e.Dump(), before) {
		t.Error("the database has changed")
	}
}

func TestANotificationOfAFunctionIsUndone(t *testing.T) {
	e := engine(t, "")
	for _, text := range judged.Setup {
		if _, err := e.DB.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := e.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range []string{"LISTEN news", "LISTEN mark"} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	e.Set(t, sqlguard.ReadOnly)
	if _, err := e.DB.Exec("SELECT f_notify()"); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.Off)
	if _, err := e.DB.Exec("NOTIFY mark"); err != nil {
		t.Fatal(err)
	}
	err = conn.Raw(func(c any) error {
		own, _ := driver.Find[*stdlib.Conn](c)
		n, err := own.Conn().WaitForNotification(ctx)
		if err == nil && n.Channel != "mark" {
			t.Errorf("the first notification is of %s", n.Channel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
