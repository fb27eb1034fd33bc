package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// notForSQL finds the functions that SQL cannot call, or has no use for: their
// arguments or results are of types that have no values. The input functions of types
// are among them, which would run the CHECK of a domain that is named as a string.
const notForSQL = `
select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace group by 1
having bool_or(prorettype in (select oid from pg_type where typname in ('cstring', 'internal', 'trigger',
       'event_trigger', 'language_handler', 'fdw_handler', 'index_am_handler', 'table_am_handler', 'tsm_handler'))
   or 2275 = any (proargtypes::oid[]) or 2281 = any (proargtypes::oid[]))`

const everyFunction = `
select proname, bool_or(provolatile = 'v') from pg_proc where pronamespace = 'pg_catalog'::regnamespace group by 1`

// leftOut are the built-in functions that are on no list, by reason.
var leftOut = map[string]string{
	"runs a query that is given as a string": "cursor_to_xml cursor_to_xmlschema query_to_xml " +
		"query_to_xml_and_xmlschema query_to_xmlschema ts_rewrite ts_stat",
	"reads a table that is named as a string, which may be a view": "currtid2 database_to_xml " +
		"database_to_xml_and_xmlschema database_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema " +
		"schema_to_xmlschema table_to_xml table_to_xml_and_xmlschema table_to_xmlschema",
	"runs the CHECK of a domain that is named as a string": "pg_input_error_info pg_input_is_valid",
	"reads any file of the server, a pipe too":             "pg_read_binary_file pg_read_file pg_read_file_old",
	"assigns the transaction a number":                     "pg_current_xact_id txid_current",
	"runs an output plug-in":                               "pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes",
	"is for event triggers alone": "pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects " +
		"pg_event_trigger_table_rewrite_oid pg_event_trigger_table_rewrite_reason",
	"is for CREATE FUNCTION and CREATE SERVER alone": "fmgr_c_validator fmgr_internal_validator " +
		"fmgr_sql_validator plpgsql_validator postgresql_fdw_validator",
	"is part of an aggregate; since 17 SQL cannot call it": "interval_avg",
	"is for pg_upgrade alone":                              "binary_upgrade_logical_slot_has_caught_up",
}

func TestEveryBuiltinFunctionIsListedOrLeftOutForAReason(t *testing.T) {
	reasons := map[string]string{}
	for reason, names := range leftOut {
		for name := range strings.FieldsSeq(names) {
			reasons[name] = reason
		}
	}
	conn := connect(t)
	internal := map[string]bool{}
	for _, row := range query(t, conn, notForSQL) {
		internal[row[0].(string)] = true
	}
	for _, row := range query(t, conn, everyFunction) {
		name, volatile := row[0].(string), row[1].(bool)
		effect, reason := effectOf("", name), reasons[name]
		switch {
		case reason != "" && effect != unlisted:
			t.Errorf("%s is listed, though it %s", name, reason)
		case effect == unlisted && reason == "" && !internal[name]:
			t.Errorf("%s is on no list, and no reason is given", name)
		case volatile && isBuiltin(readers[:], name):
			t.Errorf("%s is labelled volatile here, and only reads by the generated list", name)
		case !volatile && effect == reads && !isBuiltin(readers[:], name):
			t.Errorf("%s need not be listed by hand: it is not volatile", name)
		case !volatile && effect == writes:
			t.Errorf("%s is said to write, and is not labelled volatile", name)
		}
	}
}

func TestEveryBuiltinOperatorAndTypeIsListed(t *testing.T) {
	conn := connect(t)
	for _, row := range query(t, conn, `select distinct oprname from pg_operator where oprnamespace = 'pg_catalog'::regnamespace`) {
		if name := row[0].(string); !isOfCatalog(builtinOperators, "", name) {
			t.Errorf("the operator %s is not listed", name)
		}
	}
	for _, row := range query(t, conn, `
		select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typname !~ '^_'`) {
		if name := row[0].(string); !isOfCatalog(builtinTypes, "", name) {
			t.Errorf("the type %s is not listed", name)
		}
	}
}

func connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testdb.Postgres(t).DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func query(t *testing.T, conn *pgx.Conn, sql string) [][]any {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		t.Fatal(err)
	}
	return all
}
