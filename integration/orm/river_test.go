package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/quiescehq/quiesce/sqlguard"
)

var riverLibraries = []library{{name: "River, riverdatabasesql", module: "github.com/riverqueue/river", engine: onPostgreSQL,
	guarded: func(dsn string) (app, error) {
		db, err := sql.Open("guarded-pgx", dsn)
		if err != nil {
			return app{}, err
		}
		return riverApp(db)
	},
	bare: openBare(onPostgreSQL, riverApp),
}}

// reminder is a job.
type reminder struct {
	Talk int `json:"talk"`
}

func (reminder) Kind() string { return "reminder" }

// reminders tells of each job that it works.
type reminders struct {
	river.WorkerDefaults[reminder]
	worked chan int
}

func (w *reminders) Work(_ context.Context, job *river.Job[reminder]) error {
	w.worked <- job.Args.Talk
	return nil
}

func newRiver(db *sql.DB, config *river.Config) (*river.Client[*sql.Tx], error) {
	return river.NewClient(riverdatabasesql.New(db), config)
}

// riverApp is a program that only inserts jobs.
func riverApp(db *sql.DB) (app, error) {
	client, err := newRiver(db, &river.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return app{}, err
	}
	return app{
		close: db.Close,
		setUp: func(ctx context.Context) error {
			migrator, err := rivermigrate.New(riverdatabasesql.New(db), nil)
			if err != nil {
				return err
			}
			if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
				return err
			}
			_, err = client.InsertMany(ctx, []river.InsertManyParams{{Args: reminder{1}}, {Args: reminder{2}}})
			return err
		},
		read: func(ctx context.Context) (string, error) {
			list, err := client.JobList(ctx, river.NewJobListParams())
			if err != nil {
				return "", err
			}
			text := ""
			for _, job := range list.Jobs {
				text += fmt.Sprint(job.ID, job.Kind, string(job.EncodedArgs), job.State, " ")
			}
			return text, nil
		},
		writes: riverWrites(db, client),
	}, nil
}

// riverWrites call functions in their statements, so no rule can say that they change nothing else.
func riverWrites(db *sql.DB, client *river.Client[*sql.Tx]) []write {
	return []write{
		{name: "Insert", skipped: refused, run: func(ctx context.Context) error {
			_, err := client.Insert(ctx, reminder{10}, nil)
			return err
		}},
		{name: "InsertMany", skipped: refused, run: func(ctx context.Context) error {
			_, err := client.InsertMany(ctx, []river.InsertManyParams{{Args: reminder{11}}, {Args: reminder{12}}})
			return err
		}},
		{name: "InsertTx whose error is ignored", skipped: refused, run: func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			_, _ = client.InsertTx(ctx, tx, reminder{13}, nil)
			return tx.Commit()
		}},
		{name: "JobCancel", skipped: refused, run: func(ctx context.Context) error {
			_, err := client.JobCancel(ctx, 1)
			return err
		}},
	}
}

// TestRiversWorkersInReadOnlyMode shows what the recipe says of a client that goes on running:
// it is refused for as long as the mode lasts, no job is lost, and it works again by itself after that.
func TestRiversWorkersInReadOnlyMode(t *testing.T) {
	dsn := onPostgreSQL.database(t)
	guarded := opened(t, riverLibraries[0].guarded, dsn)
	if err := guarded.setUp(t.Context()); err != nil { // with jobs 1 and 2
		t.Fatal(err)
	}
	refusals := make(rejections, 100)
	sqlguard.Default().SetObserver(refusals)
	defer sqlguard.Default().SetObserver(nil)
	client, worked := riverWorker(t, dsn)

	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		if err := client.Start(context.Background()); !errors.Is(err, sqlguard.ErrReadOnly) {
			t.Fatalf("in read-only mode the client starts: %v", err)
		}
	})
	if err := client.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if done := map[int]bool{<-worked: true, <-worked: true}; !done[1] || !done[2] {
		t.Errorf("with the mode off were worked %v, want jobs 1 and 2", done)
	}
	unguarded := opened(t, riverLibraries[0].bare, dsn)
	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		if _, err := sqlguard.Default().Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := unguarded.writes[0].run(t.Context()); err != nil { // inserts job 10
			t.Fatal(err)
		}
		before := onPostgreSQL.dump(t, dsn)
		if err := client.QueuePause(t.Context(), river.QueueDefault, nil); !errors.Is(err, sqlguard.ErrReadOnly) {
			t.Errorf("in read-only mode a queue is paused: %v", err)
		}
		refusals.await("river_job")
		if after := onPostgreSQL.dump(t, dsn); after != before {
			t.Errorf("in read-only mode River has written\n%s\nbefore:\n%s", after, before)
		}
		if len(worked) != 0 {
			t.Error("in read-only mode a job was worked, which cannot have been marked as taken")
		}
	})
	if job := <-worked; job != 10 {
		t.Errorf("after the mode was worked job %d, want 10", job)
	}
	if err := client.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// riverWorker returns a client that works jobs, and what tells of each.
func riverWorker(t *testing.T, dsn string) (*river.Client[*sql.Tx], <-chan int) {
	t.Helper()
	db, err := sql.Open("guarded-pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	worker := &reminders{worked: make(chan int, 10)}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := newRiver(db, &river.Config{Workers: workers, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		FetchPollInterval: 100 * time.Millisecond, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return client, worker.worked
}

// rejections is an observer that passes on what was refused, as long as there is room.
type rejections chan sqlguard.Event

func (r rejections) Observe(_ context.Context, e sqlguard.Event) {
	if e.Kind != sqlguard.Rejected {
		return
	}
	select {
	case r <- e:
	default:
	}
}

// await waits for a refusal of a statement that writes a table, which is told of after the call.
func (r rejections) await(table string) {
	for len(r) > 0 {
		<-r
	}
	for {
		if e := <-r; slices.ContainsFunc(e.Tables, func(t sqlguard.Table) bool { return t.Name == table }) {
			return
		}
	}
}
