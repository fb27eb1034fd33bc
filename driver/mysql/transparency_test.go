package mysql_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// ctx is what nothing is cancelled by.
var ctx = context.Background()

// What go-sql-driver documents and tests must hold through the guard.
func TestTheGuardedDriverGivesWhatGoSQLDriverDoes(t *testing.T) {
	enginetest.Transparent(t, pools(t), slices.Concat(values, statements, results, transactions, cancellations))
}

// pools opens pools on a bare and on a guarded database, which hold the same.
func pools(t *testing.T) enginetest.Pools {
	t.Helper()
	server := testdb.MariaDB(t)
	dsns := map[bool]string{}
	for _, guarded := range []bool{false, true} {
		dsns[guarded] = server.Database(t)
		db := open(t, dsns[guarded], nil)
		for _, text := range schema {
			if _, err := db.Exec(text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		db.Close()
	}
	return enginetest.Pools{
		Session: "SELECT CONNECTION_ID()",
		Busy:    "SELECT EXISTS (SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%' AND state = 'User sleep')",
		Open: func(t testing.TB, parameters string, g *sqlguard.Guard) *sql.DB {
			return open(t, with(dsns[g != nil], parameters), g)
		},
	}
}

// open opens a pool that g guards, or a bare one.
func open(t testing.TB, dsn string, g *sqlguard.Guard) *sql.DB {
	t.Helper()
	var db *sql.DB
	var err error
	if g == nil {
		db, err = sql.Open("mysql", dsn)
	} else {
		db, err = mysql.Open(dsn, g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db
}
