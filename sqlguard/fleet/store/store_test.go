package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// servers are those that are reached by a connection: each returns the DSN of an empty database behind a
// proxy.
var servers = []struct {
	name string
	dsn  func(t *testing.T) (*proxy, string)
}{
	{"PostgreSQL", func(t *testing.T) (*proxy, string) {
		config, err := pgx.ParseConfig(testdb.Postgres(t).Database(t))
		if err != nil {
			t.Fatal(err)
		}
		p := startProxy(t, config.Host+"/.s.PGSQL.5432")
		return p, fmt.Sprintf("postgres://%s:s3cret@%s/%s?sslmode=disable", config.User, p.address, config.Database)
	}},
	{"MariaDB", func(t *testing.T) (*proxy, string) {
		config, err := mysql.ParseDSN(testdb.MariaDB(t).Database(t))
		if err != nil {
			t.Fatal(err)
		}
		p := startProxy(t, config.Addr)
		return p, fmt.Sprintf("mysql://%s@%s/%s", config.User, p.address, config.DBName)
	}},
}

// open returns an initialised store.
func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.OpenUnchecked(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	checked, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checked.Close() })
	return checked
}

func TestEachDSNOpensAStore(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		fleettest.Run(t, func(t testing.TB) fleet.Coordinator {
			return open(t, "sqlite:"+filepath.Join(t.TempDir(), "a fleet, 100% #1.db"))
		})
	})
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			fleettest.Race(t, func(t testing.TB) (clients []fleet.Coordinator) {
				_, dsn := server.dsn(t.(*testing.T))
				for range 3 {
					clients = append(clients, open(t, dsn))
				}
				return clients
			})
		})
	}
}

var instance = fleet.Instance{ID: "a", Lease: "lease", Service: "web", Protocol: fleet.Protocol, TTL: time.Hour}

func TestAHeartbeatIsOneRequest(t *testing.T) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			p, dsn := server.dsn(t)
			s := open(t, dsn)
			if _, err := s.Register(t.Context(), instance); err != nil {
				t.Fatal(err)
			}
			const beats = 50
			before := p.requests.Load()
			for range beats {
				if _, err := s.Heartbeat(t.Context(), "a", "lease", fleet.Report{Epoch: 1}); err != nil {
					t.Fatal(err)
				}
			}
			// The fleet of the bar sends 50 a second, and may cost 60.
			if n := p.requests.Load() - before; n > beats+10 {
				t.Errorf("%d heartbeats were %d requests", beats, n)
			}
		})
	}
}

func TestAConnectionIsLostInTheMiddleOfACall(t *testing.T) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			p, dsn := server.dsn(t)
			s := open(t, dsn)
			if _, err := s.Register(t.Context(), instance); err != nil {
				t.Fatal(err)
			}
			next := fleet.Mode{State: fleet.Open}
			next.Change.Message = "mine"
			calls := map[string]func() error{
				"swap":      func() error { _, err := s.Swap(t.Context(), 1, next); return err },
				"heartbeat": func() error { _, err := s.Heartbeat(t.Context(), "a", "lease", fleet.Report{}); return err },
				"register":  func() error { _, err := s.Register(t.Context(), instance); return err },
				"list":      func() error { _, err := s.List(t.Context()); return err },
			}
			for name, call := range calls {
				p.lose.Store(true)
				if err := call(); err == nil {
					t.Errorf("%s succeeded without an answer", name)
				} else if strings.Contains(err.Error(), "s3cret") {
					t.Errorf("%s: the error holds the password: %v", name, err)
				}
				p.lose.Store(false)
				err := call()
				var conflict *fleet.ConflictError
				if errors.As(err, &conflict) && conflict.Current.Change.Message == "mine" {
					err = nil
				}
				if err != nil {
					t.Errorf("%s, once more: %v", name, err)
				}
			}
			p.cut() // between two calls
			if _, err := s.Heartbeat(t.Context(), "a", "lease", fleet.Report{}); err != nil {
				if _, err = s.Heartbeat(t.Context(), "a", "lease", fleet.Report{}); err != nil {
					t.Errorf("after the connection was cut: %v", err)
				}
			}
			p.hang.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := s.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a call without an answer: %v, want context.DeadlineExceeded", err)
			}
		})
	}
}

