package orm

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/database/sqlite"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"github.com/quiescehq/quiesce/sqlguard"
)

var migrateLibraries = []library{
	migrateOn(onPostgreSQL, "guarded-pgx", migrateOnPostgreSQL), migrateOn(onMariaDB, "guarded-mysql", migrateOnMySQL),
}

//go:embed testdata/migrate/*.sql
var migrateFiles embed.FS

func migrateOn(e engine, guardedName string, over func(db *sql.DB, files fs.FS) (*migrate.Migrate, error)) library {
	use := func(db *sql.DB) (app, error) {
		files, err := fs.Sub(migrateFiles, "testdata/migrate")
		if err != nil {
			return app{}, err
		}
		m, err := over(db, files)
		if err != nil {
			return app{}, err
		}
		return migrateApp(m), nil
	}
	return library{name: "golang-migrate", module: "github.com/golang-migrate/migrate/v4", engine: e,
		guarded: func(dsn string) (app, error) {
			db, err := sql.Open(guardedName, dsn)
			if err != nil {
				return app{}, err
			}
			return use(db)
		},
		bare: openBare(e, use),
	}
}

func migrateOnPostgreSQL(db *sql.DB, migrations fs.FS) (*migrate.Migrate, error) {
	target, err := pgx.WithInstance(db, &pgx.Config{})
	if err != nil {
		return nil, err
	}
	return newMigrate(migrations, target)
}

func migrateOnMySQL(db *sql.DB, migrations fs.FS) (*migrate.Migrate, error) {
	target, err := mysql.WithInstance(db, &mysql.Config{})
	if err != nil {
		return nil, err
	}
	return newMigrate(migrations, target)
}

func newMigrate(migrations fs.FS, target database.Driver) (*migrate.Migrate, error) {
	files, err := iofs.New(migrations, ".")
	if err != nil {
		return nil, err
	}
	return migrate.NewWithInstance("iofs", files, "guarded", target)
}

func migrateApp(m *migrate.Migrate) app {
	return app{
		close: func() error { return errors.Join(m.Close()) },
		setUp: func(context.Context) error { return m.Migrate(1) },
		read: func(context.Context) (string, error) {
			version, dirty, err := m.Version()
			return fmt.Sprint(version, dirty), err
		},
		writes: []write{
			{name: "Up", swallowed: true, skipped: refused, run: func(context.Context) error { return m.Up() }},
			{name: "Steps(-1)", swallowed: true, skipped: refused, run: func(context.Context) error { return m.Steps(-1) }},
		},
	}
}

// TestMigratesDriverForSQLiteDoesNotStartInReadOnlyMode: it creates its table without looking
// whether that is there.
func TestMigratesDriverForSQLiteDoesNotStartInReadOnlyMode(t *testing.T) {
	db, err := sql.Open("guarded-sqlite", onSQLite.database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		_, err := sqlite.WithInstance(db, &sqlite.Config{})
		if err == nil || !strings.Contains(err.Error(), "quiesce: refused in read-only mode") {
			t.Errorf("it starts, or does not say why not: %v", err)
		}
	})
	if _, err := sqlite.WithInstance(db, &sqlite.Config{}); err != nil {
		t.Errorf("with the mode off it does not start: %v", err)
	}
}
