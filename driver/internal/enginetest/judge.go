package enginetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Judged are queries of which no text shows whether they write.
type Judged struct {
	Setup  []string // makes their functions, with the mode off
	Reads  []string // each answers with rows
	Writes []string // each is refused by the engine
	// Told is whether the engine can be told to refuse writes in a transaction that
	// was begun by text; else the guard refuses there.
	Told bool
	// Settings is a query for what the session is set to, in any mode.
	Settings string
}

// Judge runs queries that only the engine can judge, everywhere that a query
// can be run, and demands that nothing is left of it: in the database, the session,
// or an open transaction.
func Judge(t *testing.T, e *Engine, j Judged) {
	e.DB.SetMaxOpenConns(1)
	for _, text := range j.Setup {
		if _, err := e.DB.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	settings, before, sessions := e.table(j.Settings), e.Dump(), e.sessions()
	e.Set(t, sqlguard.ReadOnly)
	for place, run := range places {
		t.Run(place, func(t *testing.T) {
			told := j.Told || place != byText
			for _, query := range j.Reads {
				n, err := run(context.Background(), e.DB, query)
				if !told {
					Refused(t, query, err)
				} else if err != nil || n == 0 && place != "executed" {
					t.Errorf("%s: %d rows, %v", query, n, err)
				}
			}
			for _, query := range j.Writes {
				e.refusedByTheEngine(t, query, told, run)
			}
		})
	}
	if after := e.table(j.Settings); after != settings {
		t.Errorf("the session is now set to %v, and was to %v", after, settings)
	}
	if !bytes.Equal(e.Dump(), before) {
		t.Error("the database has changed")
	}
	e.Set(t, sqlguard.Off)
	if _, err := e.DB.Exec(e.Insert); err != nil {
		t.Errorf("a write with the mode off again: %v", err)
	}
	if now := e.sessions(); !slices.Equal(now, sessions) {
		t.Errorf("the session is another one: %v, and was %v", now, sessions)
	}
	if bytes.Equal(e.Dump(), before) {
		t.Error("a write with the mode off again was not committed: a transaction was left open")
	}
}

func (e *Engine) refusedByTheEngine(t *testing.T, query string, told bool, run place) {
	t.Helper()
	ctx, recorder := sqlguard.WithRecorder(context.Background())
	rejected := e.Guard.Counts().Rejected
	_, err := run(ctx, e.DB, query)
	if !told {
		Refused(t, query, err)
		return
	}
	if !sqlguard.IsReadOnly(err) || errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("%s: got %v, want the engine's own refusal", query, err)
	}
	if recorder.Blocked() == nil || e.Guard.Counts().Rejected != rejected+1 {
		t.Errorf("%s: the engine's refusal was noted as %v, and counted %d times", query, recorder.Blocked(), e.Guard.Counts().Rejected-rejected)
	}
}

// place runs a query, and returns how many rows it has.
type place func(ctx context.Context, db *sql.DB, query string) (rows int, err error)

const byText = "in a transaction begun by text"

var places = map[string]place{
	"outside of a transaction": func(ctx context.Context, db *sql.DB, query string) (int, error) {
		return count(db.QueryContext(ctx, query))
	},
	"executed": func(ctx context.Context, db *sql.DB, query string) (int, error) {
		_, err := db.ExecContext(ctx, query)
		return 0, err
	},
	"prepared": func(ctx context.Context, db *sql.DB, query string) (int, error) {
		stmt, err := db.PrepareContext(ctx, query)
		if err != nil {
			return 0, err
		}
		defer stmt.Close()
		if n, err := count(stmt.QueryContext(ctx)); err != nil {
			return n, err
		}
		return count(stmt.QueryContext(ctx))
	},
	"in a transaction": func(ctx context.Context, db *sql.DB, query string) (int, error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		defer tx.Rollback()
		return count(tx.QueryContext(ctx, query))
	},
	"in a read-only transaction": func(ctx context.Context, db *sql.DB, query string) (int, error) {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return 0, err
		}
		defer tx.Rollback()
		return count(tx.QueryContext(ctx, query))
	},
	byText: func(ctx context.Context, db *sql.DB, query string) (n int, err error) {
		conn, err := db.Conn(ctx)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
			return 0, err
		}
		defer conn.ExecContext(ctx, "ROLLBACK")
		for _, text := range []string{"SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a"} {
			if _, err := conn.ExecContext(ctx, text); err != nil {
				return 0, err
			}
			if text == "SAVEPOINT a" { // what it tells the engine is lifted again
				if n, err = count(conn.QueryContext(ctx, query)); err != nil {
					return n, err
				}
			}
		}
		return count(conn.QueryContext(ctx, query))
	},
}

func count(rows *sql.Rows, err error) (n int, _ error) {
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, errors.Join(rows.Err(), rows.Close())
}
