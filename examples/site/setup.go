package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // the driver "sqlite", which no guard is around
)

//go:embed schema.sql
var schema string

// schemaVersion is kept in SQLite's user_version, which is 0 in a new file.
const schemaVersion = 1

// setUp creates and seeds a database that does not exist yet; one that does is
// only read.
//
// It works on a pool without a guard, so that the first start succeeds under
// READ_ONLY_MODE=true too. That is no hole in the mode: what the mode protects
// is the data of a site that is in use, and a file created a moment ago has
// none. A deployment does the same: its migrations are run by the deployment,
// on a pool of their own, and not by the application that serves visitors.
func setUp(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
		if err := create(ctx, db); err != nil {
			return fmt.Errorf("set up database %s: %w", path, err)
		}
		return nil
	}
	return fmt.Errorf("database %s has schema version %d, not %d; name another file with -db", path, version, schemaVersion)
}

// create makes the tables and the first rows in one transaction: a start that
// is interrupted leaves a file that the next start takes for a new one.
func create(ctx context.Context, db *sql.DB) error {
	// Readers do not wait for the writer with a write-ahead log. The setting is
	// kept in the file, and cannot be made within a transaction.
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // without effect after Commit
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails, by its documentation
	if _, err := tx.ExecContext(ctx, "INSERT INTO session_key (id, key) VALUES (1, ?)", key); err != nil {
		return err
	}
	if err := seed(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return err
	}
	return tx.Commit()
}