func TestAChangeIsHintedAt(t *testing.T) {
	p, dsn := servers[0].dsn(t)
	writer, listener := open(t, dsn), open(t, dsn)
	await := func(what string) {
		t.Helper()
		select {
		case <-listener.Changed():
		case <-time.After(time.Minute):
			t.Fatalf("no hint %s", what)
		}
	}
	swap := func() {
		t.Helper()
		m, err := writer.Mode(t.Context())
		if err != nil {
			m, err = writer.Mode(t.Context()) // the connection was cut
		}
		if err == nil {
			_, err = writer.Swap(t.Context(), m.Epoch, fleet.Mode{State: fleet.Open})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	await("after connecting")
	for range 3 {
		swap()
		await("after a swap")
	}
	if _, err := writer.Register(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
	if len(listener.Changed()) != 0 {
		t.Error("there is a hint at a change that is none of the mode")
	}
	p.cut()
	await("after connecting again")
	swap()
	await("after a swap on the new connection")
}

func TestAStoreThatIsNotInitialised(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fleet.db")
	dsns := []string{file}
	for _, server := range servers {
		_, dsn := server.dsn(t)
		dsns = append(dsns, dsn)
	}
	for _, dsn := range dsns {
		if _, err := store.Open(t.Context(), dsn); !errors.Is(err, fleet.ErrNoSchema) || !strings.Contains(err.Error(), "quiesce init") {
			t.Errorf("%s: %v, want ErrNoSchema with the command", store.Redact(dsn), err)
		}
	}
	if found, _ := filepath.Glob(file + "*"); len(found) > 0 {
		t.Errorf("opening made %q", found)
	}
}

func TestNoTextHoldsThePassword(t *testing.T) {
	for _, c := range []struct{ dsn, want string }{
		{"postgres://ada:s3cret@db.example:5433/shop?sslmode=disable", "postgres://ada@db.example:5433/shop"},
		{"postgresql://ada@db.example/shop?password=s3cret", "postgres://ada@db.example:5432/shop"},
		{"postgres://ada@/shop?host=/run/postgresql&password=s3cret", "postgres://ada@/shop?host=%2Frun%2Fpostgresql"},
		{"mysql://ada:s3cret@db.example/shop?timeout=1s", "mysql:ada@tcp(db.example:3306)/shop"},
		{"mariadb://ada:s3cret%2F%3F@db.example:3307/shop", "mysql:ada@tcp(db.example:3307)/shop"},
		{"mysql:ada:s3cret@unix(/run/mysqld.sock)/shop", "mysql:ada@unix(/run/mysqld.sock)/shop"},
		{"sqlite:/var/lib/fleet.db?_pragma=s3cret", "sqlite:/var/lib/fleet.db"},
		{"sqlite:///var/lib/fleet.db", "sqlite:/var/lib/fleet.db"},
		{"./fleet.db", "sqlite:./fleet.db"},
		{"postgres://ada:s3cret%zz@db.example/shop", "postgres:…"},
		{"postgres://ada:s3cret@db.example:port/shop", "postgres:…"},
		{"mysql://ada:s3cret%zz@db.example/shop", "mysql:…"},
		{"mysql://ada:s3cret@/shop", "mysql:…"},
		{"mysql:ada:s3cret@tcp(db.example", "mysql:…"},
		{"mysql:ada:s3cret@tcp(db.example)/", "mysql:…"},
		{"postgre://ada:s3cret@db.example/shop", "…"},
		{"ada:s3cret@tcp(db.example)/shop", "…"},
		{"sqlite::memory:?s3cret", "sqlite:…"},
		{"", "…"},
	} {
		t.Run(c.dsn, func(t *testing.T) {
			if got := store.Redact(c.dsn); got != c.want {
				t.Errorf("Redact is %s, want %s", got, c.want)
			}
			s, err := store.OpenUnchecked(c.dsn)
			if refused := strings.HasSuffix(c.want, "…"); refused != (err != nil) {
				t.Errorf("it opens with %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error holds the password: %v", err)
			}
			if err == nil {
				s.Close()
			}
		})
	}
	t.Run("nor does a connection that fails", func(t *testing.T) {
		for _, dsn := range []string{
			"postgres://ada:s3cret@127.0.0.1:1/shop", "mysql://ada:s3cret@127.0.0.1:1/shop",
			"postgres://ada:s3cret@s3cret.invalid/shop", "mysql://ada:s3cret@s3cret.invalid/shop",
		} {
			_, err := store.Open(t.Context(), dsn)
			if err == nil || strings.Contains(strings.ReplaceAll(err.Error(), store.Redact(dsn), ""), "s3cret") {
				t.Errorf("the error is %v", err)
			}
		}
	})
}
