package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// mysqlEngine is for MySQL 8.0 or later and MariaDB 10.5 or later.
type mysqlEngine struct {
	config Config
}

// A mysqlServer is what prepare finds out, and what depends on it.
type mysqlServer struct {
	account   string // as in GRANT … TO
	mariadb   bool
	version   [2]int
	binlog    bool
	databases []string
}

func (e *mysqlEngine) server(ctx context.Context, conn *sql.Conn) (s mysqlServer, err error) {
	var account, version string
	var current sql.NullString
	err = conn.QueryRowContext(ctx, `SELECT CURRENT_USER(), VERSION(), @@log_bin, DATABASE()`).
		Scan(&account, &version, &s.binlog, &current)
	if err != nil {
		return s, fmt.Errorf("asking for the server's state: %w", err)
	}
	at := strings.LastIndexByte(account, '@')
	if at < 0 {
		return s, fmt.Errorf("the server gave an account without a host: %q", account)
	}
	s.account = fmt.Sprintf("'%s'@'%s'", account[:at], account[at+1:])
	s.mariadb = strings.Contains(version, "MariaDB")
	if _, err := fmt.Sscanf(version, "%d.%d", &s.version[0], &s.version[1]); err != nil {
		return s, fmt.Errorf("the server's version is %q, expected numbers", version)
	}
	if s.databases = e.config.Databases; len(s.databases) == 0 {
		if !current.Valid {
			return s, errors.New("the connection has no database and Config.Databases is empty: name the guarded databases")
		}
		s.databases = []string{current.String}
	}
	return s, nil
}

// prepare fails where a look would not show everything: without PROCESS the list of
// sessions silently shrinks to the account's own, and without SELECT so does the one of tables.
func (e *mysqlEngine) prepare(ctx context.Context, conn *sql.Conn) error {
	s, err := e.server(ctx, conn)
	if err != nil {
		return err
	}
	var n int
	if err := conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.INNODB_TRX`).Scan(&n); err != nil {
		return s.privilege(err, "the transactions and sessions of others", "GRANT PROCESS ON *.* TO "+s.account)
	}
	for _, database := range s.databases {
		if err := s.maySelect(ctx, conn, database); err != nil {
			return err
		}
	}
	if _, err := s.counters(ctx, conn, e.config.LeaveOut); err != nil {
		return err
	}
	// Found out now rather than after a night of waiting.
	_, err = e.position(ctx, conn)
	return err
}

// privilege is the error of a statement that the server refuses to an account without the
// grant, or the error as it is.
func (s mysqlServer) privilege(err error, needed, grant string) error {
	if denied(err) {
		return &PrivilegeError{Account: s.account, Needed: needed, Grant: grant, Err: err}
	}
	return fmt.Errorf("reading %s: %w", needed, err)
}

// maySelect fails unless SELECT is granted on the whole database, to the
// account itself: neither server tells in one way what comes by a role.
func (s mysqlServer) maySelect(ctx context.Context, conn *sql.Conn, database string) error {
	const query = `SELECT COUNT(*) FROM (
		SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SELECT' AND GRANTEE = ?
		UNION ALL
		SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES
		WHERE PRIVILEGE_TYPE = 'SELECT' AND GRANTEE = ? AND (TABLE_SCHEMA = ? OR REPLACE(TABLE_SCHEMA, '\\_', '_') = ?)
	) granted`
	var n int
	if err := conn.QueryRowContext(ctx, query, s.account, s.account, database, database).Scan(&n); err != nil {
		return fmt.Errorf("reading the account's privileges: %w", err)
	}
	if n == 0 {
		return &PrivilegeError{Account: s.account, Needed: "all tables of the database " + database,
			Grant: fmt.Sprintf("GRANT SELECT ON `%s`.* TO %s", database, s.account)}
	}
	return nil
}

func (e *mysqlEngine) look(ctx context.Context, conn *sql.Conn, closed time.Duration) (*look, error) {
	asked := time.Now()
	s, err := e.server(ctx, conn)
	if err != nil {
		return nil, err
	}
	l := &look{databases: s.databases}
	var now string
	if err := conn.QueryRowContext(ctx, `SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)`).Scan(&now); err != nil {
		return nil, err
	}
	if l.at, err = time.Parse("2006-01-02 15:04:05.999999", now); err != nil {
		return nil, err
	}
	// A row counts when it is written, not when it is committed: what was written before
	// begin is either committed by then, or its transaction is among the sessions.
	if l.begin, err = s.counters(ctx, conn, e.config.LeaveOut); err != nil {
		return nil, err
	}
	if err := e.sessions(ctx, conn, l, closed+time.Since(asked)); err != nil {
		return nil, err
	}
	l.end, err = s.counters(ctx, conn, e.config.LeaveOut)
	return l, err
}

// position asks for the binary log's end.
func (e *mysqlEngine) position(ctx context.Context, conn *sql.Conn) (p Position, err error) {
	s, err := e.server(ctx, conn)
	if err != nil {
		return p, err
	}
	if !s.binlog {
		return Position{Note: "none: the binary log is off (log_bin)"}, nil
	}
	statement, grant := "SHOW MASTER STATUS", "GRANT REPLICATION CLIENT ON *.* TO "
	switch {
	case s.mariadb:
		grant = "GRANT BINLOG MONITOR ON *.* TO " // its name since MariaDB 10.5
	case s.version[0] > 8 || s.version[0] == 8 && s.version[1] >= 2:
		statement = "SHOW BINARY LOG STATUS" // MySQL 8.4 has no SHOW MASTER STATUS
	}
	values, err := oneRow(ctx, conn, statement)
	if err != nil {
		return p, s.privilege(err, "the position of the binary log", grant+s.account)
	}
	p.File, p.GTID = values["File"], strings.ReplaceAll(values["Executed_Gtid_Set"], "\n", "")
	if p.Offset, err = strconv.ParseInt(values["Position"], 10, 64); err != nil || p.File == "" {
		return p, errors.New("the server gave no position of its binary log")
	}
	if s.mariadb {
		err = conn.QueryRowContext(ctx, `SELECT @@global.gtid_binlog_pos`).Scan(&p.GTID)
	}
	return p, err
}

// oneRow returns a row by the names of its columns, whose number depends on the version.
func oneRow(ctx context.Context, conn *sql.Conn, query string) (map[string]string, error) {
	values := map[string]string{}
	err := each(ctx, conn, query, nil, func(rows *sql.Rows) error {
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		texts, places := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range texts {
			places[i] = &texts[i]
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		for i, name := range names {
			values[name] = texts[i].String
		}
		return nil
	})
	return values, err
}
