package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// The names of the dialects.
const (
	Postgres = "postgres"
	MySQL    = "mysql" // and MariaDB
	SQLite   = "sqlite"
)

// Config says where the records are.
type Config struct {
	// DB is a pool of the store's own, which [New] limits to one connection. It must not be guarded: in a
	// fleet that is closed, nobody could open it again.
	DB *sql.DB
	// Dialect is Postgres, MySQL or SQLite.
	Dialect string
	// Prefix is what the names of the tables begin with; it may name a schema (PostgreSQL) or
	// database (MySQL) before a dot. If empty, "quiesce_". Two fleets in one database have two prefixes.
	Prefix string
	// Hints, if not nil, is readable after the record may have changed: [Store.Changed].
	Hints <-chan struct{}
}

// Store keeps the records of a fleet in a SQL database. It is a [fleet.Coordinator].
type Store struct {
	db      *sql.DB
	hints   <-chan struct{}
	dialect dialect
	prefix  string
	fill    *strings.Replacer

	// last is the mode that this store read last, by which MySQL's heartbeats are conditional.
	last atomic.Pointer[modeRow]
}

var _ fleet.Coordinator = (*Store)(nil)

// prefixes are what needs no quotes, and leaves room for the names that follow.
var prefixes = regexp.MustCompile(`^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,39}$`)

// New returns the store in a database. It does not connect; the tables may not be there yet. It fails, naming the
// field, if the configuration is not complete or the pool is guarded.
func New(c Config) (*Store, error) {
	if c.DB == nil {
		return nil, errors.New("sqlstore: the field Config.DB must not be nil")
	}
	d, ok := dialects[c.Dialect]
	if !ok {
		return nil, fmt.Errorf("sqlstore: the field Config.Dialect must be postgres, mysql or sqlite, not %q", c.Dialect)
	}
	if c.Prefix == "" {
		c.Prefix = "quiesce_"
	}
	if !prefixes.MatchString(c.Prefix) {
		return nil, fmt.Errorf("sqlstore: the field Config.Prefix must be at most 40 lower-case letters, digits and underscores, "+
			"with a schema and a dot before them or without, not %q", c.Prefix)
	}
	if guarded(c.DB.Driver()) {
		return nil, errors.New("sqlstore: the field Config.DB is a guarded pool: once writing is closed, nobody could open it again; open one with the bare driver")
	}
	c.DB.SetMaxOpenConns(1)
	s := &Store{db: c.DB, hints: c.Hints, dialect: d, prefix: c.Prefix}
	s.fill = strings.NewReplacer("{p}", c.Prefix, "{channel}", s.Channel(), "{now}", d.now, "{start}", cmp.Or(d.before, d.now), "{greatest}", d.greatest,
		"{key}", d.key, "{text}", d.text, "{serial}", d.serial, "{options}", d.options)
	return s, nil
}

// guardPackage is that of the driver that guards; a store imports nothing of it.
const guardPackage = "github.com/quiescehq/quiesce/driver"

// guarded reports whether a driver, or one that it wraps, is guarded.
func guarded(d driver.Driver) bool {
	for range 64 { // lest wrappers go round in a circle
		t := reflect.TypeOf(d)
		if t == nil {
			return false
		}
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.PkgPath() == guardPackage {
			return true
		}
		w, ok := d.(interface{ Unwrap() driver.Driver })
		if !ok {
			return false
		}
		d = w.Unwrap()
	}
	return false
}

// Changed returns [Config.Hints].
func (s *Store) Changed() <-chan struct{} { return s.hints }

// Channel is the name on which PostgreSQL notifies of each change of the mode, in the transaction that
// makes it and with an empty payload. Only Swap notifies.
func (s *Store) Channel() string { return s.prefix + "changed" }

// Close closes the pool.
func (s *Store) Close() error { return s.db.Close() }

// sql returns a statement for this dialect: with its placeholders, and names and functions filled in.
func (s *Store) sql(text string) string {
	text = s.fill.Replace(text)
	if !s.dialect.numbered {
		return text
	}
	var numbered strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			fmt.Fprintf(&numbered, "$%d", n)
		}
		numbered.WriteString(part)
		n++
	}
	return numbered.String()
}

// querier is a *sql.DB or a *sql.Tx.
type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}
