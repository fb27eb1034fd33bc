package verify_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// tick is the shortest Still there is.
const tick = time.Second

// A site is a database to judge, and how to reach it.
type site struct {
	driver, dsn string
	config      verify.Config
	admin       *sql.DB
}

// newSite executes the schema in a session of its own: PostgreSQL's sessions tell what they
// have written at their end at the latest.
func newSite(t *testing.T, driver, dialect, dsn string, schema ...string) *site {
	t.Helper()
	first := open(t, driver, dsn)
	for _, text := range schema {
		if _, err := first.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	first.Close()
	s := &site{driver: driver, dsn: dsn, admin: open(t, driver, dsn)}
	s.config = verify.Config{DB: s.admin, Dialect: dialect, Still: tick}
	return s
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// session is a connection of its own, which has executed the statements.
func (s *site) session(t *testing.T, statements ...string) *sql.Conn {
	t.Helper()
	return sessionOf(t, open(t, s.driver, s.dsn), statements...)
}

func sessionOf(t *testing.T, db *sql.DB, statements ...string) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	do(t, conn, statements...)
	return conn
}

func do(t *testing.T, conn *sql.Conn, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// start executes a statement that takes long. It goes on until the test is over.
func (s *site) start(t *testing.T, statement string) {
	t.Helper()
	conn := s.session(t)
	var id int64
	if s.driver == "mysql" {
		if err := conn.QueryRowContext(t.Context(), `SELECT CONNECTION_ID()`).Scan(&id); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); conn.ExecContext(ctx, statement) }()
	t.Cleanup(func() { cancel(); <-done })
	if s.driver == "mysql" { // whose server goes on when the client goes
		t.Cleanup(func() { s.admin.Exec(fmt.Sprintf("KILL %d", id)) })
	}
}

func (s *site) verifier(t *testing.T, change ...func(*verify.Config)) *verify.Verifier {
	t.Helper()
	config := s.config
	for _, c := range change {
		c(&config)
	}
	v, err := verify.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *site) verify(t *testing.T, change ...func(*verify.Config)) verify.Report {
	t.Helper()
	return run(t, s.verifier(t, change...))
}

func run(t *testing.T, v *verify.Verifier) verify.Report {
	t.Helper()
	report, err := v.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// meanwhile calls do after the first look, and returns the report of the second.
func (s *site) meanwhile(t *testing.T, do func(), change ...func(*verify.Config)) (second verify.Report) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	_, err := s.verifier(t, change...).Wait(ctx, func(r verify.Report) {
		looks++
		switch looks {
		case 1:
			do()
		case 2:
			second = r
			cancel()
		}
	})
	if looks < 2 {
		t.Fatalf("%d looks, want 2: %v", looks, err)
	}
	return second
}

// eventually polls the admin's query until it returns true.
func (s *site) eventually(t *testing.T, query string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		var met bool
		if err := s.admin.QueryRowContext(t.Context(), query).Scan(&met); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if met {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not met", query)
		}
		time.Sleep(10 * time.Millisecond) // of polling
	}
}

func wantQuiet(t *testing.T, r verify.Report) {
	t.Helper()
	if !r.Quiet || r.Proof == "" || r.Position == nil {
		t.Errorf("want quiet, with a proof and a position, got:\n%s", r)
	}
}

// wantWriter asks for one writer that holds this, whose line has all the words.
func wantWriter(t *testing.T, r verify.Report, hold verify.Hold, words ...string) {
	t.Helper()
	if r.Quiet || r.Position != nil || len(r.Writers) != 1 || r.Writers[0].Hold != hold {
		t.Fatalf("want one writer with hold %q and no position, got:\n%s", hold, r)
	}
	for _, word := range words {
		if !strings.Contains(r.String(), word) {
			t.Errorf("want %q in:\n%s", word, r)
		}
	}
}

// wantMoved asks for a table that moved, whose line has the words.
func wantMoved(t *testing.T, r verify.Report, table, words string) {
	t.Helper()
	for _, m := range r.Moved {
		if m.Table == table && strings.Contains(m.String(), words) && !r.Quiet {
			return
		}
	}
	t.Errorf("want %s moved with %q, got:\n%s", table, words, r)
}

func wantLeftOut(t *testing.T, r verify.Report, kind, words string) {
	t.Helper()
	for _, l := range r.LeftOut {
		if l.Kind == kind && strings.Contains(l.String(), words) {
			return
		}
	}
	t.Errorf("want %s left out with %q, got:\n%s", kind, words, r)
}
