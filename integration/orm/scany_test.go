package orm

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/georgysavva/scany/v2/pgxscan"
	"github.com/georgysavva/scany/v2/sqlscan"
	jackc "github.com/jackc/pgx/v5"
)

var scanyLibraries = []library{
	scanyOn(onSQLite, "guarded-sqlite"), scanyOn(onPostgreSQL, "guarded-pgx"), scanyOn(onMariaDB, "guarded-mysql"),
}

func scanyOn(e engine, guardedName string) library {
	use := func(db *sql.DB) (app, error) { return scanyApp(db), nil }
	return library{name: "scany", module: "github.com/georgysavva/scany/v2", engine: e,
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

func scanyApp(db *sql.DB) app {
	return app{
		setUp: run(db, createNotes), close: db.Close,
		read: func(ctx context.Context) (string, error) {
			var notes []note
			err := sqlscan.Select(ctx, db, &notes, "SELECT id, title FROM notes ORDER BY id")
			return fmt.Sprint(notes), err
		},
		// scany reads, so its writes are those that return rows.
		writes: []write{
			{name: "Get of an INSERT … RETURNING", skipped: "no rows in result set", run: func(ctx context.Context) error {
				var added note
				return sqlscan.Get(ctx, db, &added, "INSERT INTO notes (id, title) VALUES (10, 'tenth') RETURNING id, title")
			}},
			{name: "Select of an INSERT … RETURNING", run: func(ctx context.Context) error {
				var added []note
				return sqlscan.Select(ctx, db, &added, "INSERT INTO notes (id, title) VALUES (11, 'a'), (12, 'b') RETURNING id, title")
			}},
		},
	}
}

var pgxscanLibraries = []library{
	onPgx(library{name: "scany, pgxscan", module: "github.com/georgysavva/scany/v2"}, false, pgxscanApp),
	onPgx(library{name: "scany, pgxscan", module: "github.com/georgysavva/scany/v2"}, true, pgxscanApp),
}

func pgxscanApp(pool pgxPool, netted bool) app {
	return app{
		setUp: runOn(pool, createNotes),
		read: func(ctx context.Context) (string, error) {
			var notes []note
			err := pgxscan.Select(ctx, pool, &notes, "SELECT id, title FROM notes ORDER BY id")
			return fmt.Sprint(notes), err
		},
		writes: []write{
			{name: "Get of an INSERT … RETURNING", skipped: skippedUnless(netted, "no rows in result set"), run: func(ctx context.Context) error {
				var added note
				return pgxscan.Get(ctx, pool, &added, "INSERT INTO notes (id, title) VALUES (10, 'tenth') RETURNING id, title")
			}},
			{name: "Select of an INSERT … RETURNING", skipped: skippedUnless(netted, success), run: func(ctx context.Context) error {
				var added []note
				return pgxscan.Select(ctx, pool, &added, "INSERT INTO notes (id, title) VALUES (11, 'a'), (12, 'b') RETURNING id, title")
			}},
			{name: "Get in a transaction that ignores its error", skipped: skippedUnless(netted, success), swallowed: netted,
				run: func(ctx context.Context) error {
					return jackc.BeginFunc(ctx, pool, func(tx jackc.Tx) error {
						var deleted note
						_ = pgxscan.Get(ctx, tx, &deleted, "DELETE FROM notes WHERE id = 1 RETURNING id, title")
						return nil
					})
				}},
		},
	}
}
