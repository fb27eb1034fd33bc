package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

// policy says what becomes of writes while the site is read-only: the view
// counter is dropped, all else is refused.
var policy = sqlguard.Policy{Rules: []sqlguard.Rule{
	{Tables: []string{"talk_views"}, Action: sqlguard.Skip},
}}

// openDatabase sets the database up if it is new, and opens it behind the guard.
// With sqlguard.Default(), and without a policy, sql.Open("guarded-sqlite", …) does
// the same.
func openDatabase(ctx context.Context, path string, guard *sqlguard.Guard) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find database %s: %w", path, err)
	}
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("open database: %w; -db names the file", err)
	}
	if err := setUp(ctx, path); err != nil {
		return nil, err
	}
	if err := guard.SetPolicy(policy); err != nil {
		return nil, err
	}
	db, err := sqlite.Open(dataSource(path), guard)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), db.Close())
	}
	return db, nil
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

// dataSource returns the data source name of a database file, as a URI: a
// plain path with a question mark in it would be cut in two. Writers of the same file wait
// for one another for up to five seconds.
func dataSource(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive: file:///C:/…
	}
	u := url.URL{Scheme: "file", Path: path}
	return u.String() + "?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
}
