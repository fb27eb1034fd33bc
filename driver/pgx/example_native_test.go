package pgx_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

const dsn = "postgres://app@localhost/app"

// Whoever holds a *pgxpool.Pool holds a *pgx.Pool of this package instead: it has the same methods,
// and sqlc's DBTX.
func ExampleNewPool() {
	ctx, guard := context.Background(), sqlguard.Default()
	pool, err := pgx.NewPool(ctx, dsn, guard)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	_, err = pool.Exec(ctx, "UPDATE orders SET paid = $1 WHERE id = $2", true, 42)
	fmt.Println(errors.Is(err, sqlguard.ErrReadOnly)) // and the connection is kept
}

// A transaction that was refused something rolls back, whatever its function returns. Of a
// nested one that is so too: what is refused in a savepoint fails the whole.
func ExamplePool_Begin() {
	ctx := context.Background()
	pool, err := pgx.NewPool(ctx, dsn, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	err = jackc.BeginFunc(ctx, pool, func(tx jackc.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO orders (id) VALUES ($1)", 42); err != nil {
			return err
		}
		return jackc.BeginFunc(ctx, tx, func(nested jackc.Tx) error { // a savepoint
			_, err := nested.Exec(ctx, "INSERT INTO lines (order_id) VALUES ($1)", 42)
			return err
		})
	})
	if errors.Is(err, sqlguard.ErrReadOnly) {
		fmt.Println("nothing can be saved right now")
	}
}

// A batch is refused as a whole if any of its statements is.
func ExamplePool_SendBatch() {
	ctx := context.Background()
	pool, err := pgx.NewPool(ctx, dsn, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	batch := &jackc.Batch{}
	batch.Queue("SELECT title FROM talks WHERE id = $1", 1)
	batch.Queue("UPDATE talks SET views = views + 1 WHERE id = $1", 1)
	if err := pool.SendBatch(ctx, batch).Close(); errors.Is(err, sqlguard.ErrReadOnly) {
		fmt.Println("nothing of it was sent")
	}
}

// CopyFrom is a write to its table, and asks for no row where it is refused.
func ExamplePool_CopyFrom() {
	ctx := context.Background()
	pool, err := pgx.NewPool(ctx, dsn, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	titles := []string{"Quiet nights", "Still waters"}
	n, err := pool.CopyFrom(ctx, jackc.Identifier{"talks"}, []string{"title"},
		jackc.CopyFromSlice(len(titles), func(i int) ([]any, error) { return []any{titles[i]}, nil }))
	fmt.Println(n, err)
}

// What must hold pgx's own pool, such as River, gets one with a net under it, which promises
// less: pause such workers before the night all the same.
func ExampleInstrument() {
	ctx, guard := context.Background(), sqlguard.Default()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		log.Fatal(err)
	}
	if err := pgx.Instrument(config, guard); err != nil {
		log.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
}

// Where functions write that no text shows, the server is told as well. Not behind a pooler
// that shares sessions by the transaction.
func ExampleArmSessions() {
	ctx, guard := context.Background(), sqlguard.Default()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		log.Fatal(err)
	}
	if err := pgx.ArmSessions(config, guard); err != nil {
		log.Fatal(err)
	}
	pool, err := pgx.NewPoolWithConfig(ctx, config, guard)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
}

// A program that has both faces, and one pool under them, guards the one of database/sql, too.
func ExampleOpenDBFromPool() {
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	db, err := pgx.OpenDBFromPool(pool, sqlguard.Default())
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
}
