package driver_test

import (
	"context"
	"database/sql/driver"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// at does something once, when the driver is called by a verb.
func (m *moment) at(verb string, do func()) {
	m.f.onCall = func(call string) {
		if first, _, _ := strings.Cut(call, " "); first == verb {
			m.f.onCall = nil
			do()
		}
	}
}

func TestAContextThatIsCancelled(t *testing.T) {
	gone := context.Canceled
	for _, tt := range []struct {
		name  string
		use   func(*moment)
		open  string // at the flip
		asked string
	}{
		{
			name: "before a statement: the pool sends nothing",
			use:  func(m *moment) { m.end(); m.db.ExecContext(m.ctx, "INSERT INTO t") },
		},
		{
			name:  "while a statement runs: its outcome is unknown",
			use:   func(m *moment) { m.f.errs = failing(gone, "ExecContext"); m.conn.ExecContext(m.ctx, "INSERT INTO t") },
			open:  "1 unknown",
			asked: "INSERT INTO t",
		},
		{
			name:  "when a statement has run: it is over",
			use:   func(m *moment) { m.at("ExecContext", m.end); m.conn.ExecContext(m.ctx, "INSERT INTO t") },
			asked: "INSERT INTO t",
		},
		{
			name: "between the driver's ErrSkip and the statement that it is prepared as: nothing is open",
			use: func(m *moment) {
				m.f.errs = failing(driver.ErrSkip, "ExecContext")
				m.at("ExecContext", m.end)
				m.conn.ExecContext(m.ctx, "INSERT INTO t")
			},
			asked: "INSERT INTO t, PrepareContext INSERT INTO t, StmtINSERT INTO t, CloseStmt INSERT INTO t",
		},
		{
			name: "while it is prepared: nothing is open",
			use: func(m *moment) {
				m.f.errs = failing(gone, "PrepareContext")
				m.conn.PrepareContext(m.ctx, "INSERT INTO t")
			},
			asked: "PrepareContext INSERT INTO t",
		},
		{
			name: "while rows are open: their outcome is unknown, since nobody has read the server's answer",
			use: func(m *moment) {
				m.query("INSERT INTO t RETURNING id")
				m.end()
				m.closeRows()
			},
			open:  "1 unknown",
			asked: "INSERT INTO t RETURNING id",
		},
		{
			name:  "while a transaction begins: none is open",
			use:   func(m *moment) { m.f.errs = failing(gone, "BeginTx"); m.conn.BeginTx(m.ctx, nil) },
			asked: "begin",
		},
		{
			name: "when a transaction has begun: it is rolled back in the background",
			use: func(m *moment) {
				if _, err := m.conn.BeginTx(m.ctx, nil); err != nil {
					m.t.Fatal(err)
				}
				m.rolledBack(m.end)
			},
			asked: "begin, rollback",
		},
		{
			name: "while a commit runs: its outcome is unknown",
			use: func(m *moment) {
				m.f.errs = failing(gone, "Commit")
				m.run("begin\nINSERT INTO t")
				m.step("commit")
			},
			open:  "1 unknown",
			asked: "begin, INSERT INTO t, commit",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, &fake{}, sqlguard.Config{})
			tt.use(m)
			if got := calls(m.f); got != tt.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, tt.asked)
			}
			set(t, m.guard, sqlguard.ReadOnly)
			if got := waiting(t, m.guard); got != tt.open {
				t.Errorf("open is %q, want %q", got, tt.open)
			}
		})
	}
}

