package mysql_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// writesIn are texts that the server reads in two ways, by its sql_mode, and that write
// a row in one of them.
var writesIn = map[string][]string{
	"NO_BACKSLASH_ESCAPES": {
		`SELECT 'a\'; INSERT INTO u (a) VALUES (77); -- '`,
		`SELECT "a\"; INSERT INTO u (a) VALUES (77); -- "`,
	},
	"ANSI_QUOTES": {
		`SELECT 1 AS "a\"; INSERT INTO u (a) VALUES (77); -- "`,
	},
	"": {
		`SELECT 'a\'', 1; INSERT INTO u (a) VALUES (77); -- '`,
		`SELECT '\\'; INSERT INTO u (a) VALUES (77); -- '`,
		`SELECT "a\"", 1; INSERT INTO u (a) VALUES (77); -- "`,
	},
}

// readsIn are texts with quotes that read in every way that the server may read them.
var readsIn = []string{
	`SELECT 'it''s'`, "SELECT `a` FROM t", `SELECT 'a "quoted" word'`, `SELECT 'a\\b'`, `SELECT 'a\nb'`,
	`SELECT 'a; INSERT INTO u (a) VALUES (77)'`, `SELECT "a" FROM t`, `SELECT a AS "it's" FROM t`, `SELECT '' ''`,
}

func TestATextIsRefusedWhereEitherReadingOfItsQuotesWrites(t *testing.T) {
	e := engine(t, "multiStatements=true")
	var sqlMode string
	if err := e.DB.QueryRow("SELECT @@sql_mode").Scan(&sqlMode); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"} {
		t.Run("sql_mode "+mode, func(t *testing.T) {
			conn, err := e.DB.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			set := func(to string) {
				t.Helper()
				if _, err := conn.ExecContext(ctx, fmt.Sprintf("SET sql_mode = '%s'", to)); err != nil {
					t.Fatal(err)
				}
			}
			e.Set(t, sqlguard.Off)
			set(sqlMode + "," + mode)
			defer set(sqlMode)
			quotes(t, e, conn, mode)
		})
	}
}

// The same where the DSN sets the session up, and where that happens under the guard.
func TestQuotesInASessionThatWasSetUpOtherwise(t *testing.T) {
	for _, mode := range []string{"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"} {
		t.Run("by the DSN, "+mode, func(t *testing.T) {
			e := engine(t, "multiStatements=true&sql_mode=%27"+mode+"%27")
			conn, err := e.DB.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			quotes(t, e, conn, mode)
		})
		t.Run("in read-only mode, "+mode, func(t *testing.T) {
			e := engine(t, "multiStatements=true")
			e.Set(t, sqlguard.ReadOnly)
			conn, err := e.DB.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.ExecContext(ctx, fmt.Sprintf("SET SESSION sql_mode = '%s'", mode)); err != nil {
				t.Fatal(err)
			}
			quotes(t, e, conn, mode)
		})
	}
}

// quotes demands of a connection in a sql_mode that what writes in any mode is refused,
// and that it was right to do so in this one; and that reads pass.
func quotes(t *testing.T, e *enginetest.Engine, conn *sql.Conn, mode string) {
	t.Helper()
	defer e.Set(t, sqlguard.Off)
	count := func() (n int) {
		t.Helper()
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM u WHERE a = 77").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, text := range writesIn[mode] {
		e.Set(t, sqlguard.Off)
		before := count()
		if _, err := conn.ExecContext(ctx, text); err != nil || count() != before+1 {
			t.Errorf("with the mode off, %s gives %v and wrote %d rows; want 1", text, err, count()-before)
		}
	}
	e.Set(t, sqlguard.ReadOnly)
	before := count()
	for _, texts := range writesIn {
		for _, text := range texts {
			_, err := conn.ExecContext(ctx, text)
			enginetest.Refused(t, text, err)
			rows, err := conn.QueryContext(ctx, text)
			enginetest.RefusedRows(t, text+", queried", rows, err)
		}
	}
	for _, text := range readsIn {
		if _, err := conn.ExecContext(ctx, text); sqlguard.IsReadOnly(err) {
			t.Errorf("a read is refused: %s: %v", text, err)
		}
	}
	if n := count() - before; n != 0 {
		t.Errorf("%d rows were written", n)
	}
}
