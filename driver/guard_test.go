//lint:file-ignore SA1019 The deprecated interfaces are guarded as well.

package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

const write = "INSERT INTO t"

// entries are all ways to run a text on a guarded connection. Each prepares
// while the mode is off.
var entries = map[string]func(c driver.Conn) func() error{
	"ExecContext": func(c driver.Conn) func() error {
		return func() error {
			_, err := c.(driver.ExecerContext).ExecContext(context.Background(), write, nil)
			return err
		}
	},
	"QueryContext": func(c driver.Conn) func() error {
		return func() error {
			_, err := c.(driver.QueryerContext).QueryContext(context.Background(), write, nil)
			return err
		}
	},
	"the legacy Exec": func(c driver.Conn) func() error {
		return func() error { _, err := c.(driver.Execer).Exec(write, nil); return err }
	},
	"the legacy Query": func(c driver.Conn) func() error {
		return func() error { _, err := c.(driver.Queryer).Query(write, nil); return err }
	},
	"a prepared statement": func(c driver.Conn) func() error {
		s := prepared(c)
		return func() error { _, err := s.(driver.StmtExecContext).ExecContext(context.Background(), nil); return err }
	},
	"a prepared query": func(c driver.Conn) func() error {
		s := prepared(c)
		return func() error {
			_, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), nil)
			return err
		}
	},
	"a prepared statement's legacy Exec": func(c driver.Conn) func() error {
		s := prepared(c)
		return func() error { _, err := s.Exec(nil); return err }
	},
	"a prepared statement's legacy Query": func(c driver.Conn) func() error {
		s := prepared(c)
		return func() error { _, err := s.Query(nil); return err }
	},
}

func prepared(c driver.Conn) driver.Stmt {
	s, err := c.Prepare(write)
	if err != nil {
		panic(err) // the fake driver prepares everything
	}
	return s
}

func TestEveryWayToRunATextIsGuarded(t *testing.T) {
	for name, entry := range entries {
		f := &fake{}
		f.wrap = func(c *fakeConn) driver.Conn { return both{modern{c}, legacy{c}, c} }
		g := newGuard(t, nothing)
		// Raw gives what a program may reach: the guarded connection.
		err := pin(t, open(t, f, g)).Raw(func(c any) error {
			run := entry(c.(driver.Conn))
			f.take()
			set(t, g, sqlguard.ReadOnly)
			err := run()
			refused(t, name, err)
			if errors.Is(err, driver.ErrBadConn) || errors.Is(err, driver.ErrSkip) {
				t.Errorf("%s: the refusal looks like something to retry", name)
			}
			sent(t, f, "")
			set(t, g, sqlguard.Off)
			return run()
		})
		if err != nil {
			t.Errorf("%s: with the mode off again: %v", name, err)
		}
		if f.did() == "" {
			t.Errorf("%s: with the mode off again nothing reached the driver", name)
		}
	}
}

// A reject is quiet.
func TestAThousandRefusalsReachNoDriverAndCostNoConnection(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	db := open(t, f, g)
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	f.take()
	set(t, g, sqlguard.ReadOnly)
	for range 1000 {
		mustRefuse(t, db, write)
	}
	sent(t, f, "")
	if f.connections() != 1 || db.Stats().OpenConnections != 1 {
		t.Errorf("%d connections were made and %d are open, want 1 and 1", f.connections(), db.Stats().OpenConnections)
	}
	if counts := g.Counts(); counts.Rejected != 1000 {
		t.Errorf("%d refusals were counted, want 1000", counts.Rejected)
	}
}

func TestReadsPassAndWritesAreReported(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	db := open(t, f, g)
	set(t, g, sqlguard.ReadOnly)
	var row string
	if err := db.QueryRow("SELECT 1").Scan(&row); err != nil || row != "row" {
		t.Errorf("a read gave %q, %v", row, err)
	}
	ctx, recorder := sqlguard.WithRecorder(context.Background())
	_, err := db.ExecContext(ctx, write)
	blocked := refused(t, write, err)
	if recorder.Blocked() != blocked || blocked.Dialect != "keywords" || blocked.Op != sqlguard.OpInsert || len(blocked.Tables) != 1 {
		t.Errorf("the recorder of the context has %+v, want the error %+v", recorder.Blocked(), blocked)
	}
	if _, err := db.ExecContext(sqlguard.WithBypass(ctx, "test"), write); err != nil {
		t.Errorf("with a bypass: %v", err)
	}
	mustRefuse(t, db, "SELECT 1; INSERT INTO t")
	mustRefuse(t, db, "SELECT unknown()")
	mustRefuse(t, db, "gibberish")
	// The write that passed may have begun a transaction, in which one was refused.
	sent(t, f, "QueryContext SELECT 1, ExecContext INSERT INTO t, ExecContext ROLLBACK")
}

