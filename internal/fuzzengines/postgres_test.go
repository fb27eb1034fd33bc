package fuzzengines_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/testdb"
	dialect "github.com/quiescehq/quiesce/sqlguard/postgres"
)

// Kinds of sessions with PostgreSQL.
const (
	postgresPlain = iota
	postgresInTransaction
	postgresArmed           // default_transaction_read_only is on
	postgresReadTransaction // each text in a read-only transaction
	postgresKinds
)

// postgresBegin comes before each text.
var postgresBegin = [postgresKinds]string{postgresInTransaction: "BEGIN", postgresReadTransaction: "BEGIN READ ONLY"}

// postgresFixture is executed statement by statement. The functions write, and nothing
// calls them but a text that names them.
var postgresFixture = []string{
	"CREATE TABLE t(id int PRIMARY KEY, a text, b int)", "INSERT INTO t VALUES (1,'x',1), (2,'y',2), (3,'z',3)",
	"CREATE TABLE u(id int, a text, update int, delete int, \"into\" int)", "INSERT INTO u VALUES (1,'u',1,1,1)",
	"CREATE TABLE canary(id int)", "CREATE TABLE prepared(id int)", "CREATE SEQUENCE s", "CREATE INDEX t_b ON t(b)",
	"CREATE FUNCTION f_w() RETURNS int LANGUAGE plpgsql AS $$BEGIN INSERT INTO u(id) VALUES (5); RETURN 1; END$$",
	"CREATE FUNCTION f_immut() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN PERFORM f_w(); RETURN 1; END$$",
	"CREATE FUNCTION set_w() RETURNS SETOF int LANGUAGE plpgsql AS $$BEGIN INSERT INTO u(id) VALUES (6); RETURN NEXT 1; END$$",
	"CREATE FUNCTION op_w(int, int) RETURNS int LANGUAGE plpgsql AS $$BEGIN PERFORM f_w(); RETURN 1; END$$",
	"CREATE OPERATOR @#@ (LEFTARG = int, RIGHTARG = int, FUNCTION = op_w)",
	"CREATE FUNCTION check_w(int) RETURNS bool LANGUAGE plpgsql AS $$BEGIN PERFORM f_w(); RETURN true; END$$",
	"CREATE DOMAIN dw AS int CHECK (check_w(VALUE))",
	"CREATE AGGREGATE wsum(int) (SFUNC = op_w, STYPE = int, INITCOND = '0')",
	"CREATE PROCEDURE p_w() LANGUAGE plpgsql AS $$BEGIN INSERT INTO u(id) VALUES (7); COMMIT; END$$",
	"CREATE VIEW v AS SELECT * FROM t", "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t", "CREATE TYPE mood AS ENUM ('sad', 'ok')",
	"SELECT lo_from_bytea(4242, '\\x0102')", "GRANT ALL ON ALL TABLES IN SCHEMA public TO public",
	"VACUUM ANALYZE",
}

// postgresListen hears of the notifications that the corpus sends.
var postgresListen = []string{"LISTEN ch", "LISTEN x", "LISTEN a", "LISTEN t"}

// postgresExtensions are made where they are installed: they execute text, or write.
var postgresExtensions = []string{"dblink", "tablefunc", "adminpack", "hstore", "pg_trgm", "pageinspect", "pg_prewarm", "xml2"}

// postgresState is one row of what the server shows. A transaction id is assigned to all that
// writes rows, whatever becomes of it.
const postgresState = `SELECT
	pg_snapshot_xmax(pg_current_snapshot()) AS "next transaction id",
	(SELECT string_agg(t::text, '') FROM t) AS "rows of t",
	(SELECT string_agg(u::text, '') FROM u) AS "rows of u",
	(SELECT count(*) FROM canary) AS "canaries",
	(SELECT last_value::text || is_called || log_cnt FROM s) AS "sequence",
	(SELECT sum(hashtextextended(c::text, 0)) FROM pg_class c WHERE relpersistence <> 't') AS "pg_class",
	(SELECT count(*) FROM pg_proc) AS "functions",
	(SELECT sum(hashtextextended(r::text, 0)) FROM pg_db_role_setting r) AS "settings of roles",
	(SELECT sum(hashtextextended(r::text, 0)) FROM pg_authid r) AS "roles",
	(SELECT count(*) FROM pg_largeobject) AS "large objects",
	(SELECT count(*) FROM pg_collation) AS "collations",
	(SELECT string_agg(gid, ',') FROM pg_prepared_xacts) AS "prepared transactions",
	(SELECT count(*) FROM pg_replication_slots) AS "replication slots",
	(SELECT count(*) FROM pg_replication_origin) AS "replication origins",
	pg_conf_load_time() AS "configuration loaded",
	(SELECT string_agg(stats_reset::text, ',') FROM pg_stat_database) AS "statistics reset",
	(SELECT max(stats_reset)::text FROM pg_stat_bgwriter) AS "statistics of the writer reset",
	pg_walfile_name(pg_current_wal_insert_lsn()) AS "log file",
	(SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND locktype <> 'advisory' AND pid IS NOT NULL AND virtualtransaction NOT LIKE '-1/%') AS "locks"`

