package fuzzengines_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/testdb"
	dialect "github.com/quiescehq/quiesce/sqlguard/mysql"
)

// mariadbKinds are the kinds of sessions with MariaDB, and the statement that makes each: a text
// is judged without knowing how the server reads it.
var mariadbKinds = []string{
	"DO 0",
	"DO 0", // in a transaction
	"SET SESSION TRANSACTION READ ONLY",
	"SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
	"SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE'",
	"SET sql_mode = 'ORACLE,NO_BACKSLASH_ESCAPES'",
	"SET NAMES latin1",
}

const (
	mariadbInTransaction = 1
	mariadbArmed         = 2
)

var mariadbFixture = []string{
	"CREATE TABLE t(id int PRIMARY KEY, a varchar(80), b int, FULLTEXT (a))", "INSERT INTO t VALUES (1,'x',1), (2,'y',2), (3,'z',3)",
	"CREATE TABLE u(id int, v varchar(80))", "INSERT INTO u VALUES (1,'u')", "CREATE TABLE my(id int) ENGINE=MyISAM", "INSERT INTO my VALUES (1)",
	"CREATE TABLE kw(`update` int, `delete` int)", "CREATE TABLE canary(id int)", "CREATE SEQUENCE sq NOCACHE", "DO NEXTVAL(sq)",
	"CREATE TABLE sv(id int) WITH SYSTEM VERSIONING", "CREATE VIEW v AS SELECT * FROM t", "CREATE TABLE js(a json)",
	"CREATE FUNCTION f_w() RETURNS int BEGIN INSERT INTO u VALUES (5,'f'); RETURN 1; END",
	"CREATE FUNCTION f_lie() RETURNS int NO SQL BEGIN INSERT INTO u VALUES (6,'f'); RETURN 1; END",
	"CREATE FUNCTION f_ro(x int) RETURNS int RETURN x",
	"CREATE PROCEDURE p_w() BEGIN INSERT INTO u VALUES (7,'p'); COMMIT; END",
	"CREATE PROCEDURE p_escape() BEGIN COMMIT; SET SESSION TRANSACTION READ WRITE; INSERT INTO u VALUES (8,'p'); COMMIT; END",
	"CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DO DELETE FROM t",
}

// mariadbHarmless are the commands of which the server may count more: reads, and what
// concerns the session alone.
var mariadbHarmless = regexp.MustCompile(`^Com_(select|show_.*|set_option|begin|commit|rollback|savepoint|release_savepoint|rollback_to_savepoint|` +
	`change_db|checksum|do|ha_open|ha_close|ha_read|help|empty_query|stmt_.*|signal|resignal|get_diagnostics|prepare_sql|dealloc_sql|` +
	`deallocate_sql|multi|admin_commands|unlock_tables)$`)

// explained is what the server counts like the statement that it explains.
var explained = regexp.MustCompile(`(?i)explain|desc|analyze`)

// crashes is what MariaDB 10.11.19 dies of: SHOW STATUS WHERE EXISTS (WITH c AS (…) SELECT …).
var crashes = regexp.MustCompile(`(?is)show.*with`)

type mariadbEngine struct {
	t        *testing.T
	server   *testdb.Server
	kind     int
	db       *sql.DB
	observer *sql.Conn
	conn     *sql.Conn
	before   state
	folders  []string
	// counted reports that the text's statements are counted as what they are.
	counted bool
}

func TestWhatPassesChangesNothingInMariaDB(t *testing.T) {
	limit, seed := settings(t)
	e := &mariadbEngine{t: t, server: testdb.MariaDB(t)}
	e.reset()
	m := corpus.NewMutator(t, lex.MySQL, seed, filepath.Dir(strings.TrimSuffix(e.folders[0], "/")), "mysql", "mariadb", "mysql8")
	(&hunt{t: t, dialect: dialect.Dialect{}, engine: e, mutator: m, apart: explained.MatchString, omit: crashes.MatchString}).run(limit)
}

func (e *mariadbEngine) open() *sql.Conn {
	e.t.Helper()
	conn, err := e.db.Conn(context.Background())
	if err != nil {
		e.t.Fatal(err)
	}
	return conn
}

func (e *mariadbEngine) reset() {
	e.t.Helper()
	e.leave()
	config, err := mysql.ParseDSN(e.server.Database(e.t))
	if err != nil {
		e.t.Fatal(err)
	}
	config.MultiStatements = true
	config.Logger = &mysql.NopLogger{} // sessions that a text ends are no news
	connector, err := mysql.NewConnector(config)
	if err != nil {
		e.t.Fatal(err)
	}
	e.db = sql.OpenDB(connector)
	e.db.SetMaxIdleConns(-1)
	e.t.Cleanup(e.leave)
	e.observer, e.conn = e.open(), e.open()
	before := []string{"SET lock_wait_timeout = 1", "SET innodb_lock_wait_timeout = 1", "CREATE ROLE IF NOT EXISTS alice, role1"}
	for _, statement := range append(before, mariadbFixture...) {
		if _, err := e.observer.ExecContext(context.Background(), statement); err != nil {
			e.t.Fatalf("%s: %v", statement, err)
		}
	}
	data := e.text(e.observer, "SELECT @@datadir")
	e.folders = []string{data, filepath.Dir(strings.TrimSuffix(data, "/")), filepath.Join(data, config.DBName)}
	e.settle()
}

