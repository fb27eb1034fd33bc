package driver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// waiting says what a drain would wait for. The mode must be read-only.
func waiting(t testing.TB, g *sqlguard.Guard) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, err := g.Drain(ctx)
	if errors.Is(err, sqlguard.ErrNotClosed) {
		t.Fatal(err)
	}
	var open []string
	for _, w := range report.Open {
		s := w.String()
		if w.Running {
			s = "running " + s
		}
		open = append(open, s)
	}
	if n := len(report.Unknown); n > 0 {
		open = append(open, fmt.Sprintf("%d unknown", n))
	}
	return strings.Join(open, "; ")
}

// moment is a program in the middle of something, with a guarded pool of at most three connections.
type moment struct {
	*script
	f    *fake
	rows []*sql.Rows
	ctx  context.Context // of its queries and transactions
	end  context.CancelFunc
}

func (m *moment) query(text string) {
	m.t.Helper()
	rows, err := m.conn.QueryContext(m.ctx, text)
	if err != nil {
		m.t.Fatalf("%s: %v", text, err)
	}
	m.t.Cleanup(func() { rows.Close() })
	m.rows = append(m.rows, rows)
}

// closeRows closes the rows that were opened first, and waits until they are.
func (m *moment) closeRows() {
	m.rows[0].Close()
	m.rows = m.rows[1:]
}

func newMoment(t *testing.T, f *fake, cfg sqlguard.Config) *moment {
	t.Helper()
	g, err := sqlguard.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, f, g)
	db.SetMaxOpenConns(3)
	m := &moment{script: &script{t: t, guard: g, db: db, conn: pin(t, db)}, f: f}
	m.ctx, m.end = context.WithCancel(context.Background())
	t.Cleanup(m.end)
	return m
}

