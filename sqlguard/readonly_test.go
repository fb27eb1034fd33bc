package sqlguard_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	_ "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/sqlguard"
)

// aSQLiteReadOnlyError provokes the engine's own refusal.
func aSQLiteReadOnlyError(t *testing.T) error {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "db")+"?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec("CREATE TABLE t (a)")
	if err == nil {
		t.Fatal("the engine let a write through")
	}
	return err
}

func TestIsReadOnlyKnowsTheServersOwnErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"no error", nil, false},
		{"any other error", errors.New("read-only, it says"), false},
		{"the guard's", &sqlguard.BlockedError{}, true},
		{"the sentinel", sqlguard.ErrReadOnly, true},
		{"PostgreSQL's 25006", &pgconn.PgError{Code: "25006"}, true},
		{"another of PostgreSQL's", &pgconn.PgError{Code: "23505"}, false},
		{"MySQL's 1792", &mysql.MySQLError{Number: 1792}, true},
		{"MySQL's 1836", &mysql.MySQLError{Number: 1836}, true},
		{"MySQL's 1290 for read-only", &mysql.MySQLError{Number: 1290, Message: "The MySQL server is running with the --read-only option so it cannot execute this statement"}, true},
		{"MySQL's 1290 for another option", &mysql.MySQLError{Number: 1290, Message: "The MySQL server is running with the --secure-file-priv option so it cannot execute this statement"}, false},
		{"another of MySQL's", &mysql.MySQLError{Number: 1062}, false},
		{"SQLite's", aSQLiteReadOnlyError(t), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := sqlguard.IsReadOnly(tt.err); got != tt.want {
				t.Errorf("got %t for %v", got, tt.err)
			}
			if tt.err == nil {
				return
			}
			if got := sqlguard.IsReadOnly(fmt.Errorf("saving: %w", tt.err)); got != tt.want {
				t.Errorf("got %t for it wrapped", got)
			}
			if got := sqlguard.IsReadOnly(errors.Join(errors.New("other"), tt.err)); got != tt.want {
				t.Errorf("got %t for it joined", got)
			}
		})
	}
}

// stateError has a method that does not bear a nil pointer, as pgconn's.
type stateError struct{ code string }

func (e *stateError) Error() string    { return "test" }
func (e *stateError) SQLState() string { return e.code }

func TestANilPointerInAnErrorIsNoRefusal(t *testing.T) {
	var none *stateError
	if sqlguard.IsReadOnly(none) || !sqlguard.IsReadOnly(&stateError{"25006"}) {
		t.Error("a nil pointer is taken for a refusal, or an error with the state 25006 is not")
	}
}
