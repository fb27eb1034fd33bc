// Package fence closes a database to all transactions that take its fence, and says when the last of them
// is over: in the database itself, where neither a clock nor a process has to be trusted.
//
// Drivers take the fence for whatever may write, while a holder asks for it
// ([github.com/quiescehq/quiesce/sqlguard.Change]'s Fence). What has no guard takes none, and is not kept from writing.
//
//	writer                BEGIN; weak lock, at once or not at all, if the fence is open; …writes…; COMMIT
//	operator, PostgreSQL  close the fence; COMMIT; strong lock, which waits for all weak ones
//	operator, MySQL       strong lock, which waits for all weak ones; close the fence; COMMIT
//
// # Why it is right
//
//  1. A writer that has its weak lock before the operator has the strong one is over before the operator goes on,
//     because the lock lasts as long as the transaction.
//  2. One that asks for it later is refused, while the operator has the strong lock or waits for it.
//  3. One that asks for it after that finds the fence closed, because this was committed before the strong lock was given back, and
//     what says so is looked at with the lock held, in its latest version, at every isolation level. On PostgreSQL it is the name of what is locked:
//     the server looks it up again once it has the lock. On MySQL and MariaDB it is in the row that is locked, and locking reads see
//     the latest version.
//  4. The operator may die at any time: what is committed stays, and somebody else goes on.
//  5. An operator who was stopped and goes on after others have acted changes nothing: the fence knows the greatest epoch at
//     which it was opened or closed, and heeds no lower one ([Fence.At]).
//
// Nothing of it asks how late it is. A process that was stopped for an hour is refused when it goes on, or if it had
// its lock before, was waited for.
//
// # Objects
//
// PostgreSQL has a schema quiesce with the table fence and the function fence_set(boolean, bigint), for which the operator's role
// needs EXECUTE, and a schema that is called quiesce_open or quiesce_closed, with a view of nothing; roles that write need nothing but what
// [Fence.Install] grants to everybody: DELETE on the view, with which a role may also take the strong lock, and so keep others from
// writing, as it may with whatever table it may write to. MySQL and MariaDB have a table quiesce_fence in the database that the pool is
// connected to, on which accounts that write need SELECT and, on MySQL before 8.0.22, UPDATE, DELETE or LOCK TABLES as well (MySQL
// 8.0, Locking Reads), and the operator's account SELECT and UPDATE; and a procedure quiesce_fence_begin, which saves a round trip.
package fence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Dialects that have a fence.
const (
	Postgres = "postgres"
	MySQL    = "mysql" // and MariaDB
)

// ErrNotInstalled is returned where the database has no fence.
var ErrNotInstalled = errors.New("fence: it is not installed in this database")

// ErrLater is returned to who acts at an epoch that is not the last one; see [Fence.At].
var ErrLater = errors.New("fence: somebody has opened or closed it at a later epoch")

// Fence is the fence of one database. Several goroutines may use it.
type Fence struct {
	db     *sql.DB
	engine engine
	epoch  uint64
}

// engine is what the servers do differently.
type engine struct {
	install []string
	remove  []string
	status  string
	there   string   // counts the objects
	begin   []string // a transaction without limits on waiting
	set     string   // closed, and the epoch as often as numbers says
	numbers int
	keep    string // takes what Lock keeps, or fails if the fence is open; "" where kept does
	kept    string // reads what status does, once that is had
	holders string // session, user and host of those who are in the way of the strong lock
	end     string // with the number of a session
}

// New returns the fence of a database. The pool must not be guarded by the guard that takes the fence. It
// fails if dialect has none.
func New(db *sql.DB, dialect string) (*Fence, error) {
	switch {
	case db == nil:
		return nil, errors.New("fence: the pool is nil")
	case dialect == Postgres:
		return &Fence{db: db, engine: postgres}, nil
	case dialect == MySQL:
		return &Fence{db: db, engine: mysql}, nil
	}
	return nil, fmt.Errorf("fence: the dialect must be %s or %s, not %q", Postgres, MySQL, dialect)
}

// At returns the same fence for who acts under an epoch of the fleet: [Fence.Open] and [Fence.Close] fail with
// [ErrLater], and change nothing, where somebody has opened or closed it under a greater one. So an operator who was stopped
// for long does not open a fence that the next one has closed. At 0, which is what [New] returns, they act at any epoch.
func (f *Fence) At(epoch uint64) *Fence {
	at := *f
	at.epoch = epoch
	return &at
}

