package pgx_test

import (
	"context"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// A call may choose its own mode, and so its own protocol, by an argument.
func TestEachModeOfACallIsGuarded(t *testing.T) {
	e := engine(t, "")
	e.DB.SetMaxOpenConns(1)
	var before, after int
	session := func(pid *int) {
		t.Helper()
		if err := e.DB.QueryRow("SELECT pg_backend_pid()").Scan(pid); err != nil {
			t.Fatal(err)
		}
	}
	session(&before)
	for _, mode := range []jackc.QueryExecMode{
		jackc.QueryExecModeCacheStatement, jackc.QueryExecModeCacheDescribe, jackc.QueryExecModeDescribeExec,
		jackc.QueryExecModeExec, jackc.QueryExecModeSimpleProtocol,
	} {
		e.Set(t, sqlguard.Off)
		const write = "INSERT INTO u (a) VALUES ($1)"
		if _, err := e.DB.Exec(write, mode, 90); err != nil {
			t.Fatalf("%s: with the mode off: %v", mode, err)
		}
		e.Set(t, sqlguard.ReadOnly)
		_, err := e.DB.Exec(write, mode, 91)
		enginetest.Refused(t, mode.String()+": an insert, which is prepared already", err)
		rows, err := e.DB.Query(write+" RETURNING a", mode, 92)
		enginetest.RefusedRows(t, mode.String()+": an insert that returns rows", rows, err)
		_, err = e.DB.Exec("SELECT 1; INSERT INTO u (a) VALUES (93)", mode)
		enginetest.Refused(t, mode.String()+": a write behind a read", err)
		rows, err = e.DB.Query("SELECT 1; INSERT INTO u (a) VALUES (94)", mode)
		enginetest.RefusedRows(t, mode.String()+": a write behind a read, queried", rows, err)
		var id int
		if err := e.DB.QueryRow("SELECT id FROM t WHERE id = $1", mode, 2).Scan(&id); err != nil || id != 2 {
			t.Errorf("%s: a read gives %d, %v; want 2", mode, id, err)
		}
		if result, err := e.DB.Exec("SELECT id FROM t WHERE id = $1", mode, 2); err != nil {
			t.Errorf("%s: a read by Exec: %v", mode, err)
		} else if n, _ := result.RowsAffected(); n != 1 {
			t.Errorf("%s: a read by Exec gives %d rows, want 1", mode, n)
		}
	}
	var n int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a > 90").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows were written (%v), want none", n, err)
	}
	if session(&after); before != after {
		t.Errorf("the connection was replaced")
	}
}

// pgx executes a prepared statement where a text is its name.
func TestTheNameOfAPreparedStatementIsNotARead(t *testing.T) {
	dsn := testdb.Postgres(t).Database(t)
	config, err := jackc.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	prepare := stdlib.OptionAfterConnect(func(ctx context.Context, conn *jackc.Conn) error {
		if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS named (a int)"); err != nil {
			return err
		}
		_, err := conn.Prepare(ctx, "addOne", "INSERT INTO named VALUES ($1)")
		if err == nil {
			_, err = conn.Prepare(ctx, "countAll", "SELECT count(*) FROM named")
		}
		return err
	})
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := driver.OpenDB(stdlib.GetConnector(*config, prepare), pgx.Config(g))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e := enginetest.Engine{Guard: g, DB: db}
	if _, err := db.Exec("addOne", 1); err != nil {
		t.Fatalf("with the mode off: %v", err)
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err = db.Exec("addOne", 2)
	enginetest.Refused(t, "the name of a write", err)
	_, err = db.Query("addOne", 3)
	enginetest.Refused(t, "the name of a write, queried", err)
	_, err = db.Query("countAll")
	enginetest.Refused(t, "the name of a read, of which nobody knows what it is", err)
	var rows int
	if err := db.QueryRow("SELECT count(*) FROM named").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("there are %d rows (%v), want the one that was written while the mode was off", rows, err)
	}
	e.Set(t, sqlguard.Off)
	if err := db.QueryRow("countAll").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("with the mode off again, the name of a read gives %d, %v", rows, err)
	}
}
