package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// version is that of the tables. A store never changes those of another version.
const version = 1

// tables are made in this order. The row of the mode comes last, so a store that has it has them all.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS {p}mode (id INTEGER NOT NULL PRIMARY KEY, version INTEGER NOT NULL,
		state VARCHAR(16) NOT NULL, epoch BIGINT NOT NULL, since BIGINT NOT NULL, record {text} NOT NULL){options}`,
	`CREATE TABLE IF NOT EXISTS {p}instance (id {key} NOT NULL PRIMARY KEY, lease {key} NOT NULL, ttl BIGINT NOT NULL,
		registered BIGINT NOT NULL, seen BIGINT NOT NULL, epoch BIGINT NOT NULL, record {text} NOT NULL, report {text} NOT NULL){options}`,
	`CREATE TABLE IF NOT EXISTS {p}audit (id {serial}, at BIGINT NOT NULL, record {text} NOT NULL){options}`,
	`CREATE TABLE IF NOT EXISTS {p}report (id {key} NOT NULL PRIMARY KEY, saved BIGINT NOT NULL, record {text} NOT NULL){options}`,
	`INSERT INTO {p}mode (id, version, state, epoch, since, record)
		SELECT first.id, ?, 'open', 1, {now}, ? FROM (SELECT 1 AS id) AS first
		WHERE NOT EXISTS (SELECT 1 FROM {p}mode AS present WHERE present.id = first.id)`,
}

// Init makes the tables where they are not there yet, with a fleet that is open. It changes nothing that is
// there, also if two run at once. It fails with an ErrNoSchema if there are tables of another version.
func (s *Store) Init(ctx context.Context) error {
	first, err := encode(fleet.Mode{State: fleet.Open})
	if err != nil {
		return err
	}
	// PostgreSQL's CREATE TABLE IF NOT EXISTS fails if another one is at it, so one waits for the other.
	run := s.call
	if s.dialect.name == Postgres {
		run = s.transaction
	}
	err = run(ctx, "init", func(q querier) error {
		if s.dialect.name == Postgres {
			if _, err := q.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtext($1))", s.prefix); err != nil {
				return err
			}
		}
		if missing, err := s.missing(ctx, q); err != nil || !missing {
			return err
		}
		for _, text := range tables[:len(tables)-1] {
			if _, err := q.ExecContext(ctx, s.sql(text)); err != nil {
				return err
			}
		}
		_, err := q.ExecContext(ctx, s.sql(tables[len(tables)-1]), version, first)
		if another(err) { // was faster
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.Check(ctx)
}

// another reports whether a row was there already: MySQL's ER_DUP_ENTRY. The other two have a lock by then.
func another(err error) bool { return err != nil && number(err) == 1062 }

// missing reports whether the table of the mode is not there, or is empty.
func (s *Store) missing(ctx context.Context, q querier) (bool, error) {
	name := s.prefix + "mode"
	arguments := []any{name}
	if s.dialect.name == MySQL {
		arguments = []any{name, name, name}
	}
	var n int
	if err := q.QueryRowContext(ctx, s.sql(s.dialect.exists), arguments...).Scan(&n); err != nil || n == 0 {
		return true, err
	}
	err := q.QueryRowContext(ctx, s.sql("SELECT version FROM {p}mode WHERE id = 1")).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}

// Check reports whether the tables are there and of this version. If not it returns an ErrNoSchema, which
// names the command that makes them. It changes nothing.
func (s *Store) Check(ctx context.Context) error {
	return s.call(ctx, "check", func(q querier) error {
		missing, err := s.missing(ctx, q)
		if err != nil {
			return err
		}
		if missing {
			return fmt.Errorf("there are no tables %s…: run `quiesce init` first: %w", s.prefix, fleet.ErrNoSchema)
		}
		_, err = s.readMode(ctx, q, "")
		return err
	})
}

// Tables returns the names of the tables as "schema.name", or "database.name" on MySQL: what is written while
// a fleet is closed, too. SQLite's have no schema.
func (s *Store) Tables(ctx context.Context) ([]string, error) {
	schema, rest, named := strings.Cut(s.prefix, ".")
	if !named {
		rest = s.prefix
		if query := s.dialect.schema; query != "" {
			err := s.call(ctx, "tables", func(q querier) error { return q.QueryRowContext(ctx, query).Scan(&schema) })
			if err != nil {
				return nil, err
			}
		}
	}
	var names []string
	for _, name := range []string{"mode", "instance", "audit", "report"} {
		name = rest + name
		if named || s.dialect.schema != "" {
			name = schema + "." + name
		}
		names = append(names, name)
	}
	return names, nil
}
