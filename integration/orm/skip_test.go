package orm

import (
	"database/sql"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/integration/orm/internal/sqlcdb"
	"github.com/quiescehq/quiesce/integration/orm/internal/sqlcpgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestGORMLeavesTheIDOfASkippedRowAtZero(t *testing.T) {
	db, err := openGORMOnMySQL(onMariaDB.database(t), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	a, err := gormApp(db)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if err := a.setUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	hold(t, sqlguard.ReadOnly, rows, func() {
		dropped := talk{Title: "dropped"}
		if err := db.Create(&dropped).Error; err != nil || dropped.ID != 0 {
			t.Errorf("Create gives the ID %d (%v), want 0", dropped.ID, err)
		}
	})
	kept := talk{Title: "kept"}
	if err := db.Create(&kept).Error; err != nil || kept.ID == 0 {
		t.Errorf("with the mode off Create gives the ID %d (%v)", kept.ID, err)
	}
}

func TestSQLCCountsNoSkippedRows(t *testing.T) {
	db, err := sql.Open("guarded-pgx", onPostgreSQL.database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := run(db, createNotes)(t.Context()); err != nil {
		t.Fatal(err)
	}
	rename := func(want int64) {
		t.Helper()
		n, err := sqlcdb.New(db).RenameNote(t.Context(), sqlcdb.RenameNoteParams{ID: 2, Title: "renamed"})
		if err != nil || n != want {
			t.Errorf(":execrows says %d (%v), want %d", n, err, want)
		}
	}
	hold(t, sqlguard.ReadOnly, rows, func() { rename(0) })
	rename(1)
}

func TestARuleThatNamesItSkipsSQLCsCopyFrom(t *testing.T) {
	pool, err := pgx.NewPool(t.Context(), onPostgreSQL.database(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := runOn(pool, createNotes)(t.Context()); err != nil {
		t.Fatal(err)
	}
	copies := func(want int64) {
		t.Helper()
		n, err := sqlcpgx.New(pool).CopyNotes(t.Context(), []sqlcpgx.CopyNotesParams{{ID: 11, Title: "copied"}})
		if err != nil || n != want {
			t.Errorf(":copyfrom says %d (%v), want %d", n, err, want)
		}
	}
	named := sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"notes"}, Ops: []sqlguard.Op{sqlguard.OpCopy}, Action: sqlguard.Skip}}}
	hold(t, sqlguard.ReadOnly, named, func() { copies(0) })
	copies(1)
}

// TestGooseTakesASkippedMigrationForDone is why the recipe warns of rules that skip.
func TestGooseTakesASkippedMigrationForDone(t *testing.T) {
	db, err := sql.Open("guarded-sqlite", onSQLite.database(t))
	if err != nil {
		t.Fatal(err)
	}
	migrations := fstest.MapFS{
		"1_notes.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE notes (id INTEGER);\n")},
		"2_a_note.sql": {Data: []byte("-- +goose Up\nINSERT INTO notes VALUES (1);\n")},
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations)
	if err != nil {
		t.Fatal(err)
	}
	defer provider.Close()
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	hold(t, sqlguard.ReadOnly, rows, func() {
		if done, err := provider.Up(t.Context()); err != nil || len(done) != 1 {
			t.Errorf("Up says %v (%v), want that one migration was done", done, err)
		}
	})
	if version, err := provider.GetDBVersion(t.Context()); err != nil || version != 1 {
		t.Errorf("the version is %d (%v), want 1", version, err)
	}
}
