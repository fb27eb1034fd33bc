package mysql

import (
	"cmp"
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

var errNoUptime = errors.New("driver/mysql: Uptime is not a number of seconds")

var errNoSession = errors.New("driver/mysql: the connection is closed, and its session was not asked for")

// sessionID asks which session of which server a connection has: another server has others by the same numbers.
func sessionID(ctx context.Context, c sqldriver.Conn) (string, error) {
	if !alive(c) {
		return "", errNoSession
	}
	ids, err := column(ctx, c, "SELECT CONCAT(@@server_id, ':', CONNECTION_ID())")
	if err != nil {
		return "", err
	}
	if len(ids) != 1 {
		return "", fmt.Errorf("driver/mysql: the server says %d times which session it is", len(ids))
	}
	return ids[0], nil
}

// endSessions kills those of the same account that are there still, for which no privilege is needed (MariaDB 10.11 and MySQL
// 8.4, KILL). The numbers of connections are not used again before the server is started again, and then none is left of those before.
func endSessions(ctx context.Context, c sqldriver.Conn, lost []sqlguard.LostSession) (left int, err error) {
	status, err := column(ctx, c, "SHOW GLOBAL STATUS LIKE 'Uptime'")
	if err != nil || len(status) != 1 {
		return 0, fmt.Errorf("driver/mysql: the server does not say how long it is up: %w", cmp.Or(err, errNoUptime))
	}
	uptime, err := strconv.Atoi(status[0])
	if err != nil {
		return 0, errNoUptime
	}
	var in []string
	for _, l := range lost {
		if l.Ago < time.Duration(uptime+1)*time.Second {
			in = append(in, "'"+l.ID+"'")
		}
	}
	if in == nil {
		return 0, nil
	}
	there, err := column(ctx, c, "SELECT CONCAT('', id) FROM information_schema.processlist"+
		" WHERE CONCAT(@@server_id, ':', id) IN ("+strings.Join(in, ", ")+")"+
		" AND user = SUBSTRING_INDEX(USER(), '@', LENGTH(USER()) - LENGTH(REPLACE(USER(), '@', ''))) AND id <> CONNECTION_ID()")
	if err != nil {
		return 0, err
	}
	execs, ok := driver.Find[sqldriver.ExecerContext](c)
	if !ok {
		return 0, sqldriver.ErrSkip
	}
	for _, id := range there {
		_, err := execs.ExecContext(ctx, "KILL "+id, nil)
		var gone *mysql.MySQLError
		if err != nil && !(errors.As(err, &gone) && gone.Number == 1094) { // ER_NO_SUCH_THREAD
			return 0, err
		}
	}
	return len(there), nil
}

// column returns the last column of a query without arguments.
func column(ctx context.Context, c sqldriver.Conn, query string) (values []string, err error) {
	queries, ok := driver.Find[sqldriver.QueryerContext](c)
	if !ok {
		return nil, sqldriver.ErrSkip
	}
	rows, err := queries.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row := make([]sqldriver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return values, nil
		case err != nil:
			return nil, err
		}
		switch v := row[len(row)-1].(type) {
		case []byte:
			values = append(values, string(v))
		case string:
			values = append(values, v)
		default:
			return nil, fmt.Errorf("driver/mysql: the server answers with %T, and not with a text", v)
		}
	}
}