// postgresSettings must stay as they were at the session's beginning.
const postgresSettings = `SELECT concat_ws(' ', '', current_setting('backslash_quote'), current_setting('session_replication_role'),
	current_setting('allow_system_table_mods'), current_setting('ignore_checksum_failure'), current_setting('zero_damaged_pages'))`

// postgresStrongLocks are the locks on tables that keep others from writing. An EXPLAIN takes the weaker ones.
const postgresStrongLocks = `SELECT string_agg(mode, ',') FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'
	AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')`

type postgresEngine struct {
	t        *testing.T
	server   *testdb.Server
	dsn      string
	kind     int
	observer *pgconn.PgConn
	conn     *pgconn.PgConn
	notified int
	before   state
	settings string
	folders  []string
}

func TestWhatPassesChangesNothingInPostgreSQL(t *testing.T) {
	limit, seed := settings(t)
	e := &postgresEngine{t: t, server: testdb.Postgres(t)}
	m := corpus.NewMutator(t, lex.Postgres, seed, e.folder(), "postgres")
	(&hunt{t: t, dialect: dialect.Dialect{}, engine: e, mutator: m}).run(limit)
}

// folder returns the server's own folder, into which it may write.
func (e *postgresEngine) folder() string {
	conn := e.connect(e.server.DSN("postgres"))
	defer conn.Close(context.Background())
	data := e.value(conn, "SHOW data_directory")
	e.folders = []string{data, filepath.Dir(data), filepath.Join(data, "pg_replslot"), filepath.Join(data, "pg_snapshots"), filepath.Join(data, "pg_tblspc")}
	return filepath.Dir(data)
}

func (e *postgresEngine) connect(dsn string) *pgconn.PgConn {
	e.t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		e.t.Fatal(err)
	}
	config.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { e.notified++ }
	conn, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		e.t.Fatal(err)
	}
	return conn
}

// value returns the only value of a query's only row.
func (e *postgresEngine) value(conn *pgconn.PgConn, query string) string {
	e.t.Helper()
	for _, value := range e.row(conn, query) {
		return value
	}
	return ""
}

// row returns the columns of a query's only row, by name.
func (e *postgresEngine) row(conn *pgconn.PgConn, query string) state {
	e.t.Helper()
	results, err := conn.Exec(context.Background(), query).ReadAll()
	if err != nil {
		e.t.Fatalf("%s: %v", query, err)
	}
	last := results[len(results)-1]
	row := state{}
	for i, field := range last.FieldDescriptions {
		row[field.Name] = string(last.Rows[0][i])
	}
	return row
}

