package pgx_test

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// How the read load is made: like pgbench's select-only script, from two clients.
const (
	accounts = 10_000
	clients  = 2
	pairs    = 300
	round    = 50 * time.Millisecond
)

// read reads an account.
type read func(aid int) (balance int, err error)

const readText = "SELECT abalance FROM accounts WHERE aid = $1"

// accountsOn makes the accounts on a server, and returns its DSN.
func accountsOn(t *testing.T) (dsn string) {
	t.Helper()
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	dsn = testdb.Postgres(t).Database(t)
	bare, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	for _, text := range []string{
		`CREATE TABLE accounts (aid int PRIMARY KEY, abalance int NOT NULL, filler char(84))`,
		`INSERT INTO accounts SELECT g, g, '' FROM generate_series(1, 10000) g`,
		`ANALYZE accounts`,
	} {
		if _, err := bare.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	return dsn
}

// inMode returns a guard of its own.
func inMode(t *testing.T, mode sqlguard.Mode) *sqlguard.Guard {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Config{})
	if err == nil {
		err = g.Hold("test", sqlguard.Change{Mode: mode})
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestThroughput holds the throughput of a read load on a real server to that of the bare
// driver. Both take turns; the bar is for the median of the pairs.
func TestThroughput(t *testing.T) {
	dsn := accountsOn(t)
	reads := func(db *sql.DB, err error) read {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		db.SetMaxIdleConns(clients)
		return func(aid int) (balance int, err error) {
			err = db.QueryRow(readText, aid).Scan(&balance)
			return balance, err
		}
	}
	bare := reads(sql.Open("pgx", dsn))
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly} {
		atLeast(t, "database/sql", mode, 0.97, bare, reads(pgx.Open(dsn, inMode(t, mode))))
	}
}

// TestNativeThroughput does the same with pgx's own pool.
func TestNativeThroughput(t *testing.T) {
	dsn := accountsOn(t)
	reads := func(p querier) read {
		return func(aid int) (balance int, err error) {
			err = p.QueryRow(ctx, readText, aid).Scan(&balance)
			return balance, err
		}
	}
	bare, err := pgxpool.New(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	for mode, least := range map[sqlguard.Mode]float64{sqlguard.Off: 0.99, sqlguard.ReadOnly: 0.97} {
		pool, err := pgx.NewPool(ctx, dsn, inMode(t, mode))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		atLeast(t, "pgxpool", mode, least, reads(bare), reads(pool))
	}
}

// atLeast demands a share of the bare throughput.
func atLeast(t *testing.T, what string, mode sqlguard.Mode, least float64, bare, guarded read) {
	t.Helper()
	load(t, bare) // connects, and prepares the statement
	load(t, guarded)
	median, lowest, highest := paired(t, bare, guarded)
	t.Logf("reads from PostgreSQL, mode %s: %.3f of the bare throughput of %s, at least %.3f wanted (the median of %d pairs, which are from %.3f to %.3f)",
		mode, median, what, least, pairs, lowest, highest)
	if median < least {
		t.Errorf("mode %s: the throughput is %.3f of the bare one of %s", mode, median, what)
	}
}

// paired runs the load on both pools in turns, each first as often as second.
func paired(t *testing.T, bare, guarded read) (median, lowest, highest float64) {
	t.Helper()
	ratios := make([]float64, pairs)
	for i := range ratios {
		first, second := bare, guarded
		if i%2 == 1 {
			first, second = guarded, bare
		}
		a, b := load(t, first), load(t, second)
		if i%2 == 1 {
			a, b = b, a
		}
		ratios[i] = b / a
	}
	slices.Sort(ratios)
	return (ratios[(pairs-1)/2] + ratios[pairs/2]) / 2, ratios[0], ratios[pairs-1]
}

// load reads accounts for a round, and returns how many a second.
func load(t *testing.T, get read) float64 {
	t.Helper()
	counts := make([]int, clients)
	var all sync.WaitGroup
	start := time.Now()
	for client := range counts {
		all.Go(func() {
			for time.Since(start) < round {
				aid := 1 + rand.IntN(accounts)
				if balance, err := get(aid); err != nil || balance != aid {
					t.Errorf("account %d: %d, %v", aid, balance, err)
					return
				}
				counts[client]++
			}
		})
	}
	all.Wait()
	took := time.Since(start).Seconds()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / took
}
