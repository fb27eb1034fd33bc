package verify

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultStill is how long counters have to stand still if [Config.Still] is zero.
const DefaultStill = 3 * time.Second

// The dialects that [Config.Dialect] knows. MySQL is MariaDB too.
const (
	Postgres = "postgres"
	MySQL    = "mysql"
	SQLite   = "sqlite"
)

// Config says what to judge, and what to leave out.
type Config struct {
	// DB reaches the database to judge, through a driver that no guard wraps. At most
	// one connection of it is in use at a time. For PostgreSQL it is the primary.
	DB *sql.DB

	// Dialect is [Postgres], [MySQL] or [SQLite].
	Dialect string

	// ClosedFor is how long before [New] writing was closed; New starts a clock, so that
	// it grows from then on. What runs has to have begun after the close, by the ages
	// that the server tells: no clocks are compared, and a slow network only makes the
	// close later than it was, which is the strict side. If zero, writing was closed when
	// New was called. Negative is an error.
	ClosedFor time.Duration

	// Still is how long nothing may have been written; it is the time between two looks.
	// A writer that pauses for longer than Still may be missed: see the package comment.
	// If zero, [DefaultStill]. Less than a second is an error: PostgreSQL's sessions tell
	// what they wrote at most once a second.
	Still time.Duration

	// Databases are the guarded ones. If empty, the connection's. On MySQL they are the
	// databases whose tables must stand still. On PostgreSQL and SQLite a connection sees
	// the counters of its own database alone: naming another one is an error at the first
	// look, and several databases take a Verifier each.
	Databases []string

	// LeaveOut is what may go on writing.
	LeaveOut LeaveOut
}

// LeaveOut names what belongs to the fleet's own store, or is known to be harmless. What
// was left out is named in [Report.LeftOut].
type LeaveOut struct {
	// Roles are database users. On PostgreSQL a session of theirs is a writer all the
	// same once it locks a table for writing that Tables does not name. MySQL does not tell
	// what a transaction has written to: there it is a writer if two looks see it.
	Roles []string

	// Applications are values of application_name. They are left out as Roles are.
	// PostgreSQL only.
	Applications []string

	// Tables are "schema.name" on PostgreSQL and "database.name" on MySQL, spelt as in the
	// catalog. Their counters may move, and on PostgreSQL a session that locks them and no other
	// table for writing is left out.
	Tables []string
}

// validate names the field that is wrong, and what was expected.
func (c Config) validate() error {
	switch {
	case c.DB == nil:
		return errors.New("verify: Config.DB is nil, expected a pool that no guard wraps")
	case !slices.Contains([]string{Postgres, MySQL, SQLite}, c.Dialect):
		return fmt.Errorf("verify: Config.Dialect is %q, expected %q, %q or %q", c.Dialect, Postgres, MySQL, SQLite)
	case c.ClosedFor < 0:
		return fmt.Errorf("verify: Config.ClosedFor is %v, expected how long ago writing was closed", c.ClosedFor)
	case c.Still != 0 && c.Still < time.Second:
		return fmt.Errorf("verify: Config.Still is %v, expected at least 1s, or 0 for %v", c.Still, DefaultStill)
	case c.Dialect != Postgres && len(c.LeaveOut.Applications) > 0:
		return fmt.Errorf("verify: Config.LeaveOut.Applications is for %q, expected Roles and Tables for %q", Postgres, c.Dialect)
	}
	if slices.Contains(c.Databases, "") {
		return errors.New("verify: Config.Databases holds an empty name, expected names of databases")
	}
	for _, table := range c.LeaveOut.Tables {
		if schema, name, found := strings.Cut(table, "."); !found || schema == "" || name == "" {
			return fmt.Errorf("verify: Config.LeaveOut.Tables holds %q, expected schema.name", table)
		}
	}
	if c.Dialect == SQLite && (len(c.LeaveOut.Roles) > 0 || len(c.LeaveOut.Tables) > 0) {
		return errors.New("verify: Config.LeaveOut is set, expected nothing for \"sqlite\": a file does not tell who wrote to it, " +
			"so the fleet's store needs a file of its own")
	}
	return nil
}

func (c Config) still() time.Duration {
	if c.Still == 0 {
		return DefaultStill
	}
	return c.Still
}