func TestWhatIsOpenAtTheFlip(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(*moment)
		open   string
		end    func(*moment)
		after  string // what is open after the end
	}{
		{
			name:   "the rows of a statement that writes, until they are closed",
			before: func(m *moment) { m.query("INSERT INTO t RETURNING id") },
			open:   "running statement, INSERT (t)",
			end:    (*moment).closeRows,
		},
		{
			name:   "rows of which only some were read, until they are closed",
			before: func(m *moment) { m.query("INSERT INTO t RETURNING id"); m.rows[0].Next() },
			open:   "running statement, INSERT (t)",
			end:    (*moment).closeRows,
		},
		{
			name:   "nothing of rows that were read to their end",
			before: func(m *moment) { m.query("INSERT INTO t RETURNING id"); m.rows[0].Next(); m.rows[0].Next() },
		},
		{
			name:   "a second statement with rows, when those of the first are closed",
			before: func(m *moment) { m.query("INSERT INTO t"); m.query("INSERT INTO u") },
			open:   "running statement, INSERT (u)",
			end:    (*moment).closeRows,
			after:  "running statement, INSERT (u)",
		},
		{
			name:   "nothing, when the rows of both are closed",
			before: func(m *moment) { m.query("INSERT INTO t"); m.query("INSERT INTO u") },
			open:   "running statement, INSERT (u)",
			end:    func(m *moment) { m.closeRows(); m.closeRows() },
		},
		{
			name:   "a transaction, until it is committed",
			before: func(m *moment) { m.run("begin\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.run("commit") },
		},
		{
			name:   "a transaction, until it is rolled back",
			before: func(m *moment) { m.run("begin\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.run("rollback") },
		},
		{
			name:   "a transaction, until its commit has rolled it back after a refusal",
			before: func(m *moment) { m.run("begin\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.run("INSERT INTO u !\ncommit !") },
		},
		{
			name:   "a transaction that a text began in observe mode, until a text ends it",
			before: func(m *moment) { m.run("observe\nBEGIN\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.run("COMMIT") },
		},
		{
			name:   "one that a query began in observe mode",
			before: func(m *moment) { m.run("observe\nquery: BEGIN\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.run("ROLLBACK") },
		},
		{
			name:   "one that a savepoint began in observe mode, as in SQLite",
			before: func(m *moment) { m.run("observe\nSAVEPOINT s\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.run("RELEASE s") },
		},
		{
			name:   "nothing of one that a text began while the mode was off, which can only be rolled back",
			before: func(m *moment) { m.run("BEGIN\nINSERT INTO t") },
			end:    func(m *moment) { m.run("COMMIT !") },
		},
		{
			name:   "one that a text began, when its connection went back to the pool, until that is used again",
			before: func(m *moment) { m.run("observe\nBEGIN\nINSERT INTO t"); m.conn.Close() },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.conn = pin(m.t, m.db); m.run("COMMIT !") },
		},
		{
			name:   "or until Cut",
			before: func(m *moment) { m.run("observe\nBEGIN\nINSERT INTO t"); m.conn.Close() },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.guard.Cut() },
		},
		{
			name:   "or until the connection is closed",
			before: func(m *moment) { m.run("observe\nBEGIN\nINSERT INTO t"); m.conn.Close() },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.db.SetMaxIdleConns(-1) },
		},
		{
			name:   "a transaction, when its commit failed, which might be open still but can only be rolled back",
			before: func(m *moment) { m.f.errs = failing(answered{}, "Commit"); m.run("begin\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.step("commit"); m.run("COMMIT !") },
		},
		{
			name:   "the outcome of a commit that nobody answered",
			before: func(m *moment) { m.f.errs = failing(errDriver, "Commit"); m.run("begin\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.step("commit") },
			after:  "1 unknown",
		},
		{
			name:   "nothing of a transaction whose rollback failed",
			before: func(m *moment) { m.f.errs = failing(errDriver, "Rollback"); m.run("begin\nINSERT INTO t") },
			open:   "transaction, last INSERT (t)",
			end:    func(m *moment) { m.step("rollback"); m.run("COMMIT !") },
		},
		{
			name:   "nothing of a transaction that could not be begun",
			before: func(m *moment) { m.f.errs = failing(errDriver, "BeginTx"); m.step("begin") },
		},
		{
			name: "nothing of a transaction whose context was cancelled, when it is rolled back",
			before: func(m *moment) {
				tx, err := m.conn.BeginTx(m.ctx, nil)
				if err != nil {
					m.t.Fatal(err)
				}
				mustRun(m.t, tx, "INSERT INTO t")
			},
			open: "transaction, last INSERT (t)",
			end:  func(m *moment) { m.rolledBack(m.end) },
		},
		{
			name: "rows of a transaction, until both are over",
			before: func(m *moment) {
				m.run("begin")
				rows, err := m.tx.QueryContext(m.ctx, "INSERT INTO t RETURNING id")
				if err != nil {
					m.t.Fatal(err)
				}
				m.rows = append(m.rows, rows)
			},
			open:  "running transaction, last INSERT (t)",
			end:   (*moment).closeRows,
			after: "transaction, last INSERT (t)",
		},
		{
			name: "nothing of what the driver skipped, and then did as a prepared statement",
			before: func(m *moment) {
				m.f.errs = failing(driver.ErrSkip, "ExecContext")
				m.run("INSERT INTO t\nobserve\nINSERT INTO t")
			},
		},
		{
			name:   "nothing of a statement that failed with the server's answer",
			before: func(m *moment) { m.f.errs = failing(answered{}, "ExecContext"); m.step("INSERT INTO t") },
		},
		{
			name:   "the outcome of one that nobody answered",
			before: func(m *moment) { m.f.errs = failing(errDriver, "ExecContext"); m.step("INSERT INTO t") },
			open:   "1 unknown",
			after:  "1 unknown",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, &fake{}, sqlguard.Config{})
			tt.before(m)
			set(t, m.guard, sqlguard.ReadOnly)
			if got := waiting(t, m.guard); got != tt.open {
				t.Fatalf("open is %q, want %q", got, tt.open)
			}
			if tt.end != nil {
				tt.end(m)
			}
			if got := waiting(t, m.guard); got != tt.after {
				t.Errorf("after its end open is %q, want %q", got, tt.after)
			}
		})
	}
}

// rolledBack does something, and waits until database/sql has rolled back in the background.
func (m *moment) rolledBack(do func()) {
	done := make(chan struct{})
	m.f.mu.Lock()
	m.f.onCall = func(call string) {
		if strings.HasPrefix(call, "Rollback") {
			close(done)
		}
	}
	m.f.mu.Unlock()
	do()
	<-done
	m.conn.Close() // waits until the connection is free
}

// answered is an error with which a server has answered.
type answered struct{}

func (answered) Error() string    { return "duplicate key" }
func (answered) SQLState() string { return "23505" }

func TestAStatementOfThePoolIsCheckedOnEachConnection(t *testing.T) {
	f := &fake{}
	m := newMoment(t, f, sqlguard.Config{})
	stmt, err := m.db.Prepare("INSERT INTO t RETURNING id") // on a second connection
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	var open []*sql.Rows
	for range 2 { // it is prepared on a third
		rows, err := stmt.Query()
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		open = append(open, rows)
	}
	if f.connections() != 3 {
		t.Fatalf("%d connections were opened", f.connections())
	}
	set(t, m.guard, sqlguard.ReadOnly)
	const both = "running statement, INSERT (t); running statement, INSERT (t)"
	if got := waiting(t, m.guard); got != both {
		t.Fatalf("open is %q", got)
	}
	open[0].Close()
	_, err = stmt.Exec() // prepared before the flip
	refused(t, "a statement prepared before the flip", err)
	_, err = stmt.Query()
	refused(t, "its query", err)
	open[1].Close()
	if got := waiting(t, m.guard); got != "" {
		t.Errorf("open is %q", got)
	}
}
