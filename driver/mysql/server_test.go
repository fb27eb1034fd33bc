package mysql_test

import (
	"database/sql"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	dialect "github.com/quiescehq/quiesce/sqlguard/mysql"
)

// schema is what the statements of the corpus speak of.
var schema = []string{
	"CREATE TABLE t (id int PRIMARY KEY, a varchar(100))",
	"INSERT INTO t VALUES (1, 'one'), (2, 'two')",
	"CREATE TABLE u (id int AUTO_INCREMENT PRIMARY KEY, a int, `update` int, `delete` int, `into` int)",
	"INSERT INTO u (a, `update`, `delete`, `into`) VALUES (1, 2, 3, 4)",
	"CREATE VIEW v AS SELECT * FROM t",
	"CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END",
	// The guarded pool's own, by which its connections are told from the dumper's.
	"CREATE USER IF NOT EXISTS guarded@localhost",
	"GRANT ALL ON *.* TO guarded@localhost WITH GRANT OPTION",
}

// engine returns a database of its own on MariaDB and a guarded pool on it.
func engine(t *testing.T, parameters string) *enginetest.Engine {
	t.Helper()
	e, _, _ := engineAt(t, parameters)
	return e
}

// engineAt returns the pool, too, with which the engine was made, and the DSN of the guarded one.
func engineAt(t *testing.T, parameters string) (*enginetest.Engine, *sql.DB, string) {
	t.Helper()
	server := testdb.MariaDB(t)
	dsn := server.Database(t)
	bare, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bare.Close() })
	bare.SetMaxOpenConns(1)
	for _, text := range schema {
		if _, err := bare.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := driver.ParseDSN(with(dsn, parameters))
	if err != nil {
		t.Fatal(err)
	}
	own.User = "guarded"
	db, err := mysql.Open(own.FormatDSN(), g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	e := &enginetest.Engine{
		Guard: g, DB: db,
		Dialect: dialect.Dialect{}, Corpus: []string{"mysql", "mariadb", "mysql8"},
		Dump:     func() []byte { return server.Dump(t, dsn) },
		Sessions: func() []int64 { return sessions(t, bare) },
		Count:    "SELECT count(*) FROM u",
		Insert:   "INSERT INTO u (a) VALUES (1)",
	}
	return e, bare, own.FormatDSN()
}

// with adds parameters to a DSN.
func with(dsn, parameters string) string {
	switch {
	case parameters == "":
		return dsn
	case strings.Contains(dsn, "?"):
		return dsn + "&" + parameters
	}
	return dsn + "?" + parameters
}

// sessions returns the ids of the server's connections that serve the guarded pool.
func sessions(t *testing.T, bare *sql.DB) (ids []int64) {
	t.Helper()
	rows, err := bare.Query(`SELECT id FROM information_schema.processlist
		WHERE db = database() AND user = 'guarded' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestAGuardedPoolOnMariaDB(t *testing.T) {
	for _, parameters := range []string{"", "interpolateParams=true", "multiStatements=true"} {
		name := parameters
		if name == "" {
			name = "no parameters"
		}
		t.Run(name, func(t *testing.T) { enginetest.Run(t, engine(t, parameters)) })
	}
}

func TestNoHalfTransactionsOnMariaDB(t *testing.T) {
	e := engine(t, "")
	enginetest.HalfTransactions(t, e)
	enginetest.HalfTransactionsInThePool(t, e)
}
