package mysql_test

import (
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// judged are queries that only the server can judge: what their functions do is not
// in their texts.
var judged = enginetest.Judged{
	Setup: []string{
		"CREATE TABLE plain (a int) ENGINE=MyISAM",
		"CREATE FUNCTION f_r(n int) RETURNS int RETURN (SELECT count(*) FROM t) + n",
		"CREATE FUNCTION f_w() RETURNS int BEGIN INSERT INTO u (a) VALUES (7); RETURN 1; END",
		"CREATE FUNCTION f_plain() RETURNS int BEGIN INSERT INTO plain VALUES (7); RETURN 1; END",
		"CREATE FUNCTION f_caught() RETURNS int BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION RETURN 2; INSERT INTO u (a) VALUES (7); RETURN 1; END",
		"CREATE VIEW v_w AS SELECT f_w() AS w",
	},
	Reads:  []string{"SELECT f_r(1)", "SELECT id, f_r(id) FROM t"},
	Writes: []string{"SELECT f_w()", "SELECT f_plain()", "SELECT f_caught()", "SELECT id, f_w() FROM t", "SELECT w, f_r(1) FROM v_w"},
	Settings: "SELECT @@session.autocommit, @@session.tx_read_only, @@session.tx_isolation, " +
		"(SELECT count(*) FROM information_schema.innodb_trx)",
}

func TestMariaDBJudgesWhatNoTextShows(t *testing.T) {
	for _, parameters := range []string{"", "interpolateParams=true", "multiStatements=true", "autocommit=0"} {
		t.Run("with "+parameters, func(t *testing.T) {
			if parameters != "autocommit=0" {
				enginetest.Judge(t, engine(t, parameters), judged)
				return
			}
			e := engine(t, parameters)
			e.DB.SetMaxOpenConns(1)
			for _, text := range judged.Setup {
				if _, err := e.DB.Exec(text); err != nil {
					t.Fatal(err)
				}
			}
			e.Set(t, sqlguard.ReadOnly)
			if _, err := e.DB.Exec("SELECT f_w()"); !sqlguard.IsReadOnly(err) {
				t.Errorf("a function that writes: %v", err)
			}
			if _, err := e.DB.Exec("SELECT f_r(1)"); err != nil {
				t.Errorf("a function that reads: %v", err)
			}
		})
	}
}

func TestAnotherBeginEndsWhatMariaDBJudgesIn(t *testing.T) {
	e := engine(t, "")
	for _, text := range judged.Setup {
		if _, err := e.DB.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	before := e.Dump()
	e.Set(t, sqlguard.ReadOnly)
	for _, text := range []string{"BEGIN", "COMMIT", "ROLLBACK"} {
		tx, err := e.DB.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(text); err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec("SELECT f_w()")
		enginetest.Refused(t, "a function that writes, after "+text, err)
		enginetest.Refused(t, "the commit", tx.Commit())
	}
	if string(e.Dump()) != string(before) {
		t.Error("the database has changed")
	}
}

func TestQueriesWithArgumentsAreJudgedByMariaDB(t *testing.T) {
	e := engine(t, "")
	for _, text := range judged.Setup {
		if _, err := e.DB.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	e.Set(t, sqlguard.ReadOnly)
	for range 3 {
		var n int
		if err := e.DB.QueryRow("SELECT f_r(?)", 1).Scan(&n); err != nil || n != 3 {
			t.Errorf("a function that reads: %d, %v", n, err)
		}
		err := e.DB.QueryRow("SELECT f_w() + ?", 1).Scan(&n)
		if !sqlguard.IsReadOnly(err) {
			t.Errorf("a function that writes: %v", err)
		}
	}
}
