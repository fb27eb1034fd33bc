//lint:file-ignore SA1019 The driver documents a use of driver.Execer.

package mysql_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	gosql "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestADSNThatCannotBeUsedIsAnErrorAtOpening(t *testing.T) {
	for dsn, want := range map[string]string{
		"app:hunter2@tcp(localhost/app": "invalid DSN",
		"no slash":                      "invalid DSN",
		"app:hunter2@tcp(localhost)/app?rejectReadOnly=true":  "rejectReadOnly",
		"app:hunter2@tcp(localhost)/app?multiStatements=what": "invalid bool value",
	} {
		for name, open := range map[string]func() (*sql.DB, error){
			"sql.Open": func() (*sql.DB, error) { return sql.Open(mysql.Name, dsn) },
			"Open":     func() (*sql.DB, error) { return mysql.Open(dsn, nil) },
		} {
			db, err := open()
			if err == nil {
				db.Close()
				t.Errorf("%s accepts %q", name, dsn)
			} else if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error for %q is %v, want one that says %q, and no password", name, dsn, err, want)
			}
		}
	}
}

func TestSeveralStatementsAndResults(t *testing.T) {
	e := engine(t, "multiStatements=true")
	e.Set(t, sqlguard.ReadOnly)
	_, err := e.DB.Exec("SELECT 1; INSERT INTO u (a) VALUES (5)")
	enginetest.Refused(t, "a write behind a read", err)
	_, err = e.DB.Query("SELECT 1; INSERT INTO u (a) VALUES (5)")
	enginetest.Refused(t, "a write behind a read, queried", err)
	_, err = e.DB.Query("CALL two()")
	enginetest.Refused(t, "a procedure, of which no text says what it does", err)

	rows, err := e.DB.Query("SELECT 1; SELECT 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []int
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
			got = append(got, n)
		}
	}
	if fmt.Sprint(got) != "[1 2]" || rows.Err() != nil {
		t.Errorf("two queries in one text give %v, %v; want [1 2]", got, rows.Err())
	}
}

func TestTheDocumentedWayToAllResultsIsGuarded(t *testing.T) {
	e := engine(t, "multiStatements=true")
	conn, err := e.DB.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const text = "INSERT INTO u (a) VALUES (1); INSERT INTO u (a) VALUES (2), (3)"
	err = conn.Raw(func(c any) error {
		result, err := c.(sqldriver.Execer).Exec(text, nil)
		if err != nil {
			return err
		}
		all, ok := result.(gosql.Result)
		if !ok || fmt.Sprint(all.AllRowsAffected()) != "[1 2]" {
			t.Errorf("the result is %T, want the driver's own with [1 2] rows affected", result)
		}
		e.Set(t, sqlguard.ReadOnly)
		_, err = c.(sqldriver.Execer).Exec(text, nil)
		enginetest.Refused(t, "the same in read-only mode", err)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatCommitsInPassing(t *testing.T) {
	e := engine(t, "")
	ctx := context.Background()
	conn, err := e.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for begin, end := range map[string]string{"BEGIN": "/*!50000 COMMIT */", "SET autocommit = 0": "SET autocommit = 1"} {
		e.Set(t, sqlguard.Observe)
		for _, text := range []string{begin, "INSERT INTO u (a) VALUES (77)"} {
			if _, err := conn.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		e.Set(t, sqlguard.ReadOnly)
		_, err = conn.ExecContext(ctx, "INSERT INTO u (a) VALUES (78)")
		enginetest.Refused(t, "an insert", err)
		e.Set(t, sqlguard.Off)
		for _, text := range []string{"CREATE TABLE x (a int)", "BEGIN", end} {
			_, err = conn.ExecContext(ctx, text)
			enginetest.Refused(t, text+", with the mode off again", err)
		}
		for _, text := range []string{"ROLLBACK", "SET autocommit = 1"} {
			if _, err := conn.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	var n int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a >= 77").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows were committed (%v), want none", n, err)
	}
}

func TestArgumentsAreConvertedByTheDriver(t *testing.T) {
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	const high = uint64(1)<<63 + 1
	var got uint64
	if err := e.DB.QueryRow("SELECT CAST(? AS UNSIGNED)", high).Scan(&got); err != nil || got != high {
		t.Errorf("an unsigned number with its high bit set gives %d, %v", got, err)
	}
	_, err := e.DB.Query("SELECT ?", sql.Named("a", 1))
	if err == nil || errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("a named argument gives %v, want the driver's own error", err)
	}
}