func TestAConnectionThatIsLost(t *testing.T) {
	lost := driver.ErrBadConn
	for _, tt := range []struct {
		name string
		use  func(*moment)
		open string
	}{
		{"in the pool: nothing is open", func(m *moment) {
			m.run("INSERT INTO t")
			m.f.errs = failing(lost, "ResetSession")
			m.conn.Close()
			m.conn = pin(m.t, m.db)
		}, ""},
		{"while a statement runs: its outcome is unknown", func(m *moment) {
			m.f.errs = failing(lost, "ExecContext")
			m.step("INSERT INTO t")
		}, "1 unknown"},
		{"while rows are read: the outcome is unknown", func(m *moment) {
			m.query("INSERT INTO t RETURNING id")
			m.f.errs = failing(lost, "RowsNext")
			m.rows[0].Next()
			m.closeRows()
		}, "1 unknown"},
		{"while a transaction begins: nothing is open", func(m *moment) {
			m.f.errs = failing(lost, "BeginTx")
			m.step("begin")
		}, ""},
		{"between a transaction's statements: the statement's outcome is unknown until the transaction is rolled back", func(m *moment) {
			m.run("begin\nINSERT INTO t")
			m.f.errs = failing(lost, "ExecContext", "Rollback")
			m.step("INSERT INTO t")
			m.step("rollback")
		}, "1 unknown"},
		{"while a commit runs: its outcome is unknown", func(m *moment) {
			m.run("begin\nINSERT INTO t")
			m.f.errs = failing(lost, "Commit")
			m.step("commit")
		}, "1 unknown"},
		{"while a rollback runs: nothing is open", func(m *moment) {
			m.run("begin\nINSERT INTO t")
			m.f.errs = failing(lost, "Rollback")
			m.step("rollback")
		}, ""},
		{"in a transaction that a text began: nothing is open, when it is closed", func(m *moment) {
			m.run("observe\nBEGIN\nINSERT INTO t")
			m.f.errs = failing(lost, "ResetSession")
			m.conn.Close()
			m.conn = pin(m.t, m.db)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, &fake{}, sqlguard.Config{})
			tt.use(m)
			set(t, m.guard, sqlguard.ReadOnly)
			if got := waiting(t, m.guard); got != tt.open {
				t.Errorf("open is %q, want %q", got, tt.open)
			}
		})
	}
}

func TestAStatementThatIsRetriedOnAnotherConnectionIsDecidedOnAgain(t *testing.T) {
	f := &fake{errs: failing(driver.ErrBadConn, "ExecContext")}
	m := newMoment(t, f, sqlguard.Config{})
	m.at("ExecContext", func() { set(t, m.guard, sqlguard.ReadOnly) })
	blocked := mustRefuse(t, m.db, "INSERT INTO t")
	if got := calls(f); got != "INSERT INTO t, Close" || blocked.Op != "INSERT" {
		t.Errorf("the driver was asked: %s", got)
	}
	if got := waiting(t, m.guard); got != "1 unknown" {
		t.Errorf("open is %q, but the first attempt may have been executed", got)
	}
}

func TestClosingThePoolDuringADrain(t *testing.T) {
	m := newMoment(t, &fake{}, sqlguard.Config{})
	tx, err := m.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, tx, "INSERT INTO t")
	m.query("INSERT INTO u RETURNING id")
	set(t, m.guard, sqlguard.ReadOnly)
	drained := make(chan error, 1)
	go func() {
		_, err := m.guard.Drain(context.Background())
		drained <- err
	}()
	m.db.Close() // of what is in use nothing is closed
	if got := waiting(t, m.guard); !strings.Contains(got, "transaction, last INSERT (t)") || !strings.Contains(got, "running statement, INSERT (u)") {
		t.Fatalf("open is %q", got)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-drained:
		t.Fatalf("it did not wait for the rows: %v", err)
	default:
	}
	m.closeRows()
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestRowsThatAreOpenWhileTheirTransactionCommitsAreOpenUntilTheyAreClosed(t *testing.T) {
	m := newMoment(t, &fake{}, sqlguard.Config{})
	err := m.conn.Raw(func(c any) error {
		tx, err := c.(driver.ConnBeginTx).BeginTx(m.ctx, driver.TxOptions{})
		if err != nil {
			return err
		}
		rows, err := c.(driver.QueryerContext).QueryContext(m.ctx, "INSERT INTO t RETURNING id", nil)
		if err != nil {
			return err
		}
		set(t, m.guard, sqlguard.ReadOnly)
		if err := tx.Commit(); err != nil {
			return err
		}
		if got := waiting(t, m.guard); got != "running statement, COMMIT" {
			t.Errorf("open is %q", got)
		}
		rows.Close()
		if got := waiting(t, m.guard); got != "" {
			t.Errorf("open is %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAFlipActsOnAPinnedConnectionAtItsNextStatement(t *testing.T) {
	m := newMoment(t, &fake{}, sqlguard.Config{})
	stmt, err := m.conn.PrepareContext(m.ctx, "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if _, err := stmt.Exec(); err != nil {
		t.Fatal(err)
	}
	m.run("INSERT INTO t\nread-only\nINSERT INTO t !")
	_, err = stmt.Exec()
	refused(t, "a statement prepared before the flip", err)
	m.run("off\nINSERT INTO t")
	if _, err := stmt.Exec(); err != nil {
		t.Error(err)
	}
}
