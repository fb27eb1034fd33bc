package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

// ctx is what nothing is cancelled by.
var ctx = context.Background()

// What modernc.org/sqlite documents and tests must hold through the guard.
func TestTheGuardedDriverGivesWhatModerncDoes(t *testing.T) {
	enginetest.Transparent(t, pools(t), slices.Concat(values, statements, sessions))
}

// pools opens pools on a bare and on a guarded database, which hold the same.
func pools(t *testing.T) enginetest.Pools {
	t.Helper()
	folder := t.TempDir()
	files := map[bool]string{false: filepath.Join(folder, "a.db"), true: filepath.Join(folder, "b.db")}
	for _, file := range files {
		db := open(t, file, nil)
		for _, text := range schema {
			if _, err := db.Exec(text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		db.Close()
	}
	return enginetest.Pools{
		Open: func(t testing.TB, parameters string, g *sqlguard.Guard) *sql.DB {
			return open(t, "file:"+files[g != nil]+"?"+parameters, g)
		},
	}
}

// open opens a pool that g guards, or a bare one.
func open(t testing.TB, dsn string, g *sqlguard.Guard) *sql.DB {
	t.Helper()
	var db *sql.DB
	var err error
	if g == nil {
		db, err = sql.Open("sqlite", dsn)
	} else {
		db, err = sqlite.Open(dsn, g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db
}
