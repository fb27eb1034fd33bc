package mysql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// replay runs the texts of a suite on one server.
type replay struct {
	db     *sql.DB
	conn   *sql.Conn
	id     int64 // of conn, to the server
	tally  suites.Tally
	errors map[uint16]int // by their numbers, those of texts that failed
	source string         // of the text that was sent last
	// temporary are the tables that hide others on this connection.
	temporary map[string]bool
}

func newReplay(t *testing.T, dsn string) *replay {
	config, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.MultiStatements = true
	config.Logger = &driver.NopLogger{}
	connector, err := driver.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return &replay{db: db, errors: make(map[uint16]int)}
}

// perStatement and perFile bound how long a text and a file may take.
const (
	perStatement = 4 * time.Second
	perFile      = 40 * time.Second
)

// file replays one file in a new scratch database.
func (r *replay) file(t *testing.T, texts []mysqlText) {
	if len(texts) == 0 {
		return
	}
	r.reconnect(t)
	defer r.disconnect()
	r.exec(perFile, "DROP DATABASE IF EXISTS test") // it drops the tables, even where it fails for files in its folder
	if err := r.exec(perFile, "CREATE DATABASE IF NOT EXISTS test; USE test"); err != nil {
		t.Errorf("no scratch database after %s: %v", r.source, err)
		return
	}
	deadline := time.Now().Add(perFile)
	for _, text := range texts {
		if time.Now().After(deadline) {
			return
		}
		if mysqlLeaveOut.MatchString(text.sql) {
			continue
		}
		r.source = text.source
		if err := r.text(text); err != nil {
			r.disconnect()
			r.reconnect(t)
			r.exec(perStatement, "USE test")
		}
	}
}

// mysqlLeaveOut are texts that would end or change the server, the connection's
// account, or other databases than the scratch ones.
var mysqlLeaveOut = regexp.MustCompile(`(?is)` + strings.Join([]string{
	`\b(shutdown|restart|kill|install|uninstall|plugin|component|clone|binlog|purge|root|debug\w*|backup|super|xa|wsrep\w*)\b`,
	`\b(set\s+password|alter\s+user|persist|persist_only|read_only|dump_\w+|innodb_\w*debug|set\s+role|(lock|alter)\s+instance)\b`,
	`\breset\s+(persist|slave|replica|master|binary)\b`,
	`\bset\s+default\s+role\b`, // crashes MySQL 9.7.4
	`\b(change|start|stop)\s+(master|slave|replica\w*|all|group_replication)\b`,
	`\buse\s+.?(mysql|sys|performance_schema)\b`,
	`\bset\s+(global|@@global)`, `,\s*(global\s|@@global)`,
	`\b(insert|replace|update|delete|alter|drop|truncate|create|rename|repair|optimize|load|call)\b[^;]*\b(mysql|sys).?\s*\.`,
}, "|"))

// mysqlAskOnly are texts that the server is asked about, but that have no effect: on
// accounts, which may be the connection's own.
var mysqlAskOnly = regexp.MustCompile(`(?is)^\s*(grant|revoke|(create|drop|rename)\s+(user|role))\b`)

// settle undoes what a text did to the connection's transactions and locks, and
// makes it read-only for the next one; writable makes it read-write.
const (
	settle   = "ROLLBACK; UNLOCK TABLES; SET autocommit = 1; SET SESSION TRANSACTION READ ONLY"
	writable = "ROLLBACK; UNLOCK TABLES; SET autocommit = 1; SET SESSION TRANSACTION READ WRITE"
)

// text asks the server about one text, and then lets it have its effect.
func (r *replay) text(text mysqlText) error {
	if err := r.exec(perStatement, settle); err != nil {
		return err
	}
	s := suites.Statement{Source: text.source, SQL: text.sql, Verdict: mysql.Dialect{}.Classify(text.sql)}
	err := r.exec(perStatement, text.sql)
	if errors.Is(err, errLost) {
		return err
	}
	switch {
	case err == nil:
		s.Answer = suites.Ran
	case refusedByMySQL(err):
		s.Answer = suites.Refused
	default:
		s.Answer = suites.Failed
		r.failed(err)
	}
	s.Aside = s.Answer == suites.Ran && r.aside(s)
	explains := explainsWrite.MatchString(text.sql) && !analyzes.MatchString(text.sql)
	if s.Answer == suites.Refused && (explains || hidden[text.source] != "") {
		s.Answer = suites.Failed
	}
	r.tally.Add(s)
	if s.Answer == suites.Refused && !mysqlAskOnly.MatchString(text.sql) {
		if err := r.exec(perStatement, writable); err != nil {
			return err
		}
		err = r.exec(perStatement, text.sql)
		if errors.Is(err, errLost) {
			return err
		}
	}
	if err == nil {
		r.note(s)
	}
	if s.Verdict.Class == sqlguard.Escape {
		return r.exec(perStatement, "SET NAMES utf8mb4")
	}
	return nil
}

