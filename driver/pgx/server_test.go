package pgx_test

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// schema is what the statements of the corpus speak of.
var schema = []string{
	`CREATE TABLE t (id int PRIMARY KEY, a text)`,
	`INSERT INTO t VALUES (1, 'one'), (2, 'two')`,
	`CREATE TABLE u (id serial, a int, "update" int, "delete" int, "into" int)`,
	`INSERT INTO u (a, "update", "delete", "into") VALUES (1, 2, 3, 4)`,
	`CREATE SEQUENCE s`,
	`CREATE VIEW v AS SELECT * FROM t`,
	`CREATE FUNCTION f_w() RETURNS int LANGUAGE sql AS 'INSERT INTO u (a) VALUES (7) RETURNING a'`,
	`CREATE FUNCTION f_r() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'`,
}

// engine returns a database of its own and a guarded pool on it.
func engine(t testing.TB, parameters string) *enginetest.Engine {
	t.Helper()
	e, _ := engineAt(t, parameters)
	return e
}

// engineAt returns the DSN of the database too.
func engineAt(t testing.TB, parameters string) (*enginetest.Engine, string) {
	t.Helper()
	server := testdb.Postgres(t)
	dsn := server.Database(t)
	bare, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bare.Close() })
	for _, text := range schema {
		if _, err := bare.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Open(with(dsn, "application_name=guarded"+parameters), g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &enginetest.Engine{
		Guard: g, DB: db,
		Dialect: postgres.Dialect{}, Corpus: []string{"postgres"},
		Dump:     func() []byte { return server.Dump(t, dsn) },
		Sessions: func() []int64 { return sessions(t, bare) },
		Count:    "SELECT count(*) FROM u",
		Insert:   "INSERT INTO u (a) VALUES (1)",
	}, dsn
}

// with adds parameters to a DSN.
func with(dsn, parameters string) string {
	if strings.Contains(dsn, "?") {
		return dsn + "&" + parameters
	}
	return dsn + "?" + parameters
}

// sessions returns the process ids of the server that serve the guarded pool.
func sessions(t testing.TB, bare *sql.DB) (pids []int64) {
	t.Helper()
	rows, err := bare.Query(`SELECT pid FROM pg_stat_activity
		WHERE application_name = 'guarded' AND datname = current_database() ORDER BY pid`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var pid int64
		if err := rows.Scan(&pid); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return pids
}

func TestAGuardedPoolOnPostgreSQL(t *testing.T) {
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			enginetest.Run(t, engine(t, "&default_query_exec_mode="+mode))
		})
	}
}

func TestNoHalfTransactionsOnPostgreSQL(t *testing.T) {
	enginetest.HalfTransactions(t, engine(t, ""))
}
