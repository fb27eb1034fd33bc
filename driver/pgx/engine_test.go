package pgx_test

import (
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
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
