package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/sqlstore"
)

// Store is a store that [Open] has opened, a [fleet.Coordinator]. Close ends its connections.
type Store struct {
	*sqlstore.Store
	target *target

	hints  chan struct{} // nil where nobody tells of changes
	listen sync.Once
	ctx    context.Context // until Close
	cancel context.CancelFunc
	done   sync.WaitGroup
}

var _ fleet.Coordinator = (*Store)(nil)

// Open opens the store that a DSN names, connects, and checks that its tables are there and of this version: else
// it fails with an ErrNoSchema, which names the command that makes them. No error holds the password.
func Open(ctx context.Context, dsn string) (*Store, error) {
	s, err := OpenUnchecked(dsn)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("the store %s cannot be used: %w", s, err)
	}
	return s, nil
}

func (s *Store) check(ctx context.Context) error {
	if s.target.dialect == sqlstore.SQLite { // which would make the file
		if _, err := os.Stat(s.target.file); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no such file: run `quiesce init` first: %w", fleet.ErrNoSchema)
		}
	}
	return s.Check(ctx)
}

// OpenUnchecked opens the store that a DSN names without looking at it, for Init. It does not connect.
func OpenUnchecked(dsn string) (*Store, error) {
	t, err := parse(dsn)
	if err != nil {
		return nil, fmt.Errorf("the DSN of the store (%s) cannot be used: %w", hidden(dsn), err)
	}
	inner, err := t.connector()
	if err != nil {
		return nil, fmt.Errorf("the DSN of the store (%s) cannot be used: %w", t.name, t.scrub(err))
	}
	s := &Store{target: t}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if t.dialect == sqlstore.Postgres {
		s.hints = make(chan struct{}, 1)
	}
	db := sql.OpenDB(&connector{newPatient(inner, t.name), t})
	if s.Store, err = sqlstore.New(sqlstore.Config{DB: db, Dialect: t.dialect, Hints: s.hints}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// connector returns the driver's own.
func (t *target) connector() (driver.Connector, error) {
	switch t.dialect {
	case sqlstore.Postgres:
		// A call that fails on a dead connection is repeated; a ping before each would double the requests.
		never := func(context.Context, stdlib.ShouldPingParams) bool { return false }
		return stdlib.GetConnector(*t.postgres, stdlib.OptionShouldPing(never)), nil
	case sqlstore.MySQL:
		return mysql.NewConnector(t.mysql)
	}
	return fileConnector{t.sqliteDSN()}, nil
}

// fileConnector opens a SQLite file.
type fileConnector struct{ dsn string }

func (c fileConnector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(c.dsn) }

func (c fileConnector) Driver() driver.Driver { return &sqlite.Driver{} }

// connector hides the password in what a driver says of a connection that fails.
type connector struct {
	driver.Connector
	target *target
}

// Close closes what the driver's connector has, too.
func (c *connector) Close() error {
	if closer, ok := c.Connector.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return conn, c.target.scrub(err)
}

// String is the DSN without its password.
func (s *Store) String() string { return s.target.name }

// Changed returns a channel that is readable after the mode may have changed; nil where only asking
// tells. The first call begins to listen, on a connection of its own, until Close.
func (s *Store) Changed() <-chan struct{} {
	if s.hints != nil {
		s.listen.Do(func() { s.done.Go(s.listening) })
	}
	return s.hints
}

// Close ends listening, and closes the connections.
func (s *Store) Close() error {
	s.cancel()
	s.listen.Do(func() {}) // so that nobody begins
	s.done.Wait()
	return s.Store.Close()
}

// OpenDatabase returns a pool, which no guard looks at, for a database that a DSN of the same forms names, and its dialect:
// "postgres", "mysql" or "sqlite". It does not connect. No error holds the password.
func OpenDatabase(dsn string) (db *sql.DB, dialect string, err error) {
	t, err := parse(dsn)
	if err != nil {
		return nil, "", fmt.Errorf("the DSN of the database (%s) cannot be used: %w", hidden(dsn), err)
	}
	t.foreign = true
	inner, err := t.connector()
	if err != nil {
		return nil, "", fmt.Errorf("the DSN of the database (%s) cannot be used: %w", t.name, t.scrub(err))
	}
	return sql.OpenDB(&connector{inner, t}), t.dialect, nil
}

// Dialect returns "postgres", "mysql" or "sqlite".
func (s *Store) Dialect() string { return s.target.dialect }
