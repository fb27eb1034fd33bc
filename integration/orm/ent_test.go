package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	gomysql "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/stdlib"
	modernc "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/integration/orm/internal/entdb"
	enttalk "github.com/quiescehq/quiesce/integration/orm/internal/entdb/talk"
	"github.com/quiescehq/quiesce/sqlguard"
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
	err = errors.Join(err,
		driver.Register("mysql-guarded", &gomysql.MySQLDriver{}, mysql.Config(nil)),
		driver.Register("sqlite3-guarded", &modernc.Driver{}, sqlite.Config(nil)),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		e              engine
		known, unknown string
	}{
		{onPostgreSQL, "postgres-guarded", "guarded-pgx"},
		{onMariaDB, "mysql-guarded", "guarded-mysql"},
		{onSQLite, "sqlite3-guarded", "guarded-sqlite"},
	} {
		t.Run(test.e.name, func(t *testing.T) {
			dsn := test.e.database(t)
			if err := entCreates(t, test.known, dsn); err != nil {
				t.Errorf("under a name that begins with the dialect's: %v", err)
			}
			if err := entCreates(t, test.unknown, dsn); err == nil {
				t.Errorf("ent knows the dialect of %s, so it needs no recipe", test.unknown)
			}
			if _, err := entdb.Open(test.unknown, dsn); err == nil {
				t.Errorf("the generated Open takes %s, so it needs no recipe", test.unknown)
			}
			hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
				drv, err := entsql.Open(test.known, dsn)
				if err != nil {
					t.Fatal(err)
				}
				client := entdb.NewClient(entdb.Driver(drv))
				defer client.Close()
				if err := client.Talk.Create().SetTitle("refused").Exec(t.Context()); !errors.Is(err, sqlguard.ErrReadOnly) {
					t.Errorf("under %s, Create in read-only mode: %v", test.known, err)
				}
			})
		})
	}
}

// entCreates opens ent by a driver's name, and has it create its schema.
func entCreates(t *testing.T, name, dsn string) error {
	t.Helper()
	drv, err := entsql.Open(name, dsn)
	if err != nil {
		t.Fatal(err)
	}
	client := entdb.NewClient(entdb.Driver(drv))
	defer client.Close()
	return client.Schema.Create(t.Context())
}
