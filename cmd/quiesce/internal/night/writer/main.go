// Command writer is a process of a site that does nothing but write, for the tests of a whole
// fleet. It joins, and commits rows as fast as it may: by single statements, by transactions, and by
// transactions that are begun by their text.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	bare "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

func main() {
	fmt.Fprintln(os.Stderr, "writer:", run())
	os.Exit(1)
}

// run writes for ever, and returns why it cannot.
func run() error {
	var (
		instance = flag.String("instance", "", "the name of the process in the fleet")
		at       = flag.String("store", "", "the fleet's store")
		database = flag.String("db", "", "the database to write to")
		ttl      = flag.Duration("ttl", 2*time.Second, "of the lease")
		tail     = flag.Duration("tail", time.Second, "longer than any statement")
	)
	flag.Parse()
	if err := bare.SetLogger(&bare.NopLogger{}); err != nil { // networks are severed all the time
		return err
	}
	ctx := context.Background()
	guard, err := sqlguard.New(sqlguard.Config{Tail: *tail})
	if err != nil {
		return err
	}
	open := mysql.Open
	if strings.HasPrefix(*database, "postgres") {
		open = pgx.Open
	}
	db, err := open(*database, guard)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, *at)
	for err != nil { // its network may be cut
		time.Sleep(100 * time.Millisecond)
		s, err = store.Open(ctx, *at)
	}
	_, err = fleet.Join(ctx, guard, s, fleet.Config{
		Service: "writer", Instance: *instance, TTL: *ttl,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1})),
	})
	if err != nil {
		return err
	}
	w := &writer{db: db, instance: *instance, insert: "INSERT INTO rows_written (instance, kind) VALUES (?, ?)"}
	if strings.HasPrefix(*database, "postgres") {
		w.insert = "INSERT INTO rows_written (instance, kind) VALUES ($1, $2)"
	}
	for _, write := range []func(context.Context) error{w.statement, w.transaction, w.text} {
		go w.forever(ctx, write)
	}
	select {}
}

type writer struct {
	db               *sql.DB
	instance, insert string
}

// forever writes, whatever comes of it, with little pauses.
func (w *writer) forever(ctx context.Context, write func(context.Context) error) {
	for {
		call, cancel := context.WithTimeout(ctx, 2*time.Second)
		if rand.IntN(10) == 0 { // a visitor who goes away
			call, cancel = context.WithTimeout(ctx, time.Duration(rand.Int64N(int64(10*time.Millisecond))))
		}
		_ = write(call)
		cancel()
		pause()
	}
}

func pause() { time.Sleep(time.Duration(rand.Int64N(int64(40 * time.Millisecond)))) }

func (w *writer) statement(ctx context.Context) error {
	_, err := w.db.ExecContext(ctx, w.insert, w.instance, "statement")
	return err
}

func (w *writer) transaction(ctx context.Context) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for range 2 {
		if _, err := tx.ExecContext(ctx, w.insert, w.instance, "transaction"); err != nil {
			return err
		}
		pause()
	}
	return tx.Commit()
}

func (w *writer) text(ctx context.Context) error {
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, w.insert, w.instance, "text")
	pause()
	if err != nil {
		_, err = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