// Skip only what is named, and count truthfully what was dropped.
func TestASkippedStatementSucceedsWithoutEffect(t *testing.T) {
	f := &fake{}
	g := newGuard(t, sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"t"}, Action: sqlguard.Skip}}})
	db := open(t, f, g)
	stmt, err := db.Prepare(write)
	if err != nil {
		t.Fatal(err)
	}
	f.take()
	set(t, g, sqlguard.ReadOnly)
	ctx, recorder := sqlguard.WithRecorder(context.Background())
	for name, exec := range map[string]func() (sql.Result, error){
		"Exec":          func() (sql.Result, error) { return db.ExecContext(ctx, write, "argument") },
		"prepared Exec": func() (sql.Result, error) { return stmt.ExecContext(ctx) },
	} {
		result, err := exec()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n, err := result.RowsAffected(); n != 0 || err != nil {
			t.Errorf("%s: RowsAffected gave %d, %v", name, n, err)
		}
		if n, err := result.LastInsertId(); n != 0 || err != nil {
			t.Errorf("%s: LastInsertId gave %d, %v", name, n, err)
		}
	}
	var id int
	if err := db.QueryRowContext(ctx, write).Scan(&id); err != sql.ErrNoRows {
		t.Errorf("QueryRow gave %v, want sql.ErrNoRows", err)
	}
	if err := stmt.QueryRowContext(ctx).Scan(&id); err != sql.ErrNoRows {
		t.Errorf("a prepared QueryRow gave %v, want sql.ErrNoRows", err)
	}
	sent(t, f, "")
	if recorder.Skipped() != 4 || g.Counts().Skipped != 4 {
		t.Errorf("%d skips were recorded and %d counted, want 4 and 4", recorder.Skipped(), g.Counts().Skipped)
	}
}

func TestWhatActsWhilePreparedIsCheckedAtPrepare(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	db := open(t, f, g)
	set(t, g, sqlguard.ReadOnly)
	_, err := db.Prepare("PRAGMA x")
	refused(t, "preparing a PRAGMA", err)
	sent(t, f, "")
	stmt, err := db.Prepare(write)
	if err != nil {
		t.Fatalf("preparing a write: %v", err)
	}
	_, err = stmt.Exec()
	refused(t, "executing it", err)
	sent(t, f, "PrepareContext "+write)
}

