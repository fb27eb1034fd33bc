package operate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// Deps are what the commands depend on.
type Deps struct {
	// Progress is told how it goes.
	Progress *Progress
	// Notes takes sentences for the operator: standard error.
	Notes io.Writer
	// Audit, if not nil, gets each entry of the audit log as one JSON line, too.
	Audit io.Writer
	// Child runs a command, with more environment, and returns its error. It ends the command when ctx does.
	Child func(ctx context.Context, argv, env []string) error
	// Now is the time.
	Now func() time.Time
}

// Target is where a fleet is, and who asks.
type Target struct {
	// Store is the DSN of the fleet's store.
	Store string
	// Actor is who asks, for the audit log.
	Actor string
}

// connectTimeout bounds how long it may take to reach the store.
const connectTimeout = 10 * time.Second

// open opens the store, and returns an operator on it.
func (d Deps) open(ctx context.Context, t Target) (*store.Store, *fleet.Operator, error) {
	if t.Store == "" {
		return nil, nil, usage("--store is required, or QUIESCE_STORE in the environment: the DSN of the fleet's store")
	}
	if err := checkDSN(t.Store); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	s, err := store.Open(ctx, t.Store)
	if err != nil {
		return nil, nil, err
	}
	var c fleet.Coordinator = s
	if d.Audit != nil {
		c = audited{s, d.Audit}
	}
	o, err := fleet.NewOperator(c, fleet.OperatorConfig{Actor: t.Actor, Progress: d.Progress.fleet})
	if err != nil {
		s.Close()
		return nil, nil, usage("--actor: %v", err)
	}
	return s, o, nil
}

// checkDSN reports what is wrong with the DSN of a store, without connecting.
func checkDSN(dsn string) error {
	s, err := store.OpenUnchecked(dsn)
	if err != nil {
		return usage("--store: %v", err)
	}
	return s.Close()
}

// audited shows what is appended to the audit log.
type audited struct {
	*store.Store
	to io.Writer
}

func (a audited) Audit(ctx context.Context, e fleet.Entry) error {
	err := a.Store.Audit(ctx, e)
	if e.Time.IsZero() {
		e.Time = time.Now().UTC()
	}
	writeLine(a.to, e)
	return err
}

// Database is one in which writing is to be over.
type Database struct {
	db      *sql.DB
	dialect string
}

// openDatabases opens what the level verified looks at. Nothing is connected yet.
func openDatabases(dsns []string) ([]Database, error) {
	var all []Database
	for _, dsn := range dsns {
		db, dialect, err := store.OpenDatabase(dsn)
		if err != nil {
			closeDatabases(all)
			return nil, usage("--database: %v", err)
		}
		all = append(all, Database{db, dialect})
	}
	return all, nil
}

func closeDatabases(all []Database) {
	for _, d := range all {
		d.db.Close()
	}
}

// verifier returns what looks at a database. What the store itself writes does not count.
func (d Database) verifier(ctx context.Context, s *store.Store, closedFor, still time.Duration) (*verify.Verifier, error) {
	cfg := verify.Config{DB: d.db, Dialect: d.dialect, ClosedFor: closedFor, Still: still}
	if d.dialect == s.Dialect() && d.dialect != verify.SQLite {
		tables, err := s.Tables(ctx)
		if err != nil {
			return nil, err
		}
		cfg.LeaveOut.Tables = tables
	}
	return verify.New(cfg)
}

// fence returns the fence of a database.
func (d Database) fence() (*fence.Fence, error) {
	f, err := fence.New(d.db, d.dialect)
	if err != nil {
		return nil, usage("--database: %v", err)
	}
	return f, nil
}

// openFences opens the fences of databases, at the epoch of a fleet that is open: at first nobody is refused by them.
func openFences(ctx context.Context, dsns []string, epoch uint64) error {
	databases, err := openDatabases(dsns)
	if err != nil {
		return err
	}
	defer closeDatabases(databases)
	for _, database := range databases {
		f, err := database.fence()
		if err == nil {
			err = f.At(epoch).Open(ctx)
		}
		if err != nil {
			return explained(err)
		}
	}
	return nil
}

// explained says what to do where a fence is not as it should be.
func explained(err error) error {
	switch {
	case errors.Is(err, fence.ErrNotInstalled):
		return fmt.Errorf("%w: quiesce fence install makes it", err)
	case errors.Is(err, fence.ErrLater):
		return fmt.Errorf("%w than this fleet is at: quiesce status says whether another operator is at work; if the store was made anew or has gone back, quiesce fence remove and install", err)
	}
	return err
}
