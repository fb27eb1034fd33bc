package main

import (
	"database/sql"
	_ "embed"
	"strconv"
	"strings"

	// The bare drivers, which no guard is around; MySQL's comes with database_url.go.
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

// engine is what differs between the databases that the site runs on. All
// else is SQL that they share, with a question mark for each parameter.
type engine struct {
	driver string // the bare one, which no guard is around
	// open opens a pool behind the guard; nil if this build of the site cannot.
	open func(source string, guard *sqlguard.Guard) (*sql.DB, error)

	numbered  bool // parameters are written $1, $2
	returning bool // an INSERT tells the new id by RETURNING alone

	countAgain string // ends the INSERT of a first view, for all later ones
	starAgain  string // ends the INSERT of a star, for one that is there already

	schema    string
	before    string // what is set before the schema is made, if anything
	ddlAlone  bool   // CREATE TABLE commits whatever transaction is open
	moveIDs   string // makes a table's next id follow those it has, if it does not by itself; %s is the table
	installed string // counts the table that holds the version; empty if there is always a version
	version   string // reads the version of the schema, 0 if it has none yet
	stamp     string // writes it; %d is the version

	snapshot sql.IsolationLevel // of a transaction that reads one state throughout
}

//go:embed schema_sqlite.sql
var sqliteSchema string

var sqliteEngine = &engine{
	driver: "sqlite", open: sqlite.Open,
	countAgain: "ON CONFLICT (talk_id) DO UPDATE SET views = talk_views.views + 1",
	starAgain:  "ON CONFLICT DO NOTHING",
	schema:     sqliteSchema,
	// Readers do not wait for the writer with a write-ahead log. The setting is
	// kept in the file, and cannot be made within a transaction.
	before:  "PRAGMA journal_mode = WAL",
	version: "PRAGMA user_version", // 0 in a new file
	stamp:   "PRAGMA user_version = %d",
}

//go:embed schema_postgres.sql
var postgresSchema string

// postgresEngine gets its open from postgres.go.
var postgresEngine = &engine{
	driver: "pgx", numbered: true, returning: true,
	countAgain: "ON CONFLICT (talk_id) DO UPDATE SET views = talk_views.views + 1",
	starAgain:  "ON CONFLICT DO NOTHING",
	schema:     postgresSchema,
	// Of a table without rows max is null, and setval then does nothing.
	moveIDs:   "SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), max(id)) FROM %[1]s",
	installed: "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'site_schema'",
	version:   "SELECT coalesce(max(version), 0) FROM site_schema",
	stamp:     "INSERT INTO site_schema (version) VALUES (%d)",
	snapshot:  sql.LevelRepeatableRead,
}

//go:embed schema_mysql.sql
var mysqlSchema string

// mysqlEngine is MySQL and MariaDB.
var mysqlEngine = &engine{
	driver: "mysql", open: mysql.Open,
	countAgain: "ON DUPLICATE KEY UPDATE views = views + 1",
	starAgain:  "ON DUPLICATE KEY UPDATE talk_id = talk_id", // INSERT IGNORE would hide other errors too
	schema:     mysqlSchema,
	ddlAlone:   true,
	installed:  "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = 'site_schema'",
	version:    "SELECT coalesce(max(version), 0) FROM site_schema",
	stamp:      "INSERT INTO site_schema (version) VALUES (%d)",
	snapshot:   sql.LevelRepeatableRead,
}

// bind writes a query's parameters as the engine does. No query of the site has a
// question mark that is none.
func (e *engine) bind(query string) string {
	if !e.numbered {
		return query
	}
	var out strings.Builder
	for i := 1; ; i++ {
		before, after, found := strings.Cut(query, "?")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		out.WriteString("$" + strconv.Itoa(i))
		query = after
	}
}
