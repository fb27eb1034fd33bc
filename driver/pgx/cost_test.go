package pgx_test

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

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

// TestThroughput holds the throughput of a read load on a real server to that of the bare
// driver. Both take turns; the bar is for the median of the pairs.
func TestThroughput(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	dsn := testdb.Postgres(t).Database(t)
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
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly} {
		g, err := sqlguard.New(sqlguard.Config{})
		if err != nil {
			t.Fatal(err)
		}
		db, err := pgx.Open(dsn, g)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := g.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
			t.Fatal(err)
		}
		for _, pool := range []*sql.DB{bare, db} {
			pool.SetMaxIdleConns(clients)
			load(t, pool) // connects, and prepares the statement
		}
		median, lowest, highest := paired(t, bare, db)
		t.Logf("reads from PostgreSQL, mode %s: %.3f of the bare throughput, at least 0.970 wanted (the median of %d pairs, which are from %.3f to %.3f)",
			mode, median, pairs, lowest, highest)
		if median < 0.97 {
			t.Errorf("mode %s: the throughput is %.3f of the bare driver's", mode, median)
		}
	}
}

// paired runs the load on both pools in turns, each first as often as second.
func paired(t *testing.T, bare, guarded *sql.DB) (median, lowest, highest float64) {
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
func load(t *testing.T, db *sql.DB) float64 {
	t.Helper()
	counts := make([]int, clients)
	var all sync.WaitGroup
	start := time.Now()
	for client := range counts {
		all.Go(func() {
			for time.Since(start) < round {
				var balance int
				aid := 1 + rand.IntN(accounts)
				err := db.QueryRow("SELECT abalance FROM accounts WHERE aid = $1", aid).Scan(&balance)
				if err != nil || balance != aid {
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
