package orm

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	_ "github.com/quiescehq/quiesce/driver/mysql"
	_ "github.com/quiescehq/quiesce/driver/pgx"
	_ "github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/internal/testdb"
)

// engine is a kind of database on which libraries are proven.
type engine struct {
	name string
	bare string // the unguarded driver's name
	// database makes an empty database, and returns its DSN.
	database func(t *testing.T) string
	// next empties a database that is done with, or makes another, and returns its DSN.
	next func(t *testing.T, dsn string) string
	dump func(t *testing.T, dsn string) string
}

var (
	onSQLite = engine{name: "SQLite", bare: "sqlite", database: onSQLiteFile, dump: dumpSQLite,
		next: func(t *testing.T, _ string) string { return onSQLiteFile(t) }}
	onPostgreSQL = engine{name: "PostgreSQL", bare: "pgx", next: emptied,
		database: func(t *testing.T) string { return testdb.Postgres(t).Database(t) },
		dump:     func(t *testing.T, dsn string) string { return string(testdb.Postgres(t).Dump(t, dsn)) }}
	onMariaDB = engine{name: "MariaDB", bare: "mysql", database: onMariaDBSchema,
		next: func(t *testing.T, _ string) string { return onMariaDBSchema(t) },
		dump: func(t *testing.T, dsn string) string { return string(testdb.MariaDB(t).Dump(t, dsn)) }}
)

func onSQLiteFile(t *testing.T) string {
	t.Helper()
	return "file:" + filepath.Join(t.TempDir(), "app.db") + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
}

func onMariaDBSchema(t *testing.T) string {
	t.Helper()
	dsn := testdb.MariaDB(t).Database(t)
	if strings.Contains(dsn, "?") {
		return dsn + "&parseTime=true"
	}
	return dsn + "?parseTime=true" // without which most libraries scan no times
}

// emptied empties a database of PostgreSQL, on which that is much faster than to create one. It
// looks a little different then, so what is to be compared must be on databases that were emptied.
func emptied(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// dumpSQLite returns the schema of a database and all that is in its tables.
func dumpSQLite(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var dump strings.Builder
	tables := lines(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	for _, text := range lines(t, db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name") {
		dump.WriteString(text)
	}
	for _, table := range tables {
		table = strings.TrimSpace(table)
		for _, row := range lines(t, db, `SELECT * FROM "`+table+`"`) {
			dump.WriteString(table + ": " + row)
		}
	}
	return dump.String()
}

// lines returns the rows of a query, each as one line.
func lines(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		line := ""
		for _, v := range values {
			line += fmt.Sprintf("%v ", *v.(*any))
		}
		all = append(all, line+"\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