// Install makes the fence, open, where it is not there. It changes nothing that is there.
func (f *Fence) Install(ctx context.Context) error { return f.each(ctx, "install", f.engine.install) }

// Remove drops the fence. What takes it fails from then on.
func (f *Fence) Remove(ctx context.Context) error { return f.each(ctx, "remove", f.engine.remove) }

func (f *Fence) each(ctx context.Context, what string, texts []string) error {
	for _, text := range texts {
		if _, err := f.db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("fence: %s: %w", what, err)
		}
	}
	return nil
}

// Closed reports whether the fence is closed. The error is [ErrNotInstalled] if there is none.
func (f *Fence) Closed(ctx context.Context) (closed bool, err error) {
	closed, _, err = f.read(ctx)
	return closed, err
}

// read returns whether the fence is closed, and the greatest epoch at which it was opened or closed.
func (f *Fence) read(ctx context.Context) (closed bool, epoch uint64, err error) {
	if err := f.installed(ctx); err != nil {
		return false, 0, err
	}
	if err := f.db.QueryRowContext(ctx, f.engine.status).Scan(&closed, &epoch); err != nil {
		return false, 0, fmt.Errorf("fence: reading it: %w", err)
	}
	return closed, epoch, nil
}

func (f *Fence) installed(ctx context.Context) error {
	var n int
	if err := f.db.QueryRowContext(ctx, f.engine.there).Scan(&n); err != nil {
		return fmt.Errorf("fence: looking for it: %w", err)
	}
	if n == 0 {
		return ErrNotInstalled
	}
	return nil
}

// Close closes the fence, and waits until all transactions that have taken it are over: none of
// them commits after Close has returned nil, and no other takes it until [Fence.Open]. While it waits, others are refused. If the context ends
// first, the fence is closed, or on MySQL as it was. It may be called again, by anybody.
//
// If end is not nil, Close does not wait for those who have taken the fence, but ends their sessions, which rolls them
// back, and tells end of each. The account needs the right to: pg_signal_backend, or CONNECTION ADMIN (MariaDB) or
// CONNECTION_ADMIN (MySQL), and PROCESS; on MySQL SELECT on performance_schema.data_lock_waits, too.
//
// The lock is that of [Fence.Lock].
func (f *Fence) Close(ctx context.Context, end func(Holder)) (*Lock, error) {
	_, epoch, err := f.read(ctx)
	if err != nil {
		return nil, err
	}
	if f.epoch != 0 && epoch > f.epoch { // before anybody's session is ended
		return nil, ErrLater
	}
	stop := func() error { return nil }
	if end != nil {
		stop = f.evicting(ctx, end)
	}
	lock, err := f.close(ctx)
	if ended := stop(); err != nil && ended != nil {
		err = fmt.Errorf("%w; ending those who have taken it: %w", err, ended)
	}
	return lock, err
}

func (f *Fence) close(ctx context.Context) (*Lock, error) {
	if err := f.set(ctx, true); err != nil {
		return nil, err
	}
	return f.Lock(ctx)
}

// Open opens the fence, or fails with [ErrLater].
func (f *Fence) Open(ctx context.Context) error {
	if err := f.installed(ctx); err != nil {
		return err
	}
	return f.set(ctx, false)
}

func (f *Fence) set(ctx context.Context, closed bool) error {
	conn, err := f.transaction(ctx)
	if err != nil {
		return err
	}
	defer drop(conn)
	args := []any{closed}
	for range f.engine.numbers {
		args = append(args, int64(f.epoch))
	}
	if _, err := conn.ExecContext(ctx, f.engine.set, args...); err != nil {
		return fmt.Errorf("fence: opening or closing it: %w", err)
	}
	var is bool // MySQL counts no row that was the same before
	var epoch uint64
	if err := conn.QueryRowContext(ctx, f.engine.kept).Scan(&is, &epoch); err != nil {
		return fmt.Errorf("fence: opening or closing it: %w", err)
	}
	if is != closed {
		return ErrLater
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("fence: opening or closing it: %w", err)
	}
	return nil
}

// transaction begins one on a connection of its own.
func (f *Fence) transaction(ctx context.Context) (*sql.Conn, error) {
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("fence: connecting: %w", err)
	}
	for _, text := range f.engine.begin {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			drop(conn)
			return nil, fmt.Errorf("fence: %w", err)
		}
	}
	return conn, nil
}

// drop ends the session of a connection, which has settings of its own.
func drop(conn *sql.Conn) {
	conn.Raw(func(any) error { return errDropped })
	conn.Close()
}
