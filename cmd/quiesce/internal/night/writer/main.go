// Command writer is a process of a site that does nothing but write, for the tests of a whole
// fleet. It joins, and commits rows as fast as it may: by single statements, by transactions, and by
// transactions that are begun by their text. To a line "try" of its standard input it says "tried" when it has tried
// each of them once more; to "leave" it says "left" when it has left the fleet, or why it cannot.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
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
		pauses   = flag.Duration("pauses", 40*time.Millisecond, "between statements, at most")
		single   = flag.Bool("single", false, "write by single statements only")
		unfenced = flag.Bool("unfenced", false, "take no fence, whatever the fleet asks for")
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
	db.SetMaxIdleConns(3) // one for each way of writing, so that none is closed for being one too many
	s, err := store.Open(ctx, *at)
	for err != nil { // its network may be cut
		time.Sleep(100 * time.Millisecond)
		s, err = store.Open(ctx, *at)
	}
	var fleetStore fleet.Coordinator = s
	if *unfenced {
		fleetStore = withoutFence{s}
	}
	member, err := fleet.Join(ctx, guard, fleetStore, fleet.Config{
		Service: "writer", Instance: *instance, TTL: *ttl,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1})),
	})
	if err != nil {
		return err
	}
	w := &writer{guard: guard, db: db, instance: *instance, pauses: *pauses, insert: "INSERT INTO rows_written (instance, kind) VALUES (?, ?)"}
	if strings.HasPrefix(*database, "postgres") {
		w.insert = "INSERT INTO rows_written (instance, kind) VALUES ($1, $2)"
	}
	ways := []func(context.Context) error{w.statement, w.transaction, w.text}
	if *single {
		ways = []func(context.Context) error{w.statement, w.statement, w.statement}
	}
	for _, write := range ways {
		asked := make(chan *sync.WaitGroup)
		w.asked = append(w.asked, asked)
		go w.forever(ctx, write, asked)
	}
	return w.answer(member)
}

// withoutFence is a store in which nobody has asked for the fence.
type withoutFence struct{ fleet.Coordinator }

func (s withoutFence) Mode(ctx context.Context) (fleet.Mode, error) {
	mode, err := s.Coordinator.Mode(ctx)
	mode.Fence = false
	return mode, err
}

func (s withoutFence) Register(ctx context.Context, i fleet.Instance) (fleet.Mode, error) {
	mode, err := s.Coordinator.Register(ctx, i)
	mode.Fence = false
	return mode, err
}

func (s withoutFence) Heartbeat(ctx context.Context, id, lease string, r fleet.Report) (fleet.Mode, error) {
	mode, err := s.Coordinator.Heartbeat(ctx, id, lease, r)
	mode.Fence = false
	return mode, err
}

type writer struct {
	guard            *sqlguard.Guard
	db               *sql.DB
	instance, insert string
	pauses           time.Duration
	asked            []chan *sync.WaitGroup // of each way of writing
}

// answer answers whoever asks it to do something.
func (w *writer) answer(member *fleet.Member) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "leave" {
			if err := member.Leave(context.Background()); err != nil {
				fmt.Println(strings.ReplaceAll(err.Error(), "\n", "; "))
			} else {
				fmt.Println("left")
			}
			continue
		}
		var all sync.WaitGroup
		all.Add(len(w.asked))
		for _, asked := range w.asked {
			asked <- &all
		}
		all.Wait()
		fmt.Println("tried")
	}
	return fmt.Errorf("nobody asks any more: %w", errors.Join(lines.Err(), io.EOF))
}

// forever writes, whatever comes of it, with little pauses, and tells those who have asked before it tries that it has.
func (w *writer) forever(ctx context.Context, write func(context.Context) error, asked <-chan *sync.WaitGroup) {
	for {
		var tried *sync.WaitGroup
		select {
		case tried = <-asked:
		default:
		}
		limit := 2 * time.Second
		if tried == nil && rand.IntN(50) == 0 { // a visitor who goes away, and takes the connection along
			limit = time.Duration(rand.Int64N(int64(10 * time.Millisecond)))
		}
		w.connect(ctx)
		call, cancel := context.WithTimeout(ctx, limit)
		_ = write(call)
		cancel()
		if tried != nil {
			tried.Done()
		}
		w.pause()
	}
}

// connect sees to it that the pool has a connection. It takes longer than a statement may: if each statement gave its
// connecting up, and the next began anew, a server that is slow to accept connections would accept them for nobody, and never catch up.
func (w *writer) connect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if conn, err := w.db.Conn(ctx); err == nil {
		conn.Close()
	}
}

func (w *writer) pause() { time.Sleep(time.Duration(rand.Int64N(int64(w.pauses)))) }

// statement has no arguments, so that each engine's driver sends it as one message.
func (w *writer) statement(ctx context.Context) error {
	_, err := w.db.ExecContext(ctx, "INSERT INTO rows_written (instance, kind) VALUES ('"+w.instance+"', 'statement')")
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
		w.pause()
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
	if w.guard.State().Fence { // one that began before takes it at its end alone, and keeps the database from being quiet if it is stopped meanwhile
		w.pause()
	}
	if err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_, err = conn.ExecContext(undo, "ROLLBACK")
		return err
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
