package mysql_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"strconv"
	"strings"
	"testing"
	"time"

	bare "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	guarded "github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/internal/tcpproxy"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestWhatTheNetworkHoldsBack(t *testing.T) {
	e, past, dsn := engineAt(t, "")
	own, err := bare.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	proxy := tcpproxy.New(t, own.Addr)
	own.Net, own.Addr = "tcp", "127.0.0.1:"+strconv.Itoa(proxy.Port())
	rows := func() (n int) {
		t.Helper()
		if err := past.QueryRow(e.Count).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, tt := range []struct {
		name    string
		change  func(*driver.Config)
		write   string
		args    []any
		forgets bool
	}{
		{name: "a text", write: e.Insert},
		{name: "a prepared statement", write: "INSERT INTO u (a) VALUES (?)", args: []any{1}},
		{name: "a session that nobody can end", change: func(c *driver.Config) { c.EndSessions = nil }, write: e.Insert, forgets: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			enginetest.Lost(t, enginetest.Lossy{Proxy: proxy, Rows: rows, Late: tt.forgets,
				Open: func(t *testing.T, g *sqlguard.Guard) func(context.Context) error {
					cfg := guarded.Config(g)
					if tt.change != nil {
						tt.change(&cfg)
					}
					return writer(t, own.FormatDSN(), cfg, tt.write, tt.args)
				}})
		})
	}
}

func writer(t *testing.T, dsn string, cfg driver.Config, text string, args []any) func(context.Context) error {
	t.Helper()
	db, err := driver.Open("mysql", dsn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	exec := func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, text, args...)
		return err
	}
	if len(args) == 0 {
		return exec
	}
	var s *sql.Stmt
	return func(ctx context.Context) (err error) {
		if s == nil {
			if s, err = db.PrepareContext(ctx, text); err != nil {
				return err
			}
			t.Cleanup(func() { s.Close() })
		}
		_, err = s.ExecContext(ctx, args...)
		return err
	}
}

// TestOnlyWhatWasLostIsEnded has the number of a session stand for another one.
func TestOnlyWhatWasLostIsEnded(t *testing.T) {
	_, past, dsn := engineAt(t, "")
	cfg, ctx := guarded.Config(nil), t.Context()
	own, err := bare.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	root := own.Clone()
	root.User = "root"
	for _, tt := range []struct {
		name   string
		victim *bare.Config
		server string // "" is the one there is
		ago    time.Duration
		ends   bool
	}{
		{"a session that was lost", own, "", 0, true},
		{"one on another server", own, "4711:", 0, false},
		{"one of the same number, since the server was started", own, "", 365 * 24 * time.Hour, false},
		{"one of another account", root, "", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			on := func(c *bare.Config) *sql.Conn {
				t.Helper()
				connector, err := bare.NewConnector(c)
				if err != nil {
					t.Fatal(err)
				}
				db := sql.OpenDB(connector)
				t.Cleanup(func() { db.Close() })
				conn, err := db.Conn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				return conn
			}
			raw := func(on *sql.Conn, do func(sqldriver.Conn) error) {
				t.Helper()
				if err := on.Raw(func(c any) error { return do(c.(sqldriver.Conn)) }); err != nil {
					t.Fatal(err)
				}
			}
			victim, other, id := on(tt.victim), on(own), ""
			raw(victim, func(c sqldriver.Conn) (err error) {
				id, err = cfg.Session(ctx, c)
				return err
			})
			if _, number, _ := strings.Cut(id, ":"); tt.server != "" {
				id = tt.server + number
			}
			end := func() (left int) {
				raw(other, func(c sqldriver.Conn) (err error) {
					left, err = cfg.EndSessions(ctx, c, []sqlguard.LostSession{{ID: id, Ago: tt.ago}})
					return err
				})
				return left
			}
			left := end()
			if left > 0 != tt.ends {
				t.Errorf("%d were there", left)
			}
			for ; left > 0; left = end() {
			}
			var there int
			_, number, _ := strings.Cut(id, ":")
			if err := past.QueryRow("SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", number).Scan(&there); err != nil {
				t.Fatal(err)
			}
			if there == 1 == tt.ends {
				t.Errorf("of the session %d are there", there)
			}
		})
	}
}
