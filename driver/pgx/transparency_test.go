package pgx_test

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// What pgx's database/sql driver documents and tests must hold through the guard.
func TestTheGuardedDriverGivesWhatPgxDoes(t *testing.T) {
	enginetest.Transparent(t, pools(t), slices.Concat(values, arguments, statements, transactions, cancellations, raw))
}

// pools opens pools on a bare and on a guarded database, which hold the same.
func pools(t *testing.T) enginetest.Pools {
	t.Helper()
	server := testdb.Postgres(t)
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
		Session: "SELECT pg_backend_pid()",
		Busy:    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%')",
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
		db, err = sql.Open("pgx", dsn)
	} else {
		db, err = pgx.Open(dsn, g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db
}