// failed counts the errors that say nothing of read-only mode.
func (r *replay) failed(err error) {
	var e *driver.MySQLError
	if errors.As(err, &e) {
		r.errors[e.Number]++
	}
}

// explainsWrite are texts that explain, or prepare that. Without ANALYZE the servers still
// look at what is explained, a write for instance, though it is not run.
var explainsWrite = regexp.MustCompile(`(?is)^\W*(prepare\s+\S+\s+from\s+['"]\s*)?(explain|describe|desc)\s+(extended\s+|partitions\s+|format\s*=\s*\w+\s+)*\w`)

var analyzes = regexp.MustCompile(`(?i)\banalyze\b`)

// hidden are texts that do not show why the server refuses them.
var hidden = map[string]string{
	"main/func_rollback.test:413": "reads a view that calls a function that writes",
}

// unseen reports whether a text runs something that it does not show: a prepared
// statement, a procedure, the statement that is the value of an expression.
func unseen(s suites.Statement) bool {
	switch s.Verdict.Op {
	case "EXECUTE", "CALL":
		return true
	case "PREPARE":
		return !quotedStatement.MatchString(s.SQL)
	}
	return false
}

var quotedStatement = regexp.MustCompile(`(?is)\bfrom\s*['"]`)

// temporaryTable is the head of statements that create tables which only their
// connection sees.
var temporaryTable = regexp.MustCompile(`(?is)^\s*create\s+(or\s+replace\s+)?temporary\s`)

// note follows what becomes of temporary tables. One that is dropped while the
// connection is read-only was temporary.
func (r *replay) note(s suites.Statement) {
	temporary := temporaryTable.MatchString(s.SQL)
	dropped := s.Verdict.Op == "DROP TABLE" && s.Answer == suites.Ran
	for _, table := range s.Verdict.Tables {
		name := strings.ToLower(table.Name)
		switch {
		case temporary:
			r.temporary[name] = true
		case dropped:
			delete(r.temporary, name)
		}
	}
}

// aside reports whether the server runs a write because it is one to temporary
// tables, to the tables of its own settings or to these, or to a file: read-only mode covers
// none of them.
func (r *replay) aside(s suites.Statement) bool {
	if s.Verdict.Class != sqlguard.Write {
		return false
	}
	if s.Verdict.Op == "SELECT INTO OUTFILE" || strings.Contains(s.Verdict.Why, "SET of a variable that is not known") {
		return true
	}
	for _, table := range s.Verdict.Tables {
		if !r.temporary[strings.ToLower(table.Name)] && !strings.EqualFold(table.Schema, "performance_schema") {
			return false
		}
	}
	return len(s.Verdict.Tables) > 0
}

// refusedByMySQL reports whether the error is one of read-only mode. 1290 names other
// options of the server, too.
func refusedByMySQL(err error) bool {
	var e *driver.MySQLError
	if !errors.As(err, &e) {
		return false
	}
	return e.Number == 1792 || e.Number == 1836 || e.Number == 1290 && strings.Contains(e.Message, "read-only")
}

// errLost says that the connection is of no use any more.
var errLost = errors.New("connection lost")

// exec runs a text. Errors that are not the server's answer are errLost.
func (r *replay) exec(limit time.Duration, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err := r.conn.ExecContext(ctx, text)
	var e *driver.MySQLError
	if err == nil || errors.As(err, &e) {
		return err
	}
	if r.conn.PingContext(ctx) == nil {
		return err // the driver refused the text, for instance LOAD DATA LOCAL
	}
	return fmt.Errorf("%w: %w", errLost, err)
}

func (r *replay) reconnect(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), perFile)
	defer cancel()
	conn, err := r.db.Conn(ctx)
	if err != nil {
		t.Fatalf("the server cannot be reached any more after %s: %v", r.source, err)
	}
	r.conn, r.temporary = conn, make(map[string]bool)
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&r.id); err != nil {
		t.Fatal(err)
	}
	r.exec(perStatement, "SET lock_wait_timeout = 2, innodb_lock_wait_timeout = 1")
}

// disconnect ends the connection and, on the server, what it may still be doing.
func (r *replay) disconnect() {
	_ = r.conn.Raw(func(any) error { return sqldriver.ErrBadConn })
	r.conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), perStatement)
	defer cancel()
	_, _ = r.db.ExecContext(ctx, fmt.Sprint("KILL ", r.id))
}
