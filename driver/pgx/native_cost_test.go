package pgx_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// both opens a bare pool and a guarded one, whose mode is off.
func both(t testing.TB, config *pgxpool.Config) (bare *pgxpool.Pool, guarded *pgx.Pool) {
	t.Helper()
	bare, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bare.Close)
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	guarded, err = pgx.NewPoolWithConfig(ctx, config, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(guarded.Close)
	return bare, guarded
}

// calls are what the bars are for. Each returns what runs it n times.
var calls = []struct {
	name string
	of   func(t testing.TB, p querier) func(n int)
}{
	{"Exec", func(t testing.TB, p querier) func(int) {
		return func(n int) {
			for range n {
				if _, err := p.Exec(ctx, "SELECT 7"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}},
	{"QueryRow", func(t testing.TB, p querier) func(int) {
		var got int
		return func(n int) {
			for range n {
				if err := p.QueryRow(ctx, "SELECT 7").Scan(&got); err != nil || got != 7 {
					t.Fatal(got, err)
				}
			}
		}
	}},
	{"Query", func(t testing.TB, p querier) func(int) {
		var got int
		return func(n int) {
			for range n {
				rows, err := p.Query(ctx, "SELECT 7")
				for err == nil && rows.Next() {
					err = rows.Scan(&got)
				}
				if rows.Close(); err != nil || got != 7 || rows.Err() != nil {
					t.Fatal(got, err, rows.Err())
				}
			}
		}
	}},
}

func TestANativePoolAllocatesNoMoreThanPgxs(t *testing.T) {
	dsn := testdb.Postgres(t).Database(t)
	for _, mode := range execModes {
		config, err := pgxpool.ParseConfig(with(dsn, "pool_max_conns=1&default_query_exec_mode="+mode))
		if err != nil {
			t.Fatal(err)
		}
		bare, guarded := both(t, config)
		for _, c := range calls {
			want, got := allocated(c.of(t, bare)), allocated(c.of(t, guarded))
			if got > want {
				t.Errorf("%s, %s: %v allocations, and %v of pgx's own pool", mode, c.name, got, want)
			}
		}
	}
}

// allocated returns how often a call allocates. What else runs can only add to it, so the least
// of several counts is right.
func allocated(run func(n int)) float64 {
	least := testing.AllocsPerRun(200, func() { run(1) })
	for range 4 {
		least = min(least, testing.AllocsPerRun(200, func() { run(1) }))
	}
	return least
}

// TestNativeCost holds what the guard costs to its bar, over a server that costs nothing.
func TestNativeCost(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	const most = 15
	bare, guarded := both(t, cannedConfig(t))
	for _, c := range calls {
		took := ratio.Measure(300, c.of(t, bare), c.of(t, guarded))
		more := took[1] - took[0]
		t.Logf("%s: %.0f ns with pgx's pool, %+.1f ns guarded with the mode off", c.name, took[0], more)
		if more > most {
			t.Errorf("%s takes %.1f ns more, and may take %d", c.name, more, most)
		}
	}
}
