package orm

import (
	"context"
	"errors"
	"fmt"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/integration/orm/internal/sqlcpgx"
)

var sqlcPgxLibraries = []library{
	onPgx(library{name: "sqlc for pgx", generated: "internal/sqlcpgx/db.go"}, false, sqlcPgxApp),
	onPgx(library{name: "sqlc for pgx", generated: "internal/sqlcpgx/db.go"}, true, sqlcPgxApp),
}

func sqlcPgxApp(pool pgxPool, netted bool) app {
	q := sqlcpgx.New(pool)
	return app{
		setUp: runOn(pool, createNotes),
		read: func(ctx context.Context) (string, error) {
			notes, err := q.ListNotes(ctx)
			if err != nil {
				return "", err
			}
			text := fmt.Sprint(notes)
			q.NotesTitled(ctx, []string{"first", "copied"}).Query(func(_ int, found []sqlcpgx.Note, queried error) {
				text += fmt.Sprint(found)
				err = errors.Join(err, queried)
			})
			return text, err
		},
		writes: sqlcPgxWrites(pool, q, netted),
	}
}

func sqlcPgxWrites(pool pgxPool, q *sqlcpgx.Queries, netted bool) []write {
	none := skippedUnless(netted, "no rows in result set")
	silent := skippedUnless(netted, success)
	return []write{
		{name: ":one with RETURNING", skipped: none, run: func(ctx context.Context) error {
			_, err := q.AddNote(ctx, sqlcpgx.AddNoteParams{ID: 10, Title: "tenth"})
			return err
		}},
		{name: ":execrows", skipped: silent, run: func(ctx context.Context) error {
			_, err := q.RenameNote(ctx, sqlcpgx.RenameNoteParams{ID: 2, Title: "renamed"})
			return err
		}},
		// A COPY, which a rule skips that names this operation.
		{name: ":copyfrom", skipped: refused, run: func(ctx context.Context) error {
			_, err := q.CopyNotes(ctx, []sqlcpgx.CopyNotesParams{{ID: 11, Title: "copied"}, {ID: 12, Title: "copied"}})
			return err
		}},
		{name: ":batchexec", skipped: silent, run: func(ctx context.Context) (all error) {
			q.RenameNotes(ctx, []sqlcpgx.RenameNotesParams{{ID: 3, Title: "a"}, {ID: 2, Title: "b"}}).Exec(func(_ int, err error) {
				all = errors.Join(all, err)
			})
			return all
		}},
		{name: ":batchone with RETURNING", skipped: none, run: func(ctx context.Context) (all error) {
			q.PutNotes(ctx, []sqlcpgx.PutNotesParams{{ID: 13, Title: "a"}, {ID: 14, Title: "b"}}).QueryRow(func(_ int, _ sqlcpgx.Note, err error) {
				all = errors.Join(all, err)
			})
			return all
		}},
		// The net lets COMMIT pass, so only the recorder knows of it there.
		{name: "WithTx that ignores an error", skipped: silent, swallowed: netted, run: func(ctx context.Context) error {
			return jackc.BeginFunc(ctx, pool, func(tx jackc.Tx) error {
				_ = q.WithTx(tx).DeleteNote(ctx, 1)
				return nil
			})
		}},
		{name: ":exec", skipped: silent, run: func(ctx context.Context) error { return q.DeleteNote(ctx, 3) }},
	}
}
