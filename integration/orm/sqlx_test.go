package orm

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
)

var sqlxLibraries = []library{
	sqlxOn(onSQLite, func(dsn string) (*sqlx.DB, error) { return sqlx.Open("guarded-sqlite", dsn) }),
	sqlxOn(onPostgreSQL, sqlxOnPostgreSQL),
	sqlxOn(onMariaDB, func(dsn string) (*sqlx.DB, error) { return sqlx.Open("guarded-mysql", dsn) }),
}

func sqlxOn(e engine, open func(dsn string) (*sqlx.DB, error)) library {
	return library{name: "sqlx", module: "github.com/jmoiron/sqlx", engine: e,
		guarded: func(dsn string) (app, error) {
			db, err := open(dsn)
			if err != nil {
				return app{}, err
			}
			return sqlxApp(db), nil
		},
		bare: openBare(e, func(db *sql.DB) (app, error) { return sqlxApp(sqlx.NewDb(db, e.bare)), nil }),
	}
}

func sqlxOnPostgreSQL(dsn string) (*sqlx.DB, error) {
	sqlx.BindDriver("guarded-pgx", sqlx.DOLLAR)
	return sqlx.Open("guarded-pgx", dsn)
}

func sqlxApp(db *sqlx.DB) app {
	return app{
		setUp: run(db, createNotes), close: db.Close,
		read: func(ctx context.Context) (string, error) {
			var notes []note
			query, args, err := sqlx.In("SELECT id, title FROM notes WHERE id IN (?) ORDER BY id", []int{1, 2, 3, 10, 11, 12})
			if err != nil {
				return "", err
			}
			err = db.SelectContext(ctx, &notes, db.Rebind(query), args...)
			return fmt.Sprint(notes), err
		},
		writes: sqlxWrites(db),
	}
}

func sqlxWrites(db *sqlx.DB) []write {
	return []write{
		{name: "NamedExec", run: func(ctx context.Context) error {
			_, err := db.NamedExecContext(ctx, "INSERT INTO notes (id, title) VALUES (:id, :title)", note{10, "named"})
			return err
		}},
		{name: "NamedExec of a slice", run: func(ctx context.Context) error {
			_, err := db.NamedExecContext(ctx, "INSERT INTO notes (id, title) VALUES (:id, :title)", []note{{11, "a"}, {12, "b"}})
			return err
		}},
		{name: "PrepareNamed", run: func(ctx context.Context) error {
			stmt, err := db.PrepareNamedContext(ctx, "UPDATE notes SET title = :title WHERE id = :id")
			if err != nil {
				return err
			}
			defer stmt.Close()
			_, err = stmt.ExecContext(ctx, note{2, "prepared"})
			return err
		}},
		{name: "MustExec", run: func(ctx context.Context) (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = p.(error)
				}
			}()
			db.MustExecContext(ctx, db.Rebind("UPDATE notes SET title = ? WHERE id = ?"), "must", 3)
			return nil
		}},
		{name: "Commit after an ignored error", run: func(ctx context.Context) error {
			tx, err := db.BeginTxx(ctx, nil)
			if err != nil {
				return err
			}
			_, _ = tx.ExecContext(ctx, tx.Rebind("DELETE FROM notes WHERE id = ?"), 1)
			return tx.Commit()
		}},
		{name: "CREATE TABLE", skipped: refused, run: run(db, []string{"CREATE TABLE more (id INTEGER)"})},
	}
}

// TestSQLXNeedsToBeToldOfThePlaceholders shows why the recipe has the names of the drivers.
func TestSQLXNeedsToBeToldOfThePlaceholders(t *testing.T) {
	db, err := sql.Open("guarded-pgx", onPostgreSQL.database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	untold := sqlx.NewDb(db, "guarded-postgres")
	if err := untold.Get(&n, untold.Rebind("SELECT CAST(? AS int)"), 1); err == nil {
		t.Error("sqlx knows the placeholders of a driver's name that nobody has told it of")
	}
	told := sqlx.NewDb(db, "pgx")
	if err := told.Get(&n, told.Rebind("SELECT CAST(? AS int)"), 1); err != nil {
		t.Error(err)
	}
}
