package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/integration/orm/internal/entdb"
	enttalk "github.com/quiescehq/quiesce/integration/orm/internal/entdb/talk"
)

var entLibraries = []library{
	entOn(onSQLite, dialect.SQLite, entWith("guarded-sqlite", dialect.SQLite)),
	entOn(onPostgreSQL, dialect.Postgres, entOnPostgreSQL),
	entOn(onMariaDB, dialect.MySQL, entWith("guarded-mysql", dialect.MySQL)),
}

func entOn(e engine, dialectName string, open func(dsn string) (*entdb.Client, error)) library {
	created := outcome("unexpected number of columns: 0") // by INSERT … RETURNING
	if dialectName == dialect.MySQL {
		created = success
	}
	return library{name: "ent", module: "entgo.io/ent", engine: e,
		guarded: func(dsn string) (app, error) {
			client, err := open(dsn)
			if err != nil {
				return app{}, err
			}
			return entApp(client, created), nil
		},
		bare: openBare(e, func(db *sql.DB) (app, error) {
			return entApp(entdb.NewClient(entdb.Driver(entsql.OpenDB(dialectName, db))), created), nil
		}),
	}
}

func entOnPostgreSQL(dsn string) (*entdb.Client, error) {
	db, err := sql.Open("guarded-pgx", dsn)
	if err != nil {
		return nil, err
	}
	return entdb.NewClient(entdb.Driver(entsql.OpenDB(dialect.Postgres, db))), nil
}

// entWith is the same for another engine.
func entWith(driverName, dialectName string) func(dsn string) (*entdb.Client, error) {
	return func(dsn string) (*entdb.Client, error) {
		db, err := sql.Open(driverName, dsn)
		if err != nil {
			return nil, err
		}
		return entdb.NewClient(entdb.Driver(entsql.OpenDB(dialectName, db))), nil
	}
}

func entApp(client *entdb.Client, created outcome) app {
	titled := func(title string) *entdb.TalkCreate { return client.Talk.Create().SetTitle(title) }
	return app{
		close: client.Close,
		setUp: func(ctx context.Context) error {
			return errors.Join(client.Schema.Create(ctx),
				client.Talk.CreateBulk(titled("first"), titled("second"), titled("third"), titled("fourth")).Exec(ctx))
		},
		// Its own check of the schema reads only.
		start: func(ctx context.Context) error { return client.Schema.Create(ctx) },
		read: func(ctx context.Context) (string, error) {
			talks, err := client.Talk.Query().Order(enttalk.ByID()).All(ctx)
			return fmt.Sprint(talks), err
		},
		writes: entWrites(client, created),
	}
}

func entWrites(client *entdb.Client, created outcome) []write {
	titled := func(title string) *entdb.TalkCreate { return client.Talk.Create().SetTitle(title) }
	return []write{
		{name: "Create", skipped: created, run: func(ctx context.Context) error { return titled("new").Exec(ctx) }},
		{name: "CreateBulk", run: func(ctx context.Context) error {
			return client.Talk.CreateBulk(titled("a"), titled("b")).Exec(ctx)
		}},
		{name: "Update", run: func(ctx context.Context) error {
			return client.Talk.Update().Where(enttalk.Title("second")).AddStars(1).Exec(ctx)
		}},
		{name: "UpdateOneID", run: func(ctx context.Context) error {
			return client.Talk.UpdateOneID(3).AddStars(2).Exec(ctx)
		}},
		{name: "DeleteOneID", skipped: "talk not found", run: func(ctx context.Context) error { return client.Talk.DeleteOneID(4).Exec(ctx) }},
		{name: "Tx that ignores an error", run: func(ctx context.Context) error {
			tx, err := client.Tx(ctx)
			if err != nil {
				return err
			}
			_, _ = tx.Talk.Delete().Where(enttalk.ID(1)).Exec(ctx)
			return tx.Commit()
		}},
	}
}

// TestEntKnowsADialectByTheBeginningOfADriversName shows the other recipe: a name that
// begins with ent's own name of the dialect.
func TestEntKnowsADialectByTheBeginningOfADriversName(t *testing.T) {
	err := driver.Register("postgres-guarded", stdlib.GetDefaultDriver(), pgx.Config(nil))
	if err != nil {
		t.Fatal(err)
	}
	dsn := onPostgreSQL.database(t)
	drv, err := entsql.Open("postgres-guarded", dsn)
	if err != nil {
		t.Fatal(err)
	}
	client := entdb.NewClient(entdb.Driver(drv))
	defer client.Close()
	if err := client.Schema.Create(t.Context()); err != nil {
		t.Errorf("under a name that begins with postgres: %v", err)
	}
	other, err := entsql.Open("guarded-pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	unknown := entdb.NewClient(entdb.Driver(other))
	defer unknown.Close()
	if err := unknown.Schema.Create(t.Context()); err == nil {
		t.Error("ent knows the dialect of guarded-pgx, so it needs no recipe")
	}
	if _, err := entdb.Open("guarded-pgx", dsn); err == nil {
		t.Error("the generated Open takes guarded-pgx, so it needs no recipe")
	}
}
