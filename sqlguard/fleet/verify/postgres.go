package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// postgresEngine relies on PostgreSQL 13 or later.
type postgresEngine struct {
	config Config
}

// serverState is what a look needs to know of the server beforehand.
const serverState = `SELECT current_database(), quote_ident(current_user), pg_is_in_recovery(),
	pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), current_setting('track_counts') = 'on'`

// prepare fails where a look would not show everything: PostgreSQL hides without an error.
func (e *postgresEngine) prepare(ctx context.Context, conn *sql.Conn) error {
	return readOnly(ctx, conn, func(tx *sql.Tx) error {
		var database, account string
		var standby, seesAll, counts bool
		if err := tx.QueryRowContext(ctx, serverState).Scan(&database, &account, &standby, &seesAll, &counts); err != nil {
			return fmt.Errorf("asking for the server's state: %w", err)
		}
		switch {
		case standby:
			return errors.New("the server is a standby, which does not see who writes: connect to the primary")
		case !seesAll:
			return &PrivilegeError{Account: account, Needed: "what the sessions of other roles do",
				Grant: "GRANT pg_read_all_stats TO " + account + " (or pg_monitor, which holds it)"}
		case !counts:
			return errors.New("track_counts is off, so that no table tells of its writes: set it to on")
		}
		for _, name := range e.config.Databases {
			if name != database {
				return fmt.Errorf("Config.Databases names %q and the connection is to %q: PostgreSQL shows the counters of the connection's database alone, use a Verifier for each", name, database)
			}
		}
		return nil
	})
}

// look reads in one read-only transaction. It must not be shared by two looks, because a
// transaction keeps what it has seen of the statistics (stats_fetch_consistency), and it is
// READ COMMITTED, so that the second mark is a new one.
func (e *postgresEngine) look(ctx context.Context, conn *sql.Conn, closed time.Duration) (*look, error) {
	var l look
	err := readOnly(ctx, conn, func(tx *sql.Tx) error {
		var database string
		if err := tx.QueryRowContext(ctx, `SELECT clock_timestamp(), current_database()`).Scan(&l.at, &database); err != nil {
			return err
		}
		l.databases = []string{database}
		mark, err := transactionMark(ctx, tx)
		if err != nil {
			return err
		}
		if err := e.sessions(ctx, tx, &l, closed); err != nil {
			return fmt.Errorf("reading the sessions: %w", err)
		}
		if err := e.prepared(ctx, tx, &l); err != nil {
			return fmt.Errorf("reading the prepared transactions: %w", err)
		}
		if err := replicationSlots(ctx, tx, &l); err != nil {
			return fmt.Errorf("reading the replication slots: %w", err)
		}
		var now counters
		// A writer may hold a lock that reading a sequence would wait for, and it holds up the
		// proof anyhow.
		if len(l.writers) == 0 {
			if now, err = e.counters(ctx, tx); err != nil {
				return err
			}
		}
		l.begin, l.end = now, now
		l.begin.mark = mark
		l.end.mark, err = transactionMark(ctx, tx)
		return err
	})
	return &l, err
}

// transactionMark is the first id that no finished transaction of the server has or is below.
// Any transaction that writes takes an id when it first does, and has moved the mark when it
// has ended, unless it is one that ran when the mark was read.
func transactionMark(ctx context.Context, tx *sql.Tx) (mark string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`).Scan(&mark)
	return mark, err
}

// position is where the next record of the log will be inserted. The positions that were
// written or flushed may lie before a commit made with synchronous_commit off.
func (e *postgresEngine) position(ctx context.Context, conn *sql.Conn) (p Position, err error) {
	err = readOnly(ctx, conn, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT pg_current_wal_insert_lsn()::text`).Scan(&p.LSN)
	})
	return p, err
}

// readOnly runs in a transaction that cannot write, whatever it is asked to.
func readOnly(ctx context.Context, conn *sql.Conn, do func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return do(tx)
}

// each calls scan for each row.
func each(ctx context.Context, tx queryer, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// A queryer is a *sql.Tx or a *sql.Conn.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (o LeaveOut) table(name string) bool { return slices.Contains(o.Tables, name) }
