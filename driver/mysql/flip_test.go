package mysql_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	inner "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheFlipOnMariaDB(t *testing.T) {
	dsn := testdb.MariaDB(t).Database(t)
	enginetest.Flip(t, 25*time.Millisecond, func(g *sqlguard.Guard) *enginetest.FlipEngine { return flipEngine(t, dsn, g) })
}

func flipEngine(t *testing.T, dsn string, g *sqlguard.Guard) *enginetest.FlipEngine {
	bare, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"CREATE TABLE flip (id int AUTO_INCREMENT PRIMARY KEY, kind int, unit int, parts int)",
		// The guarded pool's own, by which its connections are told from the others.
		"CREATE USER IF NOT EXISTS flip@localhost",
		"GRANT ALL ON *.* TO flip@localhost",
	} {
		if _, err := bare.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	config, err := inner.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	sockets := &enginetest.Sockets{}
	config.User, config.MultiStatements = "flip", true
	config.DialFunc, config.Logger = sockets.Dial, &inner.NopLogger{}
	if sockets.Connector, err = inner.NewConnector(config); err != nil {
		t.Fatal(err)
	}
	db, err := driver.OpenDB(sockets, mysql.Config(g))
	if err != nil {
		t.Fatal(err)
	}
	return &enginetest.FlipEngine{
		DB: db, Bare: bare,
		Nap:         func(d time.Duration) string { return fmt.Sprintf("sleep(%g) = 0", d.Seconds()) },
		Wide:        "repeat('x', 200000)",
		Prepared:    "INSERT INTO flip (kind, unit, parts) SELECT ?, ?, ? FROM dual",
		SeveralArgs: []any{},
		Kinds:       []enginetest.FlipKind{{Name: "autocommit=0", Write: withoutAutocommit}},
		Cut: func(conn *sql.Conn) (kill, hangUp func() error, err error) {
			return cut(bare, sockets, conn)
		},
		Lost:        lost,
		Interrupted: func(err error) bool { return number(err) == 1317 || lost(err) },
		Conflict:    func(err error) bool { return number(err) == 1213 || number(err) == 1205 },
		Open: func() (open int, err error) {
			var what sql.NullString
			err = bare.QueryRow(`SELECT count(*), group_concat(what SEPARATOR '; ') FROM (
				SELECT concat_ws(', ', trx_mysql_thread_id, trx_state, trx_started, trx_query) AS what FROM information_schema.innodb_trx
				UNION ALL SELECT concat_ws(', ', id, command, time_ms, state, info) FROM information_schema.processlist
				WHERE user = 'flip' AND command <> 'Sleep') AS o`).Scan(&open, &what)
			if err == nil && open > 0 {
				err = errors.New(what.String)
			}
			return open, err
		},
	}
}

// A server that is asked to commit does so, also when it gets to it long after its
// client has gone.
func TestDrainWaitsForACommitThatOutlivesItsClient(t *testing.T) {
	const tail = time.Second
	g, err := sqlguard.New(sqlguard.Config{Tail: tail})
	if err != nil {
		t.Fatal(err)
	}
	e := flipEngine(t, testdb.MariaDB(t).Database(t), g)
	t.Cleanup(func() { e.Bare.Close() })
	t.Cleanup(func() { e.DB.Close() })
	ctx := context.Background()
	conn, err := e.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, hangUp, err := e.Cut(conn)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO flip (kind) VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	unlock := withholdCommits(t, e.Bare)
	committed := make(chan error, 1)
	go func() { committed <- tx.Commit() }()
	await(t, e.Bare, "SELECT count(*) FROM information_schema.processlist WHERE user = 'flip' AND state LIKE 'Waiting for %lock'")
	if err := hangUp(); err != nil {
		t.Fatal(err)
	}
	if err := <-committed; !lost(err) {
		t.Fatalf("the commit's error is %v", err)
	}
	if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(tail/2, unlock)
	report, err := g.Drain(ctx)
	if err != nil || len(report.Unknown) != 1 {
		t.Errorf("drain: %v, %d outcomes are unknown, want 1", err, len(report.Unknown))
	}
	var n int
	if err := e.Bare.QueryRow("SELECT count(*) FROM flip").Scan(&n); err != nil || n != 1 {
		t.Errorf("when Drain returned %d rows were committed, %v; want 1", n, err)
	}
}

// withholdCommits keeps the server from committing until it is undone.
func withholdCommits(t *testing.T, bare *sql.DB) (undo func()) {
	conn, err := bare.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(text string) {
		if _, err := conn.ExecContext(context.Background(), text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	exec("FLUSH TABLES WITH READ LOCK")
	undo = sync.OnceFunc(func() {
		exec("UNLOCK TABLES")
		conn.Close()
	})
	t.Cleanup(undo)
	return undo
}

// await waits until a query counts something.
func await(t *testing.T, bare *sql.DB, query string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		var n int
		if err := bare.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
	t.Fatalf("%s: none", query)
}

// withoutAutocommit writes transactions that begin by themselves, two on a session.
func withoutAutocommit(ctx context.Context, u *enginetest.FlipUnit) (rows int, err error) {
	err = u.Pinned(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "SET autocommit = 0"); err != nil {
			return err
		}
		ended := "COMMIT"
		if u.Chance(3) {
			ended = "SET autocommit = 1" // commits in passing
		}
		rows, err = u.Texts(ctx, conn, "SELECT 1", ended, 2)
		if err != nil || ended == "COMMIT" {
			// A session in this state is not for the next user of the pool.
			defer u.Discard(conn)
		}
		return err
	})
	return rows, err
}

func cut(bare *sql.DB, sockets *enginetest.Sockets, conn *sql.Conn) (kill, hangUp func() error, err error) {
	var id int64
	if err := conn.QueryRowContext(context.Background(), "SELECT connection_id()").Scan(&id); err != nil {
		return nil, nil, err
	}
	err = conn.Raw(func(c any) error {
		socket, err := sockets.Of(c)
		if err == nil {
			hangUp = socket.Close
		}
		return err
	})
	return func() error {
		_, err := bare.Exec(fmt.Sprintf("KILL CONNECTION %d", id))
		if number(err) == 1094 {
			return nil // no such thread any more
		}
		return err
	}, hangUp, err
}

// lost reports whether an error is that of a connection that is gone.
func lost(err error) bool {
	for _, gone := range []error{sqldriver.ErrBadConn, sql.ErrConnDone, inner.ErrInvalidConn, net.ErrClosed, io.EOF} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return slices.Contains([]uint16{1053, 1317, 1927}, number(err)) // shutdown, interrupted, killed
}

func number(err error) uint16 {
	var e *inner.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}
