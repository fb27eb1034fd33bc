package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// processesQuery lists the sessions, those of the server too. Of the statements it takes no
// more than it needs to see what kind they are.
const processesQuery = `SELECT ID, COALESCE(USER, ''), COALESCE(HOST, ''), COALESCE(DB, ''),
	COALESCE(COMMAND, ''), COALESCE(TIME, 0), COALESCE(LEFT(INFO, 200), '')
FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() ORDER BY ID`

// transactionsQuery lists InnoDB's transactions. trx_started has whole seconds of the system's
// time zone, so an age is up to a second more than it is.
const transactionsQuery = `SELECT trx_id, trx_mysql_thread_id, trx_rows_modified, trx_rows_locked,
	trx_is_read_only, trx_isolation_level,
	TIMESTAMPDIFF(MICROSECOND, trx_started, CONVERT_TZ(NOW(6), @@session.time_zone, 'SYSTEM')) / 1000000,
	CAST(trx_started AS CHAR), trx_mysql_thread_id = CONNECTION_ID()
FROM information_schema.INNODB_TRX ORDER BY trx_started`

// A mysqlTransaction is a row of transactionsQuery.
type mysqlTransaction struct {
	id               string
	thread           int64
	modified, locked int64
	readOnly         bool
	isolation        string
	age              float64
}

// A mysqlSession is a row of processesQuery, and its transaction if it has one.
type mysqlSession struct {
	Writer
	command, verb string
	transaction   *mysqlTransaction
}

func (e *mysqlEngine) sessions(ctx context.Context, conn *sql.Conn, l *look, closed time.Duration) error {
	transactions, err := freshTransactions(ctx, conn)
	if err != nil {
		return fmt.Errorf("reading the transactions: %w", err)
	}
	err = eachProcess(ctx, conn, func(s mysqlSession) {
		if t, found := transactions[s.PID]; found {
			s.transaction = &t
			delete(transactions, s.PID)
		}
		e.place(s, l, closed)
	})
	if err != nil {
		return fmt.Errorf("reading the sessions: %w", err)
	}
	// Those whose session has gone since, and those that have none: all prepared by XA.
	for _, t := range transactions {
		e.place(mysqlSession{Writer: Writer{PID: max(t.thread, 0)}, transaction: &t}, l, closed)
	}
	return nil
}

func eachProcess(ctx context.Context, conn queryer, do func(mysqlSession)) error {
	return each(ctx, conn, processesQuery, nil, func(rows *sql.Rows) error {
		var s mysqlSession
		var text string
		if err := rows.Scan(&s.PID, &s.User, &s.Client, &s.Database, &s.command, &s.AgeSeconds, &text); err != nil {
			return err
		}
		s.verb = firstWord(text)
		if s.Client == "localhost" {
			s.Client = "local"
		}
		do(s)
		return nil
	})
}

const (
	// settle is how old the server's copy of its transactions may be: InnoDB does not renew
	// it while it is read more often than every 0.1 s, by whomever.
	settle = 150 * time.Millisecond
	// settleTries is how often to try for a newer copy.
	settleTries = 20
)

// freshTransactions returns the transactions as they are, by their session.
func freshTransactions(ctx context.Context, conn *sql.Conn) (map[int64]mysqlTransaction, error) {
	for range settleTries {
		transactions, fresh, err := tryTransactions(ctx, conn)
		if err != nil || fresh {
			return transactions, err
		}
	}
	return nil, errors.New("information_schema.INNODB_TRX is out of date, because another client reads it more often than every 0.1 s: stop that one")
}

// tryTransactions sees that the copy is new by a transaction of its own, which cannot write:
// it must be listed. Those of earlier looks began at least a second before.
func tryTransactions(ctx context.Context, conn *sql.Conn) (all map[int64]mysqlTransaction, fresh bool, err error) {
	var now string
	err = conn.QueryRowContext(ctx, `SELECT COALESCE(CAST(CONVERT_TZ(NOW(), @@session.time_zone, 'SYSTEM') AS CHAR), '')`).Scan(&now)
	switch {
	case err != nil:
		return nil, false, err
	case now == "":
		return nil, false, errors.New("the server cannot convert the session's time zone to its own: set the connection's time_zone to SYSTEM")
	}
	if _, err := conn.ExecContext(ctx, `START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`); err != nil {
		return nil, false, err
	}
	// With a context of its own, so that the session is not given back with a transaction.
	defer conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	if err := pause(ctx, settle); err != nil {
		return nil, false, err
	}
	all, own, err := mysqlTransactions(ctx, conn)
	return all, own >= now, err
}

