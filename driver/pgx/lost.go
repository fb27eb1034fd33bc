package pgx

import (
	"context"
	"database/sql/driver"
	"strconv"
	"strings"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// rawOf returns pgx's connection, or nil.
func rawOf(c driver.Conn) *jackc.Conn {
	switch own := c.(type) {
	case *bare:
		return own.raw
	case dialed:
		return own.raw
	}
	if own, ok := guarded.Find[*stdlib.Conn](c); ok {
		return own.Conn()
	}
	return nil
}

// sessionID goes by the process that serves the connection, which the server has told when it was made (BackendKeyData;
// PostgreSQL 18, 54.7). A pooler tells a number of its own, by which nothing is found.
func sessionID(_ context.Context, c driver.Conn) (string, error) {
	raw := rawOf(c)
	if raw == nil {
		return "", errNotPgx
	}
	return strconv.FormatUint(uint64(raw.PgConn().PID()), 10), nil
}

func isClosed(c driver.Conn) bool {
	raw := rawOf(c)
	return raw != nil && raw.IsClosed()
}

// endSessions terminates those of the same role that are there still, for which it needs no privilege (PostgreSQL 18, 9.28.2). A
// process that has got the number since then began to serve later.
func endSessions(ctx context.Context, c driver.Conn, lost []sqlguard.LostSession) (left int, err error) {
	raw := rawOf(c)
	if raw == nil {
		return 0, errNotPgx
	}
	var values []string
	for _, l := range lost {
		values = append(values, "("+l.ID+"::bigint, "+strconv.FormatInt(l.Ago.Milliseconds(), 10)+"::bigint)")
	}
	err = raw.QueryRow(context.WithValue(ctx, ownKey{}, true), "SELECT count(pg_catalog.pg_terminate_backend(a.pid))"+
		" FROM pg_catalog.pg_stat_activity a JOIN (VALUES "+strings.Join(values, ", ")+") l (pid, ago) ON l.pid = a.pid"+
		" WHERE a.usename = session_user AND a.pid <> pg_catalog.pg_backend_pid()"+
		" AND a.backend_start <= pg_catalog.clock_timestamp() - l.ago * pg_catalog.make_interval(secs => 0.001)",
		jackc.QueryExecModeSimpleProtocol).Scan(&left)
	return left, err
}
