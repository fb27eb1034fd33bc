package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// policy says what becomes of writes while the site is read-only: the view
// counter is dropped, all else is refused.
var policy = sqlguard.Policy{Rules: []sqlguard.Rule{
	{Tables: []string{"talk_views"}, Action: sqlguard.Skip},
}}

// maxConnections is what one site takes of a server's.
const maxConnections = 20

// openStore sets the database up if it is new, and opens it behind the guard.
// With sqlguard.Default(), and without a policy, sql.Open("guarded-sqlite", …) does
// the same, and so do "guarded-pgx" and "guarded-mysql".
func openStore(ctx context.Context, where database, guard *sqlguard.Guard) (store, error) {
	if where.engine.open == nil {
		return store{}, errNoPostgres
	}
	if err := setUp(ctx, where); err != nil {
		return store{}, err
	}
	if err := guard.SetPolicy(policy); err != nil {
		return store{}, err
	}
	db, err := where.engine.open(where.source, guard)
	if err != nil {
		return store{}, fmt.Errorf("open database %s: %w", where.name, err)
	}
	db.SetMaxOpenConns(maxConnections)
	if err := db.PingContext(ctx); err != nil {
		return store{}, errors.Join(fmt.Errorf("open database %s: %w", where.name, err), db.Close())
	}
	return store{db, where.engine}, nil
}

// fileDatabase returns the database in a file.
func fileDatabase(path string) (database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return database{}, fmt.Errorf("find database %s: %w", path, err)
	}
	return database{engine: sqliteEngine, source: fileSource(path), name: path, file: path}, nil
}

// createFile makes a file where there is none, for its owner alone: the key that
// log ins are signed with will be in it. Of one that is there it finds out whether it can
// be written; SQLite would only say that it is unable to open it.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// fileSource returns the data source name of a database file, as a URI: a
// plain path with a question mark in it would be cut in two. Writers of the same file wait
// for one another for up to five seconds; a file that is not there is not made.
func fileSource(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive: file:///C:/…
	}
	u := url.URL{Scheme: "file", Path: path}
	return u.String() + "?mode=rw&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
}