// mysqlTransactions returns the transactions but this session's, and when that one began. Those
// without a session are given negative numbers.
func mysqlTransactions(ctx context.Context, conn *sql.Conn) (all map[int64]mysqlTransaction, own string, err error) {
	all = map[int64]mysqlTransaction{}
	err = each(ctx, conn, transactionsQuery, nil, func(rows *sql.Rows) error {
		var t mysqlTransaction
		var started string
		var mine bool
		err := rows.Scan(&t.id, &t.thread, &t.modified, &t.locked, &t.readOnly, &t.isolation, &t.age, &started, &mine)
		switch {
		case err != nil:
			return err
		case mine:
			own = started
			return nil
		case t.thread == 0:
			t.thread = -int64(len(all)) - 1
		}
		all[t.thread] = t
		return nil
	})
	return all, own, err
}

// place puts the session where it belongs: with the writers, with what is left out, or
// nowhere.
func (e *mysqlEngine) place(s mysqlSession, l *look, closed time.Duration) {
	if strings.HasPrefix(s.command, "Binlog Dump") {
		l.leftOut = append(l.leftOut, LeftOutItem{Kind: "replication", Name: s.name()})
		return
	}
	if s.transaction != nil {
		s.AgeSeconds = s.transaction.age
	}
	s.Hold, s.Detail = s.hold(closed)
	if s.Hold == "" {
		return
	}
	w := writer{Writer: s.Writer, excused: slices.Contains(e.config.LeaveOut.Roles, s.User)}
	if s.transaction != nil {
		w.transaction = s.transaction.id
	}
	l.writers = append(l.writers, w)
}

// hold says why the session is a writer, if it is.
func (s mysqlSession) hold(closed time.Duration) (Hold, string) {
	t := s.transaction
	switch {
	case t != nil && t.thread < 0:
		return HoldsPrepared, fmt.Sprintf("transaction %s without a session, which XA COMMIT or XA ROLLBACK ends (see XA RECOVER)", t.id)
	case t != nil && t.modified > 0:
		return HoldsTransaction, fmt.Sprintf("%s, in transaction %s that has modified %d rows", s.doing(), t.id, t.modified)
	// At SERIALIZABLE plain reads lock rows.
	case t != nil && t.locked > 0 && t.isolation != "SERIALIZABLE":
		return HoldsLock, fmt.Sprintf("%s, in transaction %s that has locked %d rows", s.doing(), t.id, t.locked)
	case writeVerbs[s.verb]:
		return HoldsStatement, "running " + s.verb
	case t != nil && !t.readOnly && t.age >= closed.Seconds():
		return HoldsOld, fmt.Sprintf("%s, in transaction %s, which began before writing was closed and may still write", s.doing(), t.id)
	// TIME has whole seconds, rounded down.
	case s.running() && s.AgeSeconds+1 >= closed.Seconds():
		return HoldsOld, fmt.Sprintf("%s since before writing was closed", s.doing())
	}
	return "", ""
}

// running reports whether the session executes something of a client's. The server's own
// threads wait in these states for days.
func (s mysqlSession) running() bool {
	switch s.command {
	case "Query", "Execute", "Fetch", "Long Data", "Init DB", "Create DB", "Drop DB":
		return true
	}
	return false
}

func (s mysqlSession) doing() string {
	switch {
	case s.command == "":
		return "session unknown"
	case s.command == "Sleep":
		return "idle"
	case s.verb != "":
		return "running " + s.verb
	}
	return "in command " + s.command
}

func (s mysqlSession) name() string {
	return fmt.Sprintf("pid %d %s %s", s.PID, s.User, s.Client)
}

// writeVerbs are the first words of statements that change data or the schema, or may. In a
// transaction they show as modified rows only with the first row.
var writeVerbs = map[string]bool{
	"INSERT": true, "UPDATE": true, "DELETE": true, "REPLACE": true, "LOAD": true, "TRUNCATE": true,
	"CREATE": true, "ALTER": true, "DROP": true, "RENAME": true, "IMPORT": true, "OPTIMIZE": true,
	"REPAIR": true, "GRANT": true, "REVOKE": true, "CALL": true,
}

// firstWord is the first word of a statement, in capitals. Comments before it are skipped.
func firstWord(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n(;")
		rest, found := strings.CutPrefix(text, "/*")
		if !found {
			break
		}
		_, text, found = strings.Cut(rest, "*/")
		if !found {
			return ""
		}
	}
	end := strings.IndexFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end >= 0 {
		text = text[:end]
	}
	return strings.ToUpper(text)
}
