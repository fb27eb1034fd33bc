package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
)

// copyDatabase copies all rows of one database, as they are at one moment, into
// another that is empty, and prints the sums of what arrived. The engines may differ.
// Ids are kept, and the next one follows them; so is the key of log ins, which keeps
// everybody logged in. What is written to the first database meanwhile is not copied:
// close it for writing, and drain, before.
//
// Nothing is left in the second database where it fails, but for empty tables on MySQL.
// It takes no guard: it only reads the one, and nobody uses the other yet.
func copyDatabase(ctx context.Context, from, to database, out io.Writer) error {
	return readAll(ctx, from, func(source *sql.Tx) error {
		target, err := openEmpty(ctx, to)
		if err != nil {
			return err
		}
		var sums []*sum
		err = create(ctx, target, to, func(ctx context.Context, tx *sql.Tx, e *engine) error {
			for _, t := range tables {
				s, err := t.copy(ctx, source, tx, e)
				if err != nil {
					return err
				}
				sums = append(sums, s)
			}
			return nil
		})
		if err := errors.Join(err, target.Close()); err != nil {
			return err
		}
		for _, s := range sums {
			fmt.Fprintln(out, s)
		}
		return nil
	})
}

// readAll calls f with a transaction that sees the whole of a site as it is at
// one moment, and that cannot write.
func readAll(ctx context.Context, where database, f func(*sql.Tx) error) (err error) {
	db, version, err := openBare(ctx, where)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if version != schemaVersion {
		return fmt.Errorf("database %s has schema version %d, not %d; a site makes it when it starts", where.name, version, schemaVersion)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: where.engine.snapshot, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("read database %s: %w", where.name, err)
	}
	defer tx.Rollback()
	return f(tx)
}

// openEmpty opens a database that has no site in it.
func openEmpty(ctx context.Context, where database) (*sql.DB, error) {
	if where.file != "" {
		if err := createFile(where.file); err != nil {
			return nil, fmt.Errorf("open database: %w; -copy-to names the file", err)
		}
	}
	db, version, err := openBare(ctx, where)
	if err != nil {
		return nil, err
	}
	if version != 0 {
		return nil, errors.Join(fmt.Errorf("database %s has a site in it, and is left as it is; -copy-to takes an empty one", where.name), db.Close())
	}
	return db, nil
}

// copy copies a table and reads it back. Its sum is the same on both sides, or it fails.
func (t table) copy(ctx context.Context, from, to *sql.Tx, e *engine) (*sum, error) {
	query := "INSERT INTO " + t.name + " VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	insert, err := to.PrepareContext(ctx, e.bind(query))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", t.name, err)
	}
	defer insert.Close()
	sent := newSum(t)
	err = t.read(ctx, from, func(row []any) error {
		sent.add(row)
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return fmt.Errorf("write %s: %w", t.name, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if t.counted && e.moveIDs != "" {
		if _, err := to.ExecContext(ctx, fmt.Sprintf(e.moveIDs, t.name)); err != nil {
			return nil, fmt.Errorf("number %s: %w", t.name, err)
		}
	}
	arrived, err := t.sumUp(ctx, to)
	if err != nil {
		return nil, err
	}
	if arrived.String() != sent.String() {
		return nil, fmt.Errorf("the copy of %s is not the same: %d rows were sent and %d arrived, and their checksums differ", t.name, sent.rows, arrived.rows)
	}
	return arrived, nil
}
