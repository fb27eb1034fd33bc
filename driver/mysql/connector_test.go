package mysql_test

import (
	sqldriver "database/sql/driver"
	"testing"

	gosql "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// connect returns an engine whose pool is over a connector of go-sql-driver's.
func connect(t *testing.T, change func(*gosql.Config)) *enginetest.Engine {
	t.Helper()
	server := testdb.MariaDB(t)
	dsn := server.Database(t)
	bare := open(t, dsn, nil)
	t.Cleanup(func() { bare.Close() })
	for _, text := range schema {
		if _, err := bare.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	config, err := gosql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.User = "guarded"
	change(config)
	c, err := gosql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := driver.OpenDB(c, mysql.Config(g))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &enginetest.Engine{
		Guard: g, DB: db, Insert: "INSERT INTO u (a) VALUES (1)",
		Sessions: func() []int64 { return sessions(t, bare) },
	}
}

// A connector does not show how it was configured. With RejectReadOnly the guard's own
// refusals are as they always are, and what the server refuses costs a connection.
func TestAConnectorWithRejectReadOnly(t *testing.T) {
	e := connect(t, func(config *gosql.Config) { config.RejectReadOnly = true })
	if _, err := e.DB.Exec("CREATE FUNCTION writes() RETURNS int BEGIN INSERT INTO u (a) VALUES (88); RETURN 1; END"); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	before := e.Sessions()
	for range 10 {
		_, err := e.DB.Exec(e.Insert)
		enginetest.Refused(t, "an insert", err)
	}
	if after := e.Sessions(); len(before) != 1 || len(after) != 1 || before[0] != after[0] {
		t.Errorf("the sessions are %v, and were %v", after, before)
	}
	// Vouched for, the function gets as far as the server's read-only transaction.
	if err := e.Guard.SetPolicy(sqlguard.Policy{Readers: []string{"writes"}}); err != nil {
		t.Fatal(err)
	}
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("SELECT writes()"); err != sqldriver.ErrBadConn {
		t.Errorf("what the server refuses gives %v, want a bad connection", err)
	}
	_ = tx.Rollback() // on a connection that is gone
	var n int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a = 88").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows were written (%v), want none", n, err)
	}
	if after := e.Sessions(); len(after) != 1 || after[0] == before[0] {
		t.Errorf("the sessions are %v, and were %v; want another one", after, before)
	}
}

func TestAThousandRefusalsReachNobodyOnMariaDB(t *testing.T) {
	w := &enginetest.Wire{}
	e := connect(t, func(config *gosql.Config) { config.DialFunc = w.Dial })
	admin := open(t, testdb.MariaDB(t).DSN("mysql"), nil)
	defer admin.Close()
	for _, text := range []string{"SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = ON"} {
		if _, err := admin.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	defer admin.Exec("SET GLOBAL general_log = OFF")
	enginetest.Quiet(t, e, w, func() (logged []string) {
		t.Helper()
		rows, err := admin.Query("SELECT CONCAT(command_type, ' ', argument) FROM general_log WHERE user_host LIKE '%guarded%'")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			logged = append(logged, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec("TRUNCATE TABLE general_log"); err != nil {
			t.Fatal(err)
		}
		return logged
	})
}
