package mysql_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
	"github.com/quiescehq/quiesce/sqlguard/mysql/internal/native"
)

// TestKnownFunctionsAreTheServersOwn asks servers for each function that the lists
// say they have built in. MySQL is asked only where QUIESCE_SUITES_MYSQL_DSN names one.
func TestKnownFunctionsAreTheServersOwn(t *testing.T) {
	t.Run("MariaDB", func(t *testing.T) { hasFunctions(t, testdb.MariaDB(t).DSN(""), mysql.OnBoth, mysql.OnMariaDB) })
	t.Run("MySQL", func(t *testing.T) {
		dsn := os.Getenv("QUIESCE_SUITES_MYSQL_DSN")
		if dsn == "" {
			t.Skip("QUIESCE_SUITES_MYSQL_DSN names no MySQL server")
		}
		hasFunctions(t, dsn, mysql.OnBoth, mysql.OnMySQL)
	})
}

func hasFunctions(t *testing.T, dsn string, lists ...string) {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, name := range strings.Fields(strings.Join(lists, " ")) {
		if ok, err := native.Has(ctx, conn, name); err != nil || !ok {
			t.Errorf("%s is listed, but the server has %v (error %v)", name, ok, err)
		}
	}
	if ok, err := native.Has(ctx, conn, "no_such_function"); ok || err != nil {
		t.Errorf("the server has a function that there is not (error %v)", err)
	}
}

func TestFunctionsThatDoMoreThanReadAreNotKnown(t *testing.T) {
	known := make(map[string]bool)
	for _, name := range mysql.KnownFunctions() {
		known[name] = true
	}
	for _, name := range strings.Fields("get_lock release_lock release_all_locks nextval setval default sys_exec keyring_key_store") {
		if known[name] {
			t.Errorf("%s counts as a reader", name)
		}
	}
	if !known["lower"] || !known["md5"] {
		t.Error("lower and md5 do not count as readers")
	}
}
