package orm

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/database/sqlite"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

var migrateLibraries = []library{
	migrateOn(onSQLite, "guarded-sqlite", migrateOnSQLite),
	migrateOn(onPostgreSQL, "guarded-pgx", migrateOnPostgreSQL),
	migrateOn(onMariaDB, "guarded-mysql", migrateOnMySQL),
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
		startRefused: e.name == onSQLite.name, // its driver creates its table without looking whether that is there
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

func migrateOnSQLite(db *sql.DB, migrations fs.FS) (*migrate.Migrate, error) {
	target, err := sqlite.WithInstance(db, &sqlite.Config{})
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
