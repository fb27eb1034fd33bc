package testdb_test

import (
	"bytes"
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// engines are the servers, and the names under which database/sql knows their drivers.
var engines = []struct {
	name   string
	driver string
	start  func(testing.TB) *testdb.Server
}{
	{"PostgreSQL", "pgx", testdb.Postgres},
	{"MariaDB", "mysql", testdb.MariaDB},
}

// onEach runs a test against each server.
func onEach(t *testing.T, test func(t *testing.T, driver string, server *testdb.Server)) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			test(t, engine.driver, engine.start(t))
		})
	}
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// pinned executes the statements on one connection.
func pinned(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func query[T any](t *testing.T, db *sql.DB, statement string) T {
	t.Helper()
	var value T
	if err := db.QueryRowContext(t.Context(), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

func TestTheTestsOfAProcessShareOneServer(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			one := engine.start(t)
			if other := engine.start(t); one != other {
				t.Error("two servers were started")
			}
		})
	}
}

func TestTwoDatabasesAreSeparate(t *testing.T) {
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		one := open(t, driver, server.Database(t))
		other := open(t, driver, server.Database(t))
		execute(t, one, "CREATE TABLE talk (id int PRIMARY KEY)", "INSERT INTO talk VALUES (1)")
		execute(t, other, "CREATE TABLE talk (id int PRIMARY KEY)")
		if n := query[int](t, one, "SELECT count(*) FROM talk"); n != 1 {
			t.Errorf("the database that was written to has %d rows, want 1", n)
		}
		if n := query[int](t, other, "SELECT count(*) FROM talk"); n != 0 {
			t.Errorf("the other database has %d rows, want 0", n)
		}
	})
}

func TestADatabaseIsDroppedWithItsTest(t *testing.T) {
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		var dsn string
		t.Run("that has it", func(t *testing.T) {
			dsn = server.Database(t)
			execute(t, open(t, driver, dsn), "CREATE TABLE talk (id int)")
		})
		err := open(t, driver, dsn).PingContext(t.Context())
		if err == nil || !strings.Contains(err.Error(), "test_") {
			t.Errorf("connecting to the dropped database: %v, want an error that names it", err)
		}
	})
}

func TestADatabaseWithAnOpenPoolIsDropped(t *testing.T) {
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		var db *sql.DB
		t.Run("that has it", func(t *testing.T) {
			var err error
			if db, err = sql.Open(driver, server.Database(t)); err != nil {
				t.Fatal(err)
			}
			execute(t, db, "CREATE TABLE talk (id int)")
		})
		db.Close()
	})
}

func TestADumpChangesOnlyWithTheDatabase(t *testing.T) {
	changes := []struct {
		name       string
		statements []string
		changed    bool
	}{
		{"nothing is done", nil, false},
		{"a row is read", []string{"SELECT title FROM talk"}, false},
		{"a write is rolled back", []string{"BEGIN", "UPDATE talk SET title = 'b'", "ROLLBACK"}, false},
		{"a row is inserted", []string{"INSERT INTO talk (id, title) VALUES (2, 'b')"}, true},
		{"a row is updated", []string{"UPDATE talk SET title = 'b'"}, true},
		{"a row is deleted", []string{"DELETE FROM talk"}, true},
		{"a table is created", []string{"CREATE TABLE speaker (id int)"}, true},
		{"an index is created", []string{"CREATE INDEX by_title ON talk (title)"}, true},
		{"a view is created", []string{"CREATE VIEW titles AS SELECT title FROM talk"}, true},
	}
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		for _, change := range changes {
			t.Run(change.name, func(t *testing.T) {
				t.Parallel()
				dsn := server.Database(t)
				db := open(t, driver, dsn)
				execute(t, db,
					"CREATE TABLE talk (id int PRIMARY KEY, title varchar(80))",
					"INSERT INTO talk VALUES (1, 'a')")
				before := server.Dump(t, dsn)
				pinned(t, db, change.statements...)
				after := server.Dump(t, dsn)
				if changed := !bytes.Equal(before, after); changed != change.changed {
					t.Errorf("the dump changed: %v, want %v; before:\n%s\nafter:\n%s",
						changed, change.changed, before, after)
				}
			})
		}
	})
}

func TestADumpHoldsNoDate(t *testing.T) {
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		dump := server.Dump(t, server.Database(t))
		if month := time.Now().Format("2006-01"); bytes.Contains(dump, []byte(month)) {
			t.Errorf("the dump holds %s:\n%s", month, dump)
		}
	})
}

func TestADumpChangesWhenASequenceIsAdvanced(t *testing.T) {
	advance := map[string]string{"pgx": "SELECT nextval('ticket')", "mysql": "SELECT nextval(ticket)"}
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		dsn := server.Database(t)
		db := open(t, driver, dsn)
		execute(t, db, "CREATE SEQUENCE ticket")
		before := server.Dump(t, dsn)
		execute(t, db, advance[driver])
		if bytes.Equal(before, server.Dump(t, dsn)) {
			t.Errorf("the dump is still:\n%s", before)
		}
	})
}

func TestADumpHoldsTheRoutinesOfADatabase(t *testing.T) {
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		dsn := server.Database(t)
		body := "RETURN 42"
		if driver == "pgx" {
			body = "LANGUAGE sql AS 'SELECT 42'"
		}
		execute(t, open(t, driver, dsn), "CREATE FUNCTION answer() RETURNS int "+body)
		if dump := server.Dump(t, dsn); !bytes.Contains(dump, []byte("answer")) {
			t.Errorf("the dump lacks the function:\n%s", dump)
		}
	})
}

func TestAServerIsNotOnTheNetwork(t *testing.T) {
	listens := map[string]string{
		"pgx":   "SELECT current_setting('listen_addresses') <> ''",
		"mysql": "SELECT NOT @@skip_networking",
	}
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		if query[bool](t, open(t, driver, server.Database(t)), listens[driver]) {
			t.Error("the server listens on the network")
		}
	})
}

func TestSettingsThatTestsRelyOn(t *testing.T) {
	settings := map[string][]struct{ statement, want string }{
		"pgx": {
			{"SELECT current_setting('max_connections')", "200"},
			{"SELECT current_setting('max_prepared_transactions')", "10"},
			{"SELECT current_setting('server_encoding')", "UTF8"},
			{"SELECT datcollate FROM pg_database WHERE datname = current_database()", "C"},
			{"SELECT current_setting('is_superuser')", "on"},
		},
		"mysql": {
			{"SELECT @@max_connections", "200"},
			{"SELECT @@character_set_database", "utf8mb4"},
			{"SELECT current_user()", "root@localhost"},
			{"SELECT count(*) FROM mysql.global_priv WHERE User = ''", "0"},
		},
	}
	onEach(t, func(t *testing.T, driver string, server *testdb.Server) {
		db := open(t, driver, server.Database(t))
		for _, setting := range settings[driver] {
			if got := query[string](t, db, setting.statement); got != setting.want {
				t.Errorf("%s: %s, want %s", setting.statement, got, setting.want)
			}
		}
	})
}
