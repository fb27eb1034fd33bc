package pgx_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestAThousandRefusalsReachNobodyOnPostgreSQL(t *testing.T) {
	server := testdb.Postgres(t)
	dsn := server.Database(t)
	bare, admin := open(t, dsn, nil), open(t, server.DSN("postgres"), nil)
	defer bare.Close()
	defer admin.Close()
	for _, text := range []string{
		"CREATE TABLE u (a int)",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET log_statement = ''all''', current_database()); END $$",
	} {
		if _, err := bare.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	config, err := jackc.ParseConfig(with(dsn, "application_name=guarded"))
	if err != nil {
		t.Fatal(err)
	}
	w := &enginetest.Wire{}
	config.DialFunc = w.Dial
	c := stdlib.GetConnector(*config, stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := driver.OpenDB(c, pgx.Config(g))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e := &enginetest.Engine{
		Guard: g, DB: db, Insert: "INSERT INTO u (a) VALUES (1)",
		Sessions: func() []int64 { return sessions(t, bare) },
	}
	enginetest.Quiet(t, e, w, logOf(t, admin, e.Sessions))
}

// logOf returns a function that returns the lines about some sessions that the server
// has logged since it was last called.
func logOf(t *testing.T, admin *sql.DB, sessions func() []int64) func() []string {
	var file string
	if err := admin.QueryRow("SELECT current_setting('data_directory') || '/../log'").Scan(&file); err != nil {
		t.Fatal(err)
	}
	var offset int64
	return func() (lines []string) {
		t.Helper()
		var added string
		query := "SELECT pg_read_file($1, $2, (pg_stat_file($1)).size - $2)"
		if err := admin.QueryRow(query, file, offset).Scan(&added); err != nil {
			t.Fatal(err)
		}
		offset += int64(len(added))
		pids := sessions()
		for line := range strings.Lines(added) {
			// The default log_line_prefix ends in the process's id.
			if slices.ContainsFunc(pids, func(pid int64) bool { return strings.Contains(line, fmt.Sprintf(" [%d] ", pid)) }) {
				lines = append(lines, line)
			}
		}
		return lines
	}
}
