package fuzzengines_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// A change is a text that does what a hunt has to see.
type change struct {
	name string
	kind int
	sql  string
}

// see executes each text, and fails the test where its effect is not seen, or one is
// seen of texts that have none.
func see(t *testing.T, e engine, changes []change) {
	t.Helper()
	h := &hunt{t: t, engine: e}
	e.reset()
	for _, c := range changes {
		e.begin(c.kind)
		for _, harmless := range []text{{"SELECT id FROM t", true}, {"no SQL", true}, {"BEGIN", false}} {
			e.run(harmless)
		}
		if effect := h.effect(text{"SELECT 1", true}); effect != "" {
			t.Errorf("%s: reads are said to have an effect: %s", c.name, effect)
		}
		if h.effect(text{c.sql, true}) == "" {
			t.Errorf("%s: the effect of %q is not seen", c.name, c.sql)
		}
		e.settle()
	}
}

func TestAHuntNamesTheTextThatChangedSomething(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	e := &sqliteEngine{t: t, dir: dir}
	e.reset()
	h := &hunt{t: t, engine: e}
	texts := func(sql ...string) (texts []text) {
		for _, s := range sql {
			texts = append(texts, text{s, true})
		}
		return texts
	}
	for _, c := range []struct {
		name, want string
		texts      []text
	}{
		{"nothing", "", texts("SELECT 1", "no SQL", "VALUES (2)")},
		{"one text", `"DELETE FROM u" passes, and changes something: `, texts("SELECT 1", "DELETE FROM u", "DELETE FROM t")},
	} {
		got := h.batch(sqlitePlain, c.texts)
		if (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEffectsAreSeenInSQLite(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	see(t, &sqliteEngine{t: t, dir: dir}, []change{
		{"a row", sqlitePlain, "DELETE FROM u"},
		{"a row in a transaction", sqliteInTransaction, "UPDATE t SET a = 'q'"},
		{"a table", sqlitePlain, "CREATE TABLE n(a)"},
		{"a temporary table", sqlitePlain, "CREATE TEMP TABLE n(a)"},
		{"a file", sqlitePlain, "VACUUM INTO 'copy'"},
		{"another database", sqlitePlain, "ATTACH ':memory:' AS m"},
		{"a setting in the file", sqlitePlain, "PRAGMA user_version = 9"},
		{"a setting", sqlitePlain, "PRAGMA foreign_keys = 0"},
		{"a lifted setting", sqliteArmed, "PRAGMA query_only = 0"},
	})
}

func TestEffectsAreSeenInPostgreSQL(t *testing.T) {
	e := &postgresEngine{t: t, server: testdb.Postgres(t)}
	out := e.folder()
	see(t, e, []change{
		{"a row", postgresPlain, "DELETE FROM u"},
		{"a row in a transaction", postgresInTransaction, "UPDATE t SET a = 'q'"},
		{"a function that writes", postgresPlain, "SELECT f_w()"},
		{"a domain that writes", postgresPlain, "SELECT 5::dw"},
		{"a write that fails later", postgresPlain, "DELETE FROM u; SELECT 1/0"},
		{"a cursor that writes at the commit", postgresInTransaction, "DECLARE c CURSOR WITH HOLD FOR SELECT f_w()"},
		{"a sequence", postgresPlain, "SELECT nextval('s')"},
		{"a table", postgresPlain, "CREATE TABLE n(a int)"},
		{"statistics", postgresPlain, "ANALYZE t"},
		{"a large object", postgresPlain, "SELECT lo_unlink(4242)"},
		{"a file", postgresPlain, "COPY t TO '" + filepath.Join(out, "n") + "'"},
		{"a setting of the server", postgresPlain, "ALTER SYSTEM SET work_mem = '8MB'"},
		{"a notification", postgresPlain, "NOTIFY ch"},
		{"a table lock", postgresInTransaction, "LOCK TABLE t IN SHARE MODE"},
		{"row locks", postgresPlain, "SELECT * FROM t FOR SHARE"},
		{"a prepared transaction", postgresPlain, "COMMIT PREPARED 'g1'"},
		{"another session", postgresPlain, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"},
		{"statistics reset", postgresPlain, "SELECT pg_stat_reset()"},
		{"a setting of the session", postgresPlain, "SET session_replication_role = replica"},
		{"how strings are read", postgresPlain, "SET standard_conforming_strings = off"},
		{"the client's encoding", postgresPlain, "SET client_encoding = sjis"},
		{"a lifted setting", postgresArmed, "SET default_transaction_read_only = off"},
		{"a transaction that may write", postgresArmed, "BEGIN READ WRITE"},
		{"a lifted transaction", postgresReadTransaction, "SET TRANSACTION READ WRITE"},
	})
}

func TestEffectsAreSeenInMariaDB(t *testing.T) {
	e := &mariadbEngine{t: t, server: testdb.MariaDB(t)}
	see(t, e, []change{
		{"a row", 0, "DELETE FROM u"},
		{"a row in a transaction", mariadbInTransaction, "UPDATE t SET a = 'q'"},
		{"a row of another engine", 0, "INSERT INTO my VALUES (5)"},
		{"a function that writes", 0, "SELECT f_w()"},
		{"an executable comment", 0, "/*!50000 INSERT INTO u SET id = 9 */"},
		{"a string that ends elsewhere", 3, `SELECT '\'; DELETE FROM u; -- '`},
		{"a sequence", 0, "SELECT NEXTVAL(sq)"},
		{"a table", 0, "CREATE TABLE n(a int)"},
		{"a file", 0, "SELECT 1 INTO OUTFILE '../n'"},
		{"a setting of the server", 0, "SET GLOBAL max_connections = 150"},
		{"a role", 0, "CREATE ROLE role9"},
		{"an event", 0, "ALTER EVENT ev DISABLE"},
		{"a statement that the server prepares for nothing", 0, "DELETE FROM t WHERE false"},
		{"a table lock", 0, "LOCK TABLES t WRITE"},
		{"a routine", 0, "CALL p_w()"},
		{"the client's character set", 0, "SET NAMES sjis"},
		{"a lifted setting", mariadbArmed, "SET SESSION TRANSACTION READ WRITE"},
		{"a transaction that may write", mariadbArmed, "START TRANSACTION READ WRITE"},
	})
}
