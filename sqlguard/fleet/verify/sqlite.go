package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// sqliteEngine asks SQLite for the two things that it tells: whether another connection holds
// the write lock, and whether another one has committed.
type sqliteEngine struct {
	config Config
}

func (e *sqliteEngine) prepare(ctx context.Context, conn *sql.Conn) error {
	for _, name := range e.config.Databases {
		if name != "main" {
			return fmt.Errorf("Config.Databases names %q: for SQLite leave it empty, a Verifier judges the main database", name)
		}
	}
	var version string
	if err := conn.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return fmt.Errorf("asking for the version of SQLite: %w", err)
	}
	return nil
}

// look takes the write lock for a moment and writes nothing: nobody else can be in a
// transaction that has written then. A transaction that has only read shows in no way.
func (e *sqliteEngine) look(ctx context.Context, conn *sql.Conn, _ time.Duration) (*look, error) {
	l := &look{at: time.Now(), databases: []string{"main"}}
	var err error
	if l.begin.mark, err = dataVersion(ctx, conn); err != nil {
		return nil, err
	}
	switch _, err = conn.ExecContext(ctx, `BEGIN IMMEDIATE`); {
	case err == nil:
		// With a context of its own: a lock that is kept would stop the site.
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`); err != nil {
			return nil, fmt.Errorf("giving the write lock back: %w", err)
		}
	case busy(err):
		l.writers = append(l.writers, writer{Writer: Writer{Database: "main", Hold: HoldsLock,
			Detail: "another connection holds the write lock; SQLite does not say which"}})
	default:
		return nil, fmt.Errorf("trying the write lock: %w", err)
	}
	l.end.mark, err = dataVersion(ctx, conn)
	l.begin.others = map[string]object{"": {name: "main", state: l.begin.mark}}
	l.end.others = map[string]object{"": {name: "main", state: l.end.mark, changed: "another connection has committed"}}
	return l, err
}

// dataVersion changes when another connection commits. It compares within a connection.
func dataVersion(ctx context.Context, conn *sql.Conn) (version string, err error) {
	if err := conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version); err != nil {
		return "", fmt.Errorf("asking for the version of the data: %w", err)
	}
	return version, nil
}

// busy reports whether SQLite refused because another connection is writing. Drivers give the
// result code in different ways; SQLITE_BUSY is 5, its extended codes are 5 in the low byte.
func busy(err error) bool {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code()&0xff == 5
	}
	return strings.Contains(err.Error(), "database is locked")
}

func (e *sqliteEngine) position(context.Context, *sql.Conn) (Position, error) {
	return Position{Note: "none: SQLite has no log to follow"}, nil
}
