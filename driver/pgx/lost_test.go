package pgx_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/tcpproxy"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestWhatTheNetworkHoldsBack(t *testing.T) {
	e, dsn := engineAt(t, "")
	past, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer past.Close()
	at, err := jackc.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	// A role without any privilege but for the table.
	for _, text := range []string{`DROP ROLE IF EXISTS loses`, `CREATE ROLE loses LOGIN`, `GRANT ALL ON ALL TABLES IN SCHEMA public TO loses`,
		`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO loses`} {
		if _, err := past.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	defer past.Exec(`DROP OWNED BY loses; DROP ROLE loses`)
	proxy := tcpproxy.New(t, filepath.Join(at.Host, fmt.Sprintf(".s.PGSQL.%d", at.Port)))
	through := (&url.URL{Scheme: "postgres", User: url.User("loses"), Host: proxy.Addr(), Path: at.Database, RawQuery: "sslmode=disable"}).String()
	rows := func() (n int) {
		t.Helper()
		if err := past.QueryRow(e.Count).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	type write = func(context.Context) error
	opened := func(t *testing.T, db *sql.DB, err error, text string, args ...any) write {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, text, args...)
			return err
		}
	}
	pool := func(t *testing.T, g *sqlguard.Guard) *pgx.Pool {
		t.Helper()
		config, err := pgxpool.ParseConfig(through)
		if err != nil {
			t.Fatal(err)
		}
		config.ConnConfig.User = "nobody" // until it connects
		config.BeforeConnect = func(_ context.Context, c *jackc.ConnConfig) error {
			c.User = "loses"
			return nil
		}
		p, err := pgx.NewPoolWithConfig(t.Context(), config, g)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		return p
	}
	for _, tt := range []struct {
		name    string
		open    func(*testing.T, *sqlguard.Guard) write
		forgets bool
	}{
		{name: "a text", open: func(t *testing.T, g *sqlguard.Guard) write {
			db, err := pgx.Open(through, g)
			return opened(t, db, err, e.Insert)
		}},
		{name: "a text with arguments", open: func(t *testing.T, g *sqlguard.Guard) write {
			db, err := pgx.Open(through, g)
			return opened(t, db, err, "INSERT INTO u (a) VALUES ($1)", 1)
		}},
		{name: "over pgx's own pool", open: func(t *testing.T, g *sqlguard.Guard) write {
			p, err := pgxpool.New(t.Context(), through)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Close)
			db, err := pgx.OpenDBFromPool(p, g)
			return opened(t, db, err, e.Insert)
		}},
		{name: "natively", open: func(t *testing.T, g *sqlguard.Guard) write {
			p := pool(t, g)
			return func(ctx context.Context) error {
				_, err := p.Exec(ctx, e.Insert)
				return err
			}
		}},
		{name: "natively, a batch", open: func(t *testing.T, g *sqlguard.Guard) write {
			p := pool(t, g)
			return func(ctx context.Context) error {
				var b jackc.Batch
				b.Queue(e.Insert)
				return p.SendBatch(ctx, &b).Close()
			}
		}},
		{name: "natively, one connection", open: func(t *testing.T, g *sqlguard.Guard) write {
			c, err := pgx.Connect(t.Context(), through, g)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close(context.Background()) })
			return func(ctx context.Context) error {
				_, err := c.Exec(ctx, e.Insert)
				return err
			}
		}},
		{name: "a session that nobody can end", forgets: true, open: func(t *testing.T, g *sqlguard.Guard) write {
			cfg := pgx.Config(g)
			cfg.Session = nil
			db, err := driver.Open("pgx", through, cfg)
			return opened(t, db, err, e.Insert)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			enginetest.Lost(t, enginetest.Lossy{Proxy: proxy, Open: tt.open, Rows: rows, Late: tt.forgets})
		})
	}
}

// TestOnlyWhatWasLostIsEnded has the number of a session stand for another one.
func TestOnlyWhatWasLostIsEnded(t *testing.T) {
	_, dsn := engineAt(t, "")
	cfg, ctx := pgx.Config(nil), t.Context()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DROP ROLE IF EXISTS somebody; CREATE ROLE somebody LOGIN`); err != nil {
		t.Fatal(err)
	}
	defer db.Exec(`DROP ROLE somebody`)
	for _, tt := range []struct {
		name, user string
		ago        time.Duration
		ends       bool
	}{
		{"a session that was lost", "", 0, true},
		{"one that began since then", "", time.Hour, false},
		{"one of another role", "somebody", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at, err := jackc.ParseConfig(dsn)
			if err != nil {
				t.Fatal(err)
			}
			if tt.user != "" {
				at.User = tt.user
			}
			victim, err := jackc.ConnectConfig(ctx, at)
			if err != nil {
				t.Fatal(err)
			}
			defer victim.Close(ctx)
			conn, err := db.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			end := func() (left int) {
				err := conn.Raw(func(c any) (err error) {
					lost := []sqlguard.LostSession{{ID: fmt.Sprint(victim.PgConn().PID()), Ago: tt.ago}}
					left, err = cfg.EndSessions(ctx, c.(sqldriver.Conn), lost)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return left
			}
			left := end()
			if left > 0 != tt.ends {
				t.Errorf("%d were there", left)
			}
			for ; left > 0; left = end() {
			}
			if err := victim.Ping(ctx); err != nil != tt.ends {
				t.Errorf("the session is asked for an answer: %v", err)
			}
		})
	}
}
