package sqlstore_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	guarding "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
	"github.com/quiescehq/quiesce/sqlguard/fleet/sqlstore"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// engines are all databases, each with a function that returns a new empty one: its driver and DSN.
var engines = []struct {
	name, dialect, driver string
	database              func(t testing.TB) string
}{
	{"PostgreSQL", sqlstore.Postgres, "pgx", func(t testing.TB) string { return testdb.Postgres(t).Database(t) }},
	{"MariaDB", sqlstore.MySQL, "mysql", func(t testing.TB) string { return testdb.MariaDB(t).Database(t) }},
	{"MariaDB with parameters in the text", sqlstore.MySQL, "mysql", func(t testing.TB) string {
		return testdb.MariaDB(t).Database(t) + "?interpolateParams=true&charset=latin1"
	}},
	{"SQLite", sqlstore.SQLite, "sqlite", func(t testing.TB) string {
		return "file:" + filepath.Join(t.TempDir(), "fleet.db") + "?_pragma=busy_timeout(20)&_pragma=journal_mode(wal)"
	}},
}

func open(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func store(t testing.TB, c sqlstore.Config) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func initialise(t testing.TB, s *sqlstore.Store) *sqlstore.Store {
	t.Helper()
	if err := s.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachDatabaseIsAStore(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			dsn, n := e.database(t), 0
			fleettest.Run(t, func(t testing.TB) fleet.Coordinator {
				n++ // a fleet of its own for each test
				return initialise(t, store(t, sqlstore.Config{DB: open(t, e.driver, dsn), Dialect: e.dialect, Prefix: fmt.Sprintf("fleet%d_", n)}))
			})
		})
		t.Run(e.name+" with several clients", func(t *testing.T) {
			dsn, n := e.database(t), 0
			fleettest.Race(t, func(t testing.TB) (clients []fleet.Coordinator) {
				n++
				for range 3 {
					clients = append(clients, initialise(t, store(t, sqlstore.Config{
						DB: open(t, e.driver, dsn), Dialect: e.dialect, Prefix: fmt.Sprintf("fleet%d_", n),
					})))
				}
				return clients
			})
		})
	}
}

func TestInit(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			dsn := e.database(t)
			db := open(t, e.driver, dsn)
			s := store(t, sqlstore.Config{DB: db, Dialect: e.dialect})
			t.Run("check names the command while there are no tables", func(t *testing.T) {
				for range 2 { // check makes none
					if err := s.Check(t.Context()); !errors.Is(err, fleet.ErrNoSchema) || !strings.Contains(err.Error(), "quiesce init") {
						t.Fatalf("check: %v, want ErrNoSchema with the command", err)
					}
				}
			})
			t.Run("several at once all succeed", func(t *testing.T) {
				var all sync.WaitGroup
				for range 4 {
					other := store(t, sqlstore.Config{DB: open(t, e.driver, dsn), Dialect: e.dialect})
					all.Go(func() {
						if err := other.Init(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
			})
			t.Run("it changes nothing that is there", func(t *testing.T) {
				m, err := s.Swap(t.Context(), 1, fleet.Mode{State: fleet.Open})
				if err != nil {
					t.Fatal(err)
				}
				initialise(t, s)
				if got, err := s.Mode(t.Context()); err != nil || got.Epoch != m.Epoch {
					t.Errorf("the mode is %+v (%v), want epoch %d", got, err, m.Epoch)
				}
			})
			t.Run("another prefix is another fleet", func(t *testing.T) {
				other := store(t, sqlstore.Config{DB: db, Dialect: e.dialect, Prefix: "other_"})
				if err := other.Check(t.Context()); !errors.Is(err, fleet.ErrNoSchema) {
					t.Errorf("check: %v, want ErrNoSchema", err)
				}
				if m, err := initialise(t, other).Mode(t.Context()); err != nil || m.Epoch != 1 {
					t.Errorf("its mode is %+v (%v), want epoch 1", m, err)
				}
			})
			t.Run("tables of another version are left alone", func(t *testing.T) {
				i := fleet.Instance{ID: "a", Lease: "l", Service: "web", Protocol: 1, TTL: 1e12}
				if _, err := s.Register(t.Context(), i); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec("UPDATE quiesce_mode SET version = 2"); err != nil {
					t.Fatal(err)
				}
				_, mode := s.Mode(t.Context())
				_, beat := s.Heartbeat(t.Context(), "a", "l", fleet.Report{})
				_, all := s.List(t.Context())
				_, swapped := s.Swap(t.Context(), 2, fleet.Mode{State: fleet.Open})
				for what, err := range map[string]error{
					"init": s.Init(t.Context()), "check": s.Check(t.Context()),
					"mode": mode, "heartbeat": beat, "list": all, "swap": swapped,
				} {
					if !errors.Is(err, fleet.ErrNoSchema) || !strings.Contains(err.Error(), "version 2") {
						t.Errorf("%s: %v, want ErrNoSchema that names the version", what, err)
					}
				}
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	db := open(t, "sqlite", ":memory:")
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	guarded, err := guarding.Open("sqlite", ":memory:", guarding.Config{Guard: g, Dialect: sqlite.Dialect{}})
	if err != nil {
		t.Fatal(err)
	}
	defer guarded.Close()
	for _, c := range []struct {
		name   string
		config sqlstore.Config
		want   string
	}{
		{"no pool", sqlstore.Config{Dialect: sqlstore.SQLite}, "Config.DB must not be nil"},
		{"no dialect", sqlstore.Config{DB: db}, "Config.Dialect must be postgres, mysql or sqlite"},
		{"a prefix that needs quotes", sqlstore.Config{DB: db, Dialect: sqlstore.SQLite, Prefix: `a"; DROP`}, "Config.Prefix"},
		{"a guarded pool", sqlstore.Config{DB: guarded, Dialect: sqlstore.SQLite}, "guarded pool"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := sqlstore.New(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("New: %v, want an error with %q", err, c.want)
			}
		})
	}
}
