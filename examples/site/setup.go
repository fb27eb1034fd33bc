package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// schemaVersion is written into the database when all tables and their first rows are there.
const schemaVersion = 1

// setUp creates and seeds a database that does not exist yet, or is empty; one
// that does is only read.
//
// It works on a pool without a guard, so that the first start succeeds under
// READ_ONLY_MODE=true too. That is no hole in the mode: what the mode protects
// is the data of a site that is in use, and a database set up a moment ago has
// none. A deployment does the same: its migrations are run by the deployment,
// on a pool of their own, and not by the application that serves visitors.
func setUp(ctx context.Context, where database) (err error) {
	if where.file != "" {
		if err := createFile(where.file); err != nil {
			return fmt.Errorf("open database: %w; -db names the file", err)
		}
	}
	db, version, err := openBare(ctx, where)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	switch version {
	case schemaVersion:
		return nil
	case 0:
		return create(ctx, db, where, seed)
	}
	return fmt.Errorf("database %s has schema version %d, not %d; name another with -db", where.name, version, schemaVersion)
}

// openBare opens a database without a guard, and returns its schema's version too,
// which is 0 if it has no schema yet.
func openBare(ctx context.Context, where database) (_ *sql.DB, version int, err error) {
	db, err := sql.Open(where.engine.driver, where.source)
	if err != nil {
		return nil, 0, fmt.Errorf("open database %s: %w", where.name, err)
	}
	installed := 1
	if where.engine.installed != "" {
		err = db.QueryRowContext(ctx, where.engine.installed).Scan(&installed)
	}
	if err == nil && installed > 0 {
		err = db.QueryRowContext(ctx, where.engine.version).Scan(&version)
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open database %s: %w", where.name, err), db.Close())
	}
	return db, version, nil
}

// create makes the tables, and has them filled, in one transaction: a start
// that is interrupted leaves a database that the next start takes for a new one. On
// MySQL it leaves empty tables, which the next start does not touch.
func create(ctx context.Context, db *sql.DB, where database, fill func(context.Context, *sql.Tx, *engine) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("set up database %s, which must be empty: %w", where.name, err)
		}
	}()
	e := where.engine
	if e.before != "" {
		if _, err := db.ExecContext(ctx, e.before); err != nil {
			return err
		}
	}
	if e.ddlAlone {
		if err := createTables(ctx, db, e); err != nil {
			return err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // without effect after Commit
	if !e.ddlAlone {
		if err := createTables(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := fill(ctx, tx, e); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(e.stamp, schemaVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

// createTables makes the tables, on a pool or in a transaction.
func createTables(ctx context.Context, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, e *engine) error {
	for statement := range strings.SplitSeq(strings.TrimSpace(e.schema), ";\n") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
