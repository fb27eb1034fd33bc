package enginetest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// HalfTransactions demands that a transaction begun by text is not committed in
// part, however its end is tried: after an insert that passed and one that was refused.
func HalfTransactions(t *testing.T, e *Engine) {
	ctx := context.Background()
	done, cancel := context.WithCancel(ctx)
	cancel()
	for _, test := range []struct {
		name  string
		begun sqlguard.Mode
		try   func(*sql.Conn)
	}{
		{"after a BeginTx whose context is done", sqlguard.Off, func(c *sql.Conn) { _, _ = c.BeginTx(done, nil) }},
		{"after a BEGIN whose context is done", sqlguard.Off, func(c *sql.Conn) { _, _ = c.ExecContext(done, "BEGIN") }},
		{"after a ROLLBACK whose context is done", sqlguard.Off, func(c *sql.Conn) { _, _ = c.ExecContext(done, "ROLLBACK") }},
		{"after a BeginTx whose context is done, having been seen to begin", sqlguard.Observe, func(c *sql.Conn) { _, _ = c.BeginTx(done, nil) }},
		{"after a BeginTx while rows are open", sqlguard.Off, func(c *sql.Conn) { e.whileRowsAreOpen(t, c) }},
		{"after a BeginTx while rows are open, having been seen to begin", sqlguard.Observe, func(c *sql.Conn) { e.whileRowsAreOpen(t, c) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			e.Set(t, sqlguard.Off)
			before := e.count(t)
			conn, err := e.DB.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			e.Set(t, test.begun)
			for _, query := range []string{"BEGIN", e.Insert} {
				if _, err := conn.ExecContext(ctx, query); err != nil {
					t.Fatalf("%s: %v", query, err)
				}
			}
			e.Set(t, sqlguard.ReadOnly)
			_, err = conn.ExecContext(ctx, e.Insert)
			Refused(t, e.Insert, err)
			test.try(conn)
			e.Set(t, sqlguard.Off)
			_, _ = conn.ExecContext(ctx, "COMMIT") // it may succeed where nothing is open any more
			conn.Close()
			if after := e.count(t); after != before {
				t.Errorf("half of a transaction was committed: %d rows before, %d after", before, after)
			}
		})
	}
}

// whileRowsAreOpen tries to begin a transaction while the connection may be busy.
func (e *Engine) whileRowsAreOpen(t *testing.T, c *sql.Conn) {
	rows, err := c.QueryContext(context.Background(), "SELECT * FROM t")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("no rows: %v", rows.Err())
	}
	if tx, err := c.BeginTx(context.Background(), nil); err == nil {
		_ = tx.Rollback()
	}
}

// HalfTransactionsInThePool demands the same of statements that come from the
// pool one by one, to the same connection. It is for drivers that hand an open
// transaction to the next user.
func HalfTransactionsInThePool(t *testing.T, e *Engine) {
	e.Set(t, sqlguard.Off)
	before := e.count(t)
	e.DB.SetMaxOpenConns(1)
	defer e.DB.SetMaxOpenConns(0)
	for _, query := range []string{"BEGIN", e.Insert} {
		if _, err := e.DB.Exec(query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err := e.DB.Exec(e.Insert)
	Refused(t, e.Insert, err)
	_, _ = e.DB.Exec("COMMIT")
	e.Set(t, sqlguard.Off)
	_, _ = e.DB.Exec("COMMIT")
	if after := e.count(t); after != before {
		t.Errorf("half of a transaction was committed: %d rows before, %d after", before, after)
	}
}