func (e *postgresEngine) must(conn *pgconn.PgConn, statements ...string) {
	e.t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement).ReadAll(); err != nil {
			e.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (e *postgresEngine) reset() {
	e.t.Helper()
	e.leave()
	e.dsn = e.server.Database(e.t)
	e.observer = e.connect(e.dsn)
	e.t.Cleanup(e.leave)
	if !strings.Contains(e.value(e.observer, "SELECT string_agg(rolname, ',') FROM pg_roles"), "alice") {
		e.must(e.observer, "CREATE ROLE alice")
	}
	e.must(e.observer, postgresFixture...)
	for _, name := range postgresExtensions {
		e.observer.Exec(context.Background(), "CREATE EXTENSION "+name).ReadAll()
	}
	// The rollback is for what an earlier fixture left.
	e.observer.Exec(context.Background(), "ROLLBACK PREPARED 'g1'").ReadAll()
	e.must(e.observer, "BEGIN", "INSERT INTO prepared VALUES (1)", "PREPARE TRANSACTION 'g1'", "CHECKPOINT")
	e.must(e.observer, postgresListen...)
	e.conn = e.connect(e.dsn)
	e.settle()
}

func (e *postgresEngine) settle() {
	e.t.Helper()
	if e.observer.IsClosed() {
		e.observer = e.connect(e.dsn)
		e.must(e.observer, postgresListen...)
	}
	e.before = e.state()
}

// leave ends the sessions, and the prepared transaction, which would keep the database from being dropped.
func (e *postgresEngine) leave() {
	if e.observer == nil {
		return
	}
	if e.observer.IsClosed() {
		e.observer = e.connect(e.dsn)
	}
	e.observer.Exec(context.Background(), "ROLLBACK PREPARED 'g1'").ReadAll()
	e.observer.Close(context.Background())
	e.conn.Close(context.Background())
	e.observer = nil
}

func (e *postgresEngine) kinds() int { return postgresKinds }

// begin asks for a short timeout, which a text may lift again; run has another.
func (e *postgresEngine) begin(kind int) {
	e.t.Helper()
	if e.conn.IsClosed() {
		e.conn = e.connect(e.dsn)
	}
	if e.conn.TxStatus() != 'I' {
		e.must(e.conn, "ROLLBACK") // a COMMIT took too long
	}
	e.must(e.conn, "DISCARD ALL", "SET statement_timeout = '200ms'", "SET client_min_messages = error")
	if e.kind = kind; kind == postgresArmed {
		e.must(e.conn, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
	}
	e.settings = e.reported() + e.value(e.conn, postgresSettings)
}

// reported are the settings of which the server tells every change.
func (e *postgresEngine) reported() string {
	return e.conn.ParameterStatus("default_transaction_read_only") + e.conn.ParameterStatus("standard_conforming_strings") +
		e.conn.ParameterStatus("client_encoding")
}

// exec reports whether the server executed all of the text.
func (e *postgresEngine) exec(text string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	results := e.conn.Exec(ctx, text)
	for results.NextResult() {
		results.ResultReader().Close()
	}
	return results.Close() == nil
}

func (e *postgresEngine) run(t text) (accepted bool, effect string) {
	if e.conn.IsClosed() {
		e.begin(e.kind)
	}
	inside := e.kind == postgresInTransaction
	if begin := postgresBegin[e.kind]; begin != "" && !e.exec(begin) {
		return false, "" // on a busy machine even this can take too long
	}
	accepted = e.exec(t.sql)
	switch {
	case inside && e.conn.TxStatus() == 'T':
		if locks := e.value(e.conn, postgresStrongLocks); locks != "" {
			effect = "it holds " + locks
		}
	case e.kind == postgresArmed || e.kind == postgresReadTransaction && t.plain:
		if e.exec("INSERT INTO public.canary VALUES (1)") {
			effect = "after it a read-only session or transaction writes"
		}
	}
	if e.conn.TxStatus() != 'I' {
		e.exec("COMMIT")
	}
	if now := e.reported(); !e.conn.IsClosed() && !strings.HasPrefix(e.settings, now) {
		if e.kind == postgresArmed || !strings.HasPrefix(now, "on") {
			effect = "settings were " + e.settings + ", are " + now
		}
		e.exec("SET default_transaction_read_only = off") // a text may be stricter
	}
	if e.conn.ParameterStatus("is_superuser") != "on" {
		e.exec("RESET SESSION AUTHORIZATION")
	}
	return accepted, effect
}

func (e *postgresEngine) effects() string {
	e.t.Helper()
	if e.exec("SET statement_timeout = 0") {
		if now := e.value(e.conn, postgresSettings); !strings.HasSuffix(e.settings, now) {
			return "settings were " + e.settings + ", are " + now
		}
	}
	if e.observer.Exec(context.Background(), "SELECT 1").Close() != nil {
		return "another session was ended"
	}
	return e.before.differs(e.state())
}

func (e *postgresEngine) state() state {
	e.t.Helper()
	now := e.row(e.observer, postgresState)
	now["notifications"] = fmt.Sprint(e.notified)
	now["files"] = files(e.t, func(name string) bool { return name == "log" || strings.HasPrefix(name, "postmaster.") }, e.folders...)
	if _, err := os.Stat(e.folders[0]); err != nil {
		e.t.Fatal(err)
	}
	return now
}
