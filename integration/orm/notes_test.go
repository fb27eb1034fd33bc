package orm

import (
	"context"
	"database/sql"
)

// createNotes makes the table of the programs that write their SQL themselves.
var createNotes = []string{
	"CREATE TABLE notes (id INTEGER PRIMARY KEY, title VARCHAR(100) NOT NULL)",
	"INSERT INTO notes (id, title) VALUES (1, 'first'), (2, 'second'), (3, 'third')",
}

// note is a row of it.
type note struct {
	ID    int    `db:"id"`
	Title string `db:"title"`
}

// execer is what runs SQL in most libraries.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// run returns a function that runs statements one after the other.
func run(db execer, statements []string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, text := range statements {
			if _, err := db.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	}
}

// openBare opens a pool that is not guarded.
func openBare(e engine, use func(db *sql.DB) (app, error)) func(dsn string) (app, error) {
	return func(dsn string) (app, error) {
		db, err := sql.Open(e.bare, dsn)
		if err != nil {
			return app{}, err
		}
		return use(db)
	}
}
