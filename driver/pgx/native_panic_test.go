package pgx_test

import (
	"context"
	"runtime"
	"testing"
	"weak"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestAPanicLeavesNothingOpenOnAConnection(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(*pgx.PoolConn)
	}{
		{"in Exec", func(conn *pgx.PoolConn) { conn.Exec(ctx, insert, bomb{}) }},
		{"in Query", func(conn *pgx.PoolConn) { conn.Query(ctx, insert, bomb{}) }},
		{"in SendBatch", func(conn *pgx.PoolConn) {
			var b jackc.Batch
			b.Queue("SELECT 1", bomb{})
			conn.SendBatch(ctx, &b)
		}},
		{"in a transaction", func(conn *pgx.PoolConn) {
			jackc.BeginFunc(ctx, conn, func(tx jackc.Tx) error {
				_, err := tx.Exec(ctx, insert, bomb{})
				return err
			})
		}},
		{"before a statement that succeeds, or does not if the guard has closed the connection", func(conn *pgx.PoolConn) {
			func() {
				defer func() { recover() }()
				conn.Exec(ctx, insert, bomb{})
			}()
			conn.Exec(ctx, "SELECT 1")
		}},
		{"in the function of a batch, which is closed again", func(conn *pgx.PoolConn) {
			var b jackc.Batch
			b.Queue("SELECT 1").Fn = func(br jackc.BatchResults) error {
				br.Exec()
				panic("a function's own")
			}
			br := conn.SendBatch(ctx, &b)
			defer func() {
				if br.Close() == nil && conn.Unwrap().PgConn().IsBusy() {
					t.Error("the connection is busy after Close")
				}
			}()
			br.Close()
		}},
	} {
		for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe, sqlguard.ReadOnly} {
			t.Run(test.name+" "+mode.String(), func(t *testing.T) {
				e, pool := native(t, "")
				e.Set(t, mode)
				conn, err := pool.Acquire(ctx)
				if err != nil {
					t.Fatal(err)
				}
				func() {
					defer func() { recover() }()
					defer conn.Release()
					test.run(conn)
				}()
				e.Set(t, sqlguard.ReadOnly)
				if open := e.Guard.Pending().Open; len(open) > 0 {
					t.Errorf("%v is open", open)
				}
				if err := pool.Ping(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestABatchWhoseFunctionPanicsGivesItsConnectionBack(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly} {
		e, dsn := engineAt(t, "")
		pool, err := pgx.NewPool(ctx, dsn, e.Guard)
		if err != nil {
			t.Fatal(err)
		}
		e.Set(t, mode)
		var b jackc.Batch
		b.Queue("SELECT 1").Fn = func(br jackc.BatchResults) error {
			br.Exec()
			panic("a function's own")
		}
		func() {
			defer func() { recover() }()
			br := pool.SendBatch(ctx, &b)
			defer br.Close()
			br.Close()
		}()
		if n := pool.Stat().AcquiredConns(); n != 0 {
			t.Fatalf("%s: %d connections are in use", mode, n) // and the pool could not be closed
		}
		defer pool.Close()
		e.Set(t, sqlguard.ReadOnly)
		if open := e.Guard.Pending().Open; len(open) > 0 {
			t.Errorf("%s: %v is open", mode, open)
		}
	}
}

// held is something large of a program's own.
type held struct{ bytes [1 << 20]byte }

type heldKey struct{}

func TestAConnectionHoldsNothingOfWhatItHasDone(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(context.Context, *pgx.Pool, *held) error
	}{
		{"a copy", func(ctx context.Context, pool *pgx.Pool, h *held) error {
			_, err := pool.CopyFrom(ctx, jackc.Identifier{"u"}, []string{"a"}, jackc.CopyFromFunc(func() ([]any, error) {
				h.bytes[0]++
				return nil, nil
			}))
			return err
		}},
		{"a batch", func(ctx context.Context, pool *pgx.Pool, h *held) error {
			var b jackc.Batch
			b.Queue("SELECT $1::int", 1)
			b.QueuedQueries[0].Fn = func(br jackc.BatchResults) error {
				h.bytes[0]++
				_, err := br.Exec()
				return err
			}
			return pool.SendBatch(ctx, &b).Close()
		}},
		{"the context of a commit", func(ctx context.Context, pool *pgx.Pool, h *held) error {
			tx, err := pool.Begin(ctx)
			if err != nil {
				return err
			}
			return tx.Commit(context.WithValue(ctx, heldKey{}, h))
		}},
	} {
		for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
			e, pool := native(t, "")
			e.Set(t, mode)
			h := new(held)
			left := weak.Make(h)
			if err := test.run(ctx, pool, h); err != nil {
				t.Fatal(err)
			}
			h = nil
			if _, err := pool.Exec(ctx, "SELECT 1"); err != nil { // pgx holds the latest context
				t.Fatal(err)
			}
			runtime.GC()
			runtime.GC()
			if left.Value() != nil {
				t.Errorf("%s: after %s something of it is held", mode, test.name)
			}
			runtime.KeepAlive(pool)
		}
	}
}
