package pgx_test

import (
	"context"
	"database/sql"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// A ROLLBACK without a transaction would be a warning in the server's log, for
// each connection of each process, on the night of the move.
func TestAFlipLeavesTheServersLogSilent(t *testing.T) {
	config, err := jackc.ParseConfig(testdb.Postgres(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	var notices []string
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	key := stdlib.RegisterConnConfig(config)
	defer stdlib.UnregisterConnConfig(key)
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Open(key, g)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	e := enginetest.Engine{Guard: g, DB: db}
	for range 3 {
		e.Set(t, sqlguard.Off)
		if _, err := db.Exec("CREATE TABLE IF NOT EXISTS quiet (a int); INSERT INTO quiet VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		notices = nil // that the table is there already
		e.Set(t, sqlguard.ReadOnly)
		_, err := db.Exec("INSERT INTO quiet VALUES (2)")
		enginetest.Refused(t, "an insert", err)
		tx, err := db.BeginTx(context.Background(), &sql.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if len(notices) > 0 {
		t.Errorf("the server says %q", notices)
	}
}