// settle needs a session that holds no lock.
func (e *mariadbEngine) settle() {
	e.t.Helper()
	e.begin(0)
	e.before = e.state()
}

func (e *mariadbEngine) leave() {
	if e.db != nil {
		e.conn.Close()
		e.observer.Close()
		e.db.Close()
		e.db = nil
	}
}

// text returns the rows of a query as text, and an error where a lock kept them from being read.
func (e *mariadbEngine) text(conn *sql.Conn, query string) string {
	e.t.Helper()
	rows, err := conn.QueryContext(context.Background(), query)
	if locked := new(mysql.MySQLError); errors.As(err, &locked) && locked.Number == 1205 {
		return locked.Error()
	}
	if err != nil {
		e.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		e.t.Fatal(err)
	}
	fields := make([]any, len(columns))
	for i := range fields {
		fields[i] = new(sql.RawBytes)
	}
	var b strings.Builder
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			e.t.Fatal(err)
		}
		for i, field := range fields {
			if i > 0 {
				b.WriteByte('=')
			}
			b.Write(*field.(*sql.RawBytes))
		}
		if len(columns) > 1 {
			b.WriteByte('\n')
		}
	}
	if err := rows.Err(); err != nil {
		e.t.Fatalf("%s: %v", query, err)
	}
	return b.String()
}

func (e *mariadbEngine) kinds() int { return len(mariadbKinds) }

func (e *mariadbEngine) begin(kind int) {
	e.t.Helper()
	e.conn.Close()
	e.conn = e.open()
	e.kind = kind
	e.counted = kind != mariadbArmed // where each text is followed by an INSERT
	if !e.exec("SET max_statement_time = 0.2") || !e.exec(mariadbKinds[kind]) {
		e.t.Fatal("a new session cannot be set up")
	}
}

func (e *mariadbEngine) exec(statement string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := e.conn.ExecContext(ctx, statement)
	return err == nil
}

func (e *mariadbEngine) run(t text) (accepted bool, effect string) {
	if explained.MatchString(t.sql) {
		e.counted = false
	}
	if e.kind == mariadbInTransaction {
		e.exec("START TRANSACTION")
	}
	accepted = drain(e.conn, t.sql)
	if e.kind == mariadbArmed && e.exec("INSERT INTO "+e.canary()+" VALUES (1)") {
		effect = "after it a read-only session writes"
	}
	if !e.exec("COMMIT") {
		counted := e.counted
		e.begin(e.kind)
		e.counted = counted
	}
	return accepted, effect
}

// canary names the table wherever the session's text went with USE.
func (e *mariadbEngine) canary() string { return filepath.Base(e.folders[2]) + ".canary" }

func (e *mariadbEngine) effects() string {
	e.t.Helper()
	if err := e.observer.PingContext(context.Background()); err != nil {
		return "another session was ended"
	}
	charset := ""
	if err := e.conn.QueryRowContext(context.Background(), "SELECT @@character_set_client").Scan(&charset); err == nil {
		switch charset {
		case "utf8mb4", "utf8mb3", "latin1", "ascii", "binary":
		default:
			return "the client's character set is " + charset
		}
	}
	now := e.state()
	if !e.counted {
		now["commands"] = e.before["commands"]
	}
	difference := e.before.differs(now)
	if !e.counted {
		e.before["commands"] = e.state()["commands"]
	}
	return difference
}

// state is asked for on the observer, whose own queries count as reads. Handler_update is not
// asked for, as it counts the rows of window functions too.
func (e *mariadbEngine) state() state {
	e.t.Helper()
	now := state{}
	var commands strings.Builder
	for line := range strings.Lines(e.text(e.observer, `SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Com\_%' OR Variable_name IN
		('Handler_write', 'Handler_delete', 'Innodb_rows_inserted', 'Innodb_rows_updated', 'Innodb_rows_deleted')`)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !strings.HasPrefix(name, "Com_"):
			now[name] = value
		case value != "0" && !mariadbHarmless.MatchString(name):
			commands.WriteString(name + " " + value + " ")
		}
	}
	now["commands"] = commands.String()
	now["tables"] = e.text(e.observer, "CHECKSUM TABLE t, u, my, kw, canary, sv, js, sq, mysql.global_priv, mysql.proc, mysql.event, mysql.db, mysql.roles_mapping, mysql.plugin, mysql.servers")
	now["schema"] = e.text(e.observer, "SELECT table_name, create_time, table_comment FROM information_schema.tables WHERE table_schema = DATABASE()")
	now["schemas"] = e.text(e.observer, "SELECT group_concat(schema_name) FROM information_schema.schemata WHERE schema_name NOT LIKE 'test\\_%'")
	now["sequence"] = e.text(e.observer, "SELECT next_not_cached_value, start_value FROM sq")
	now["variables"] = e.text(e.observer, "SHOW GLOBAL VARIABLES WHERE Variable_name NOT LIKE 'gtid%'")
	own := func(name string) bool {
		for _, prefix := range []string{"ib", "aria_log", "log", "undo", "test_", "multi-master", "#"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
	now["files"] = files(e.t, own, e.folders...)
	if _, err := os.Stat(e.folders[0]); err != nil {
		e.t.Fatal(err)
	}
	return now
}
