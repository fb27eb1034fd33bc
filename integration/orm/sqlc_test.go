package orm

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/integration/orm/internal/sqlcdb"
	"github.com/quiescehq/quiesce/integration/orm/internal/sqlcpgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

var sqlcLibraries = []library{
	sqlcOn("sqlc", func(db *sql.DB) func(context.Context) (*sqlcdb.Queries, error) {
		return func(context.Context) (*sqlcdb.Queries, error) { return sqlcdb.New(db), nil }
	}),
	sqlcOn("sqlc, Prepare at start", func(db *sql.DB) func(context.Context) (*sqlcdb.Queries, error) {
		return func(ctx context.Context) (*sqlcdb.Queries, error) { return prepareSQLC(ctx, db) }
	}),
}

func prepareSQLC(ctx context.Context, db *sql.DB) (*sqlcdb.Queries, error) {
	return sqlcdb.Prepare(ctx, db)
}

func sqlcOn(name string, queries func(db *sql.DB) func(context.Context) (*sqlcdb.Queries, error)) library {
	use := func(db *sql.DB) (app, error) { return sqlcApp(db, queries(db)), nil }
	return library{name: name, generated: "internal/sqlcdb/db.go", engine: onPostgreSQL,
		guarded: func(dsn string) (app, error) {
			db, err := sql.Open("guarded-pgx", dsn)
			if err != nil {
				return app{}, err
			}
			return use(db)
		},
		bare: openBare(onPostgreSQL, use),
	}
}

func sqlcApp(db *sql.DB, start func(context.Context) (*sqlcdb.Queries, error)) app {
	q := &sqlcdb.Queries{}
	return app{
		setUp: run(db, createNotes),
		start: func(ctx context.Context) (err error) {
			q, err = start(ctx)
			return err
		},
		close: db.Close,
		read: func(ctx context.Context) (string, error) {
			notes, err := q.ListNotes(ctx)
			return fmt.Sprint(notes), err
		},
		writes: sqlcWrites(db, func() *sqlcdb.Queries { return q }),
	}
}

func sqlcWrites(db *sql.DB, queries func() *sqlcdb.Queries) []write {
	return []write{
		{name: ":one with RETURNING", skipped: "sql: no rows in result set", run: func(ctx context.Context) error {
			_, err := queries().AddNote(ctx, sqlcdb.AddNoteParams{ID: 10, Title: "tenth"})
			return err
		}},
		{name: ":execrows", run: func(ctx context.Context) error {
			_, err := queries().RenameNote(ctx, sqlcdb.RenameNoteParams{ID: 2, Title: "renamed"})
			return err
		}},
		{name: "WithTx that ignores an error", run: func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			_ = queries().WithTx(tx).DeleteNote(ctx, 1)
			return tx.Commit()
		}},
		{name: ":exec", run: func(ctx context.Context) error { return queries().DeleteNote(ctx, 3) }},
	}
}

// TestSQLCsFlavourForPgxIsNotReachedByADatabaseSQLDriver shows what the recipe warns of: the
// code that sqlc generates for pgx holds pgx's own pool, of which the guarded driver knows nothing.
func TestSQLCsFlavourForPgxIsNotReachedByADatabaseSQLDriver(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), onPostgreSQL.database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, text := range createNotes {
		if _, err := pool.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	q := sqlcpgx.New(pool)
	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		if _, err := q.AddNote(t.Context(), sqlcpgx.AddNoteParams{ID: 10, Title: "tenth"}); err != nil {
			t.Errorf("an INSERT by pgx's own pool: %v", err)
		}
		if _, err := q.CopyNotes(t.Context(), []sqlcpgx.CopyNotesParams{{ID: 11, Title: "copied"}}); err != nil {
			t.Errorf("a COPY by pgx's own pool: %v", err)
		}
	})
	notes, err := q.ListNotes(t.Context())
	if err != nil || len(notes) != 5 {
		t.Errorf("after writing through pgx's own pool there are %d notes (%v), want 5", len(notes), err)
	}
}
