package fuzzengines_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	mysqldialect "github.com/quiescehq/quiesce/sqlguard/mysql"
	postgresdialect "github.com/quiescehq/quiesce/sqlguard/postgres"
	sqlitedialect "github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// A readOnly engine executes texts in read-only sessions.
type readOnly interface {
	engine
	// armed is the kind of session that is read-only.
	armed() int
	// prepare executes statements in a session that may write, which is then gone.
	prepare(statements []string)
	// refuses executes a text after others of the same session, in a transaction if inTx says so,
	// and reports whether it was refused because the session is read-only.
	refuses(others []string, inTx bool, sql string) bool
}

// fatal is what would end the server, or is not of this one.
var fatal = regexp.MustCompile(`(?i)shutdown|restart\s*;?$|PORT`)

// holdCorpus executes the cases in read-only sessions. Where the engine refuses one, it must
// not pass; but for those that the engine refuses though they only explain, and those that no text
// shows. least is how many the engine has to refuse for this to prove something.
func holdCorpus(t *testing.T, e readOnly, d sqlguard.Dialect, folder string, least int, explains *regexp.Regexp, cases []corpus.Case) {
	t.Helper()
	place := strings.NewReplacer("/tmp/g", folder, "OUT/", folder+"/")
	e.reset()
	refused, ran := 0, 0
	for _, c := range cases {
		sql := place.Replace(c.Text())
		if fatal.MatchString(sql) {
			continue
		}
		e.prepare(c.Pre)
		e.begin(e.armed())
		ran++
		if e.refuses(c.PreIn, c.InTx, sql) {
			refused++
			v := d.Classify(sql)
			if !c.Hard && !c.EngineOnly && !explains.MatchString(sql) && corpus.Passes(v) {
				t.Errorf("%s: the engine refuses it, and the verdict is %v (%s): %+q", c.Source, v.Class, v.Why, sql)
			}
		}
	}
	t.Logf("%d cases, of which the engine refuses %d", ran, refused)
	if refused < least {
		t.Errorf("the engine refuses only %d cases of %d, want %d", refused, ran, least)
	}
}

var neverExplains = regexp.MustCompile(`$^`)

func TestWhatPostgreSQLRefusesOfTheCorpusDoesNotPass(t *testing.T) {
	e := &postgresEngine{t: t, server: testdb.Postgres(t)}
	holdCorpus(t, e, postgresdialect.Dialect{}, e.folder(), 400, neverExplains, corpus.Load(t, "postgres"))
}

func (e *postgresEngine) armed() int { return postgresArmed }

func (e *postgresEngine) prepare(statements []string) {
	if len(statements) == 0 {
		return
	}
	e.begin(postgresPlain)
	for _, s := range statements {
		e.exec(s)
	}
}

func (e *postgresEngine) refuses(others []string, inTx bool, sql string) (refused bool) {
	if inTx {
		e.exec("BEGIN")
	}
	for _, s := range others {
		e.exec(s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	results := e.conn.Exec(ctx, sql)
	for results.NextResult() {
		results.ResultReader().Close()
	}
	failed := new(pgconn.PgError)
	refused = errors.As(results.Close(), &failed) && failed.Code == "25006"
	e.exec("ROLLBACK")
	return refused
}

func TestWhatMariaDBRefusesOfTheCorpusDoesNotPass(t *testing.T) {
	e := &mariadbEngine{t: t, server: testdb.MariaDB(t)}
	e.reset()
	explains := regexp.MustCompile(`(?is)^\W*(--[^\n]*\n\W*)?(explain|desc)`)
	holdCorpus(t, e, mysqldialect.Dialect{}, e.folders[1], 200, explains, corpus.Load(t, "mysql", "mariadb"))
}

func (e *mariadbEngine) armed() int { return mariadbArmed }

func (e *mariadbEngine) prepare(statements []string) {
	if len(statements) == 0 {
		return
	}
	e.begin(0)
	for _, s := range statements {
		e.exec(s)
	}
}

func (e *mariadbEngine) refuses(others []string, inTx bool, sql string) (refused bool) {
	if inTx {
		e.exec("START TRANSACTION")
	}
	for _, s := range others {
		e.exec(s)
	}
	failed := new(mysql.MySQLError)
	refused = errors.As(drained(e.conn, sql), &failed) && failed.Number == 1792
	e.begin(mariadbArmed) // locks and temporary tables go with the session
	return refused
}

func TestWhatSQLiteRefusesOfTheCorpusDoesNotPass(t *testing.T) {
	dir := t.TempDir()
	cases := corpus.Load(t, "sqlite")
	t.Chdir(dir)
	holdCorpus(t, &sqliteEngine{t: t, dir: dir}, sqlitedialect.Dialect{}, dir, 100, neverExplains, cases)
}

func (e *sqliteEngine) armed() int { return sqliteArmed }

func (e *sqliteEngine) prepare(statements []string) {
	if len(statements) == 0 {
		return
	}
	e.begin(sqlitePlain)
	for _, s := range statements {
		e.exec(s)
	}
}

func (e *sqliteEngine) refuses(others []string, inTx bool, sql string) (refused bool) {
	if inTx {
		e.exec("BEGIN")
	}
	for _, s := range others {
		e.exec(s)
	}
	const readonly = 8
	failed := new(sqlite.Error)
	refused = errors.As(drained(e.conn, sql), &failed) && failed.Code()&0xff == readonly
	e.exec("ROLLBACK")
	return refused
}
