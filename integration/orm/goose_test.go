package orm

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/quiescehq/quiesce/sqlguard"
)

var gooseLibraries = []library{
	gooseOn(onSQLite, "guarded-sqlite", goose.DialectSQLite3),
	gooseOn(onPostgreSQL, "guarded-pgx", goose.DialectPostgres),
	gooseOn(onMariaDB, "guarded-mysql", goose.DialectMySQL),
}

//go:embed testdata/goose/*.sql
var gooseFiles embed.FS

func gooseOn(e engine, guardedName string, dialect goose.Dialect) library {
	use := func(db *sql.DB) (app, error) {
		files, err := fs.Sub(gooseFiles, "testdata/goose")
		if err != nil {
			return app{}, err
		}
		provider, err := goose.NewProvider(dialect, db, files)
		if err != nil {
			return app{}, err
		}
		return gooseApp(provider), nil
	}
	return library{name: "goose", module: "github.com/pressly/goose/v3", engine: e,
		guarded: func(dsn string) (app, error) {
			if e.name == onPostgreSQL.name {
				return gooseByTheRecipe(dsn)
			}
			db, err := sql.Open(guardedName, dsn)
			if err != nil {
				return app{}, err
			}
			return use(db)
		},
		bare: openBare(e, use),
	}
}

func gooseByTheRecipe(dsn string) (app, error) {
	migrations, err := fs.Sub(gooseFiles, "testdata/goose")
	if err != nil {
		return app{}, err
	}
	provider, err := gooseOnPostgreSQL(dsn, migrations)
	if err != nil {
		return app{}, err
	}
	return gooseApp(provider), nil
}

func gooseOnPostgreSQL(dsn string, migrations fs.FS) (*goose.Provider, error) {
	db, err := sql.Open("guarded-pgx", dsn)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, migrations)
}

func gooseApp(provider *goose.Provider) app {
	return app{
		close: provider.Close,
		setUp: func(ctx context.Context) error {
			_, err := provider.UpTo(ctx, 1)
			return err
		},
		read: func(ctx context.Context) (string, error) {
			version, err := provider.GetDBVersion(ctx)
			if err != nil {
				return "", err
			}
			status, err := provider.Status(ctx)
			text := fmt.Sprint(version)
			for _, s := range status {
				text += " " + string(s.State)
			}
			return text, err
		},
		writes: []write{
			{name: "Up", skipped: refused, run: func(ctx context.Context) error {
				_, err := provider.Up(ctx)
				return err
			}},
			{name: "Down", skipped: refused, run: func(ctx context.Context) error {
				_, err := provider.Down(ctx)
				return err
			}},
		},
	}
}

func TestGooseMigratesWhereItIsToldToBypass(t *testing.T) {
	dsn := onPostgreSQL.database(t)
	a, err := gooseByTheRecipe(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if err := a.setUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		if err := a.writes[0].run(sqlguard.WithBypass(t.Context(), "the release of today")); err != nil {
			t.Errorf("Up: %v", err)
		}
	})
	if version, err := a.read(t.Context()); err != nil || version != "2 applied applied" {
		t.Errorf("after Up goose reads %q (%v)", version, err)
	}
}
