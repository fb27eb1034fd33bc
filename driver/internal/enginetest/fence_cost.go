package enginetest

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// FencedCost holds the throughput of transactions of three statements through pools that take the fence to the share
// of the bare one's that least says, with 8 connections, and reads to 0.97. Update is a text with one argument, an id from 1 to 1000,
// as is read. It logs the median of pairs of rounds.
func FencedCost(t *testing.T, least float64, bare, fenced *sql.DB, update, read string) {
	const connections = 8
	for _, db := range []*sql.DB{bare, fenced} {
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
	}
	for _, kind := range []struct {
		name  string
		least float64
		do    func(ctx context.Context, db *sql.DB) error
	}{
		{"transactions of three statements", least, func(ctx context.Context, db *sql.DB) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			ids := []int{1 + rand.IntN(1000), 1 + rand.IntN(1000), 1 + rand.IntN(1000)}
			slices.Sort(ids) // so that no two wait for each other in a circle
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, update, id); err != nil {
					return err
				}
			}
			return tx.Commit()
		}},
		{"reads", 0.97, func(ctx context.Context, db *sql.DB) error {
			var n int
			return db.QueryRowContext(ctx, read, 1+rand.IntN(1000)).Scan(&n)
		}},
	} {
		const pairs = 150
		var ratios []float64
		for i := range 2 + pairs {
			first, second := bare, fenced
			if i%2 == 1 {
				first, second = second, first
			}
			a, b := done(t, connections, first, kind.do), done(t, connections, second, kind.do)
			if i%2 == 1 {
				a, b = b, a
			}
			if i >= 2 { // the first have connected
				ratios = append(ratios, b/a)
			}
		}
		slices.Sort(ratios)
		median := (ratios[pairs/2-1] + ratios[pairs/2]) / 2
		t.Logf("%s: %.3f of the bare throughput, at least %.3f wanted (the median of %d pairs, which are from %.3f to %.3f)",
			kind.name, median, kind.least, pairs, ratios[0], ratios[pairs-1])
		if median < kind.least {
			t.Errorf("%s: the throughput is %.3f of the bare one", kind.name, median)
		}
	}
}

// done returns how often something was done in a round by so many at once, in a second.
func done(t *testing.T, clients int, db *sql.DB, do func(context.Context, *sql.DB) error) float64 {
	t.Helper()
	counts := make([]int, clients)
	var all sync.WaitGroup
	start := time.Now()
	for client := range counts {
		all.Go(func() {
			for time.Since(start) < 100*time.Millisecond {
				if err := do(t.Context(), db); err != nil {
					t.Error(err)
					return
				}
				counts[client]++
			}
		})
	}
	all.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / time.Since(start).Seconds()
}