func TestADroppedPragmaStaysDropped(t *testing.T) {
	g := newGuard(t, sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"t"}, Ops: []sqlguard.Op{"INSERT"}, Action: sqlguard.Skip}}})
	f := &fake{}
	db, err := guarded.OpenDB(f, guarded.Config{Guard: g, Dialect: eager{}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	set(t, g, sqlguard.ReadOnly)
	stmt, err := db.Prepare(write)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stmt.Exec(); err != nil {
		t.Fatal(err)
	}
	sent(t, f, "")
	if g.Counts().Skipped != 1 {
		t.Errorf("%d skips were counted, want 1", g.Counts().Skipped)
	}
}

// eager is a dialect in which every statement acts while it is prepared.
type eager struct{ keywords }

func (eager) Classify(sql string) sqlguard.Verdict {
	v := keywords{}.Classify(sql)
	v.AtPrepare = true
	return v
}

// rewriter replaces the text, as pgx's QueryRewriter does.
type rewriter string

func (r rewriter) RewriteQuery() string { return string(r) }

// Value is what database/sql asks for, where the driver does not check arguments.
func (r rewriter) Value() (driver.Value, error) { return "value", nil }

func TestAnArgumentThatReplacesTheTextIsNotUnderstood(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	cfg := guarded.Config{Guard: g, Dialect: keywords{}}
	blind, err := guarded.OpenDB(f, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer blind.Close()
	cfg.Rewrite = func(_ context.Context, query string, args []driver.NamedValue) (string, bool) {
		r, ok := args[0].Value.(rewriter)
		return string(r), ok && query == "SELECT 1" && len(args) == 1
	}
	seeing, err := guarded.OpenDB(f, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer seeing.Close()
	stmt, err := seeing.Prepare("SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	f.take()
	set(t, g, sqlguard.ReadOnly)
	for name, run := range map[string]func() error{
		"nobody looks through it":             func() error { _, err := blind.Exec("SELECT 1", rewriter("SELECT 2")); return err },
		"it makes a write of a read":          func() error { _, err := seeing.Exec("SELECT 1", rewriter(write)); return err },
		"it makes a write of a prepared read": func() error { _, err := stmt.Query(rewriter(write)); return err },
		"there are two": func() error {
			_, err := seeing.Exec("SELECT 1", rewriter("SELECT 2"), rewriter("SELECT 2"))
			return err
		},
		"it cannot be looked through": func() error { _, err := seeing.Exec("SELECT 3", rewriter("SELECT 2")); return err },
	} {
		refused(t, name, run())
	}
	sent(t, f, "")
	if _, err := seeing.Exec("SELECT 1", rewriter("SELECT 2")); err != nil {
		t.Errorf("what becomes another read: %v", err)
	}
	if _, err := blind.Exec("SELECT 1", struct{}{}, 5, "text", nil); err != nil {
		t.Errorf("ordinary arguments: %v", err)
	}
}

func TestAfterASearchPathOfItsOwnFunctionsAreUnproven(t *testing.T) {
	f := &fake{}
	g := newGuard(t, sqlguard.Policy{Readers: []string{"unknown"}, Rules: []sqlguard.Rule{
		{Tables: []string{"*"}, Action: sqlguard.Allow},
	}})
	db := open(t, f, g)
	set(t, g, sqlguard.ReadOnly)
	conn := pin(t, db)
	mustRun(t, conn, "SELECT lower('A')")
	mustRun(t, conn, "SELECT unknown()")
	mustRun(t, conn, "INSERT INTO audit lower('A')")
	mustRefuse(t, conn, "SET search_path; SELECT lower('A')")
	mustRun(t, conn, "SET search_path")
	mustRun(t, conn, "SELECT 1")
	mustRefuse(t, conn, "SELECT lower('A')")
	mustRefuse(t, conn, "SELECT unknown()")
	mustRefuse(t, conn, "SELECT 1; SELECT lower('A')")
	mustRefuse(t, conn, "INSERT INTO audit lower('A')")
	conn.Close()
	// The pool's reset leaves the engine's search path as it is.
	mustRefuse(t, db, "SELECT lower('A')")
	set(t, g, sqlguard.Off)
	mustRun(t, db, "SELECT lower('A')")
}

func TestBeginTxAsksForAReadOnlyTransaction(t *testing.T) {
	ctx := context.Background()
	f, g := &fake{}, newGuard(t, nothing)
	db := open(t, f, g)
	begin := func(ctx context.Context, opts *sql.TxOptions, want string) {
		t.Helper()
		tx, err := db.BeginTx(ctx, opts)
		if err != nil {
			t.Fatal(err)
		}
		sent(t, f, want)
		tx.Rollback()
		f.take()
	}
	begin(ctx, nil, "BeginTx 0 false")
	set(t, g, sqlguard.Observe)
	begin(ctx, nil, "BeginTx 0 false")
	set(t, g, sqlguard.ReadOnly)
	begin(ctx, nil, "BeginTx 0 true")
	begin(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, "BeginTx 6 true")
	begin(sqlguard.WithBypass(ctx, "test"), nil, "BeginTx 0 false")

	plain := &fake{wrap: func(c *fakeConn) driver.Conn { return c }}
	db = open(t, plain, g)
	tx, err := db.Begin()
	if err != nil {
		t.Fatalf("a driver that cannot be asked: %v", err)
	}
	sent(t, plain, "Begin")
	tx.Rollback()
}

func TestLegacyCallsAreFollowedToo(t *testing.T) {
	for name, run := range map[string]func(c driver.Conn, query string) error{
		"Exec":  func(c driver.Conn, query string) error { _, err := c.(driver.Execer).Exec(query, nil); return err },
		"Query": func(c driver.Conn, query string) error { _, err := c.(driver.Queryer).Query(query, nil); return err },
		"prepared Exec": func(c driver.Conn, query string) error {
			s, err := c.Prepare(query)
			if err == nil {
				_, err = s.Exec(nil)
			}
			return err
		},
		"prepared Query": func(c driver.Conn, query string) error {
			s, err := c.Prepare(query)
			if err == nil {
				_, err = s.Query(nil)
			}
			return err
		},
	} {
		f := &fake{wrap: func(c *fakeConn) driver.Conn { return both{modern{c}, legacy{c}, c} }}
		g := newGuard(t, nothing)
		set(t, g, sqlguard.ReadOnly)
		err := pin(t, open(t, f, g)).Raw(func(raw any) error {
			c := raw.(driver.Conn)
			if err := run(c, "BEGIN"); err != nil {
				return err
			}
			refused(t, name+" of an insert", run(c, write))
			refused(t, name+" of COMMIT", run(c, "COMMIT"))
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
