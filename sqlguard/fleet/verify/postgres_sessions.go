package verify

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sessionsQuery lists the sessions of the database, and the senders of replication, which
// may belong to none, each with the tables that it locks for writing or waits to.
//
// INSERT, UPDATE and DELETE lock their table when they start, and take a transaction id only
// with the first row: INSERT … SELECT may run for hours without one. Locks of sequences say
// nothing, because what nextval does is not undone or delayed; reading a sequence takes one
// too. Locks of the catalog are held for moments only.
const sessionsQuery = `SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.datname, ''),
	CASE WHEN a.client_port < 0 THEN 'local' ELSE coalesce(host(a.client_addr), '') END,
	coalesce(a.backend_type, ''), coalesce(a.state, ''), coalesce(a.backend_xid::text, ''),
	a.xact_start IS NOT NULL,
	coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start, a.backend_start)), 0)::float8,
	coalesce(l.tables, '')
FROM pg_stat_activity a
LEFT JOIN (
	SELECT k.pid, string_agg(DISTINCT coalesce(n.nspname || '.' || c.relname, 'a new table'), chr(10)) AS tables
	FROM pg_locks k
	LEFT JOIN pg_class c ON c.oid = k.relation
	LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE k.locktype = 'relation'
	AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND k.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
		'ExclusiveLock', 'AccessExclusiveLock')
	AND (c.oid IS NULL OR c.relkind NOT IN ('S', 'i', 'I', 't') AND n.nspname <> 'pg_catalog')
	GROUP BY k.pid
) l ON l.pid = a.pid
WHERE (a.datname = current_database() OR a.backend_type = 'walsender') AND a.pid <> pg_backend_pid()
ORDER BY a.pid`

// A postgresSession is a row of sessionsQuery.
type postgresSession struct {
	Writer
	kind, state, xid string
	inTransaction    bool
	locked           []string // for writing
}

func (e *postgresEngine) sessions(ctx context.Context, tx *sql.Tx, l *look, closed time.Duration) error {
	return eachPostgresSession(ctx, tx, func(s postgresSession) { e.place(s, l, closed) })
}

func eachPostgresSession(ctx context.Context, tx queryer, do func(postgresSession)) error {
	return each(ctx, tx, sessionsQuery, nil, func(rows *sql.Rows) error {
		var s postgresSession
		var locked string
		if err := rows.Scan(&s.PID, &s.User, &s.Application, &s.Database, &s.Client,
			&s.kind, &s.state, &s.xid, &s.inTransaction, &s.AgeSeconds, &locked); err != nil {
			return err
		}
		if locked != "" {
			s.locked = strings.Split(locked, "\n")
		}
		do(s)
		return nil
	})
}

// place puts the session where it belongs: with the writers, with what is left out, or
// nowhere.
func (e *postgresEngine) place(s postgresSession, l *look, closed time.Duration) {
	holding := s.xid != "" || len(s.locked) > 0
	excuse := e.excuse(s)
	switch {
	case s.kind == "walsender" && !holding:
		l.leftOut = append(l.leftOut, LeftOutItem{Kind: "replication", Name: s.name()})
	case excuse != "" && (holding || s.inTransaction):
		l.leftOut = append(l.leftOut, LeftOutItem{Kind: excuse, Name: s.name()})
	case excuse != "", s.kind == "parallel worker": // whose leader is judged
	default:
		if s.Hold, s.Detail = s.hold(closed); s.Hold != "" {
			l.writers = append(l.writers, writer{Writer: s.Writer, transaction: s.xid})
		}
	}
}

// excuse says as what the session is left out, if it is.
func (e *postgresEngine) excuse(s postgresSession) string {
	if s.kind == "autovacuum worker" {
		return "autovacuum"
	}
	out := e.config.LeaveOut
	foreign := slices.ContainsFunc(s.locked, func(table string) bool { return !out.table(table) })
	named := slices.Contains(out.Roles, s.User) || slices.Contains(out.Applications, s.Application)
	if !foreign && (named || len(s.locked) > 0) {
		return "session"
	}
	return ""
}

// hold says why the session is a writer, if it is.
func (s postgresSession) hold(closed time.Duration) (Hold, string) {
	on := ""
	if len(s.locked) > 0 {
		on = " on " + printable(strings.Join(s.locked, ", "))
	}
	switch {
	case s.xid != "":
		return HoldsTransaction, fmt.Sprintf("%s, with transaction id %s%s", s.doing(), s.xid, on)
	case len(s.locked) > 0:
		return HoldsLock, fmt.Sprintf("%s, holds or awaits a write lock%s", s.doing(), on)
	case s.state == "disabled":
		return HoldsHidden, "does not tell what it does (track_activities is off)"
	case s.inTransaction && s.AgeSeconds >= closed.Seconds():
		return HoldsOld, fmt.Sprintf("%s, in a transaction that began before writing was closed and may still write", s.doing())
	}
	return "", ""
}

func (s postgresSession) doing() string {
	switch {
	case s.state == "":
		return s.kind
	case s.kind != "client backend":
		return s.kind + " " + s.state
	}
	return s.state
}

func (s postgresSession) name() string {
	name := fmt.Sprintf("pid %d", s.PID)
	for _, part := range []string{s.User, s.Application} {
		if part != "" {
			name += " " + part
		}
	}
	return name
}

// prepared adds the prepared transactions: they survive their session, and a restart.
func (e *postgresEngine) prepared(ctx context.Context, tx *sql.Tx, l *look) error {
	const query = `SELECT gid, owner, database, transaction::text,
		extract(epoch FROM clock_timestamp() - prepared)::float8
		FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared`
	return each(ctx, tx, query, nil, func(rows *sql.Rows) error {
		var gid string
		w := writer{Writer: Writer{Hold: HoldsPrepared}}
		if err := rows.Scan(&gid, &w.User, &w.Database, &w.transaction, &w.AgeSeconds); err != nil {
			return err
		}
		w.Detail = fmt.Sprintf("prepared transaction %q, which COMMIT PREPARED or ROLLBACK PREPARED ends", gid)
		l.writers = append(l.writers, w)
		return nil
	})
}

// replicationSlots names the logical slots of the database, whose consumers read on.
func replicationSlots(ctx context.Context, tx *sql.Tx, l *look) error {
	const query = `SELECT slot_name, slot_type, active FROM pg_replication_slots
		WHERE database IS NULL OR database = current_database() ORDER BY slot_name`
	return each(ctx, tx, query, nil, func(rows *sql.Rows) error {
		var name, kind string
		var active bool
		if err := rows.Scan(&name, &kind, &active); err != nil {
			return err
		}
		detail := kind + ", not in use"
		if active {
			detail = kind + ", in use"
		}
		l.leftOut = append(l.leftOut, LeftOutItem{Kind: "replication slot", Name: name, Detail: detail})
		return nil
	})
}
