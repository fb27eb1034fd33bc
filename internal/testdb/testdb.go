package testdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// queryTimeout bounds what this package itself asks of a running server.
const queryTimeout = time.Minute

// A Server is a running throwaway server. It may be used by several tests at once.
type Server struct {
	engine    *engine
	programs  programs
	process   *process
	databases atomic.Int64
}

// A shared server is started once, by the first test that asks for it.
type shared struct {
	engine *engine

	once    sync.Once
	server  *Server
	missing error // the server is not installed
	failed  error // the server did not come up, or the environment is wrong
}

var (
	sharedPostgres = shared{engine: postgres}
	sharedMariaDB  = shared{engine: mariadb}
)

// Postgres returns this process's PostgreSQL server, and starts it if no test asked
// for it before. It accepts 200 connections and 10 prepared transactions, and its
// encoding is UTF8 with locale C.
//
// If PostgreSQL is not installed the test is skipped, or fails if the environment
// says that servers are required. If the server does not come up the test fails with
// the end of the server's log.
func Postgres(t testing.TB) *Server {
	t.Helper()
	return sharedPostgres.get(t)
}

// MariaDB returns this process's MariaDB server, and starts it if no test asked for
// it before. It accepts 200 connections, and its character set is utf8mb4. It skips
// or fails the test as [Postgres] does.
func MariaDB(t testing.TB) *Server {
	t.Helper()
	return sharedMariaDB.get(t)
}

func (s *shared) get(t testing.TB) *Server {
	t.Helper()
	required, err := serversRequired()
	if err != nil {
		t.Fatal(err)
	}
	s.once.Do(s.start)
	switch {
	case s.missing != nil && required:
		t.Fatal(s.missing)
	case s.missing != nil:
		t.Skip(s.missing)
	case s.failed != nil:
		t.Fatal(s.failed)
	}
	return s.server
}

func (s *shared) start() {
	found, err := s.engine.find()
	switch {
	case errors.Is(err, errNotInstalled):
		s.missing = err
		return
	case err != nil:
		s.failed = err
		return
	}
	s.server, s.failed = start(s.engine, found)
}

// start returns when the server accepts connections. After an error nothing of it is left.
func start(e *engine, found programs) (*Server, error) {
	p, err := supervise(e, found)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", e.name, err)
	}
	s := &Server{engine: e, programs: found, process: p}
	ready := func(ctx context.Context) error { return e.execute(ctx, s.DSN(e.maintenance), "SELECT 1") }
	if err := p.await(ready); err != nil {
		log := p.logTail()
		p.stop(stopTimeout)
		return nil, fmt.Errorf("starting %s: %w; the end of its log:\n%s", e.name, err, log)
	}
	return s, nil
}

// DSN returns the data source name of a database on this server, which need not
// exist: a postgres:// URL for pgx, or what go-sql-driver/mysql takes. It connects as
// the server's superuser, without a password.
func (s *Server) DSN(database string) string {
	return s.engine.dsn(s.process.folder, database)
}

// Database creates an empty database for this test and returns its DSN. It is dropped
// when the test is over, after the test's own cleanups that were registered later;
// PostgreSQL then closes connections that are still open, and on MariaDB a transaction
// that is still open fails the test.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	if err := s.administer("CREATE DATABASE " + name); err != nil {
		t.Fatalf("creating database %s on %s: %v", name, s.engine.name, err)
	}
	t.Cleanup(func() {
		if err := s.administer(s.engine.drop(name)); err != nil {
			t.Errorf("dropping database %s on %s: %v", name, s.engine.name, err)
		}
	})
	return s.DSN(name)
}

func (s *Server) administer(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	return s.engine.execute(ctx, s.DSN(s.engine.maintenance), statement)
}

// Dump returns the whole of a database as SQL text: its schema, its rows, and where
// its sequences stand. Two dumps of an unchanged database are the same bytes. The DSN
// is one that Database or DSN returned, to which parameters may have been added.
func (s *Server) Dump(t testing.TB, dsn string) []byte {
	t.Helper()
	name, err := s.engine.database(s.process.folder, dsn)
	if err != nil {
		t.Fatalf("dumping a database on %s: %v", s.engine.name, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	dump, err := s.engine.dump(ctx, s.programs, s.process.folder, name)
	if err != nil {
		t.Fatalf("dumping database %s on %s: %v", name, s.engine.name, err)
	}
	return dump
}
