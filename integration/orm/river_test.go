package orm

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
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
		writes: []write{
			{name: "Insert", run: func(ctx context.Context) error {
				_, err := client.Insert(ctx, reminder{10}, nil)
				return err
			}},
			{name: "InsertMany", run: func(ctx context.Context) error {
				_, err := client.InsertMany(ctx, []river.InsertManyParams{{Args: reminder{11}}, {Args: reminder{12}}})
				return err
			}},
			{name: "InsertTx whose error is ignored", run: func(ctx context.Context) error {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				_, _ = client.InsertTx(ctx, tx, reminder{13}, nil)
				return tx.Commit()
			}},
			{name: "JobCancel", run: func(ctx context.Context) error {
				_, err := client.JobCancel(ctx, 1)
				return err
			}},
		},
	}, nil
}

// TestRiversWorkersInReadOnlyMode shows what the recipe says of a client that goes on running:
// it is refused for as long as the mode lasts, no job is lost, and it works again by itself after that.
func TestRiversWorkersInReadOnlyMode(t *testing.T) {
	dsn := onPostgreSQL.database(t)
	db, err := sql.Open("guarded-pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	inserting, err := riverApp(db)
	if err != nil {
		t.Fatal(err)
	}
	if err := inserting.setUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	refusals := make(chan sqlguard.Event, 100)
	sqlguard.Default().SetObserver(rejections(refusals))
	defer sqlguard.Default().SetObserver(nil)

	worker := &reminders{worked: make(chan int, 10)}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := newRiver(db, &river.Config{Workers: workers, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		FetchPollInterval: 100 * time.Millisecond, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	before := onPostgreSQL.dump(t, dsn)
	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		if err := client.Start(context.Background()); err != nil {
			t.Fatalf("in read-only mode the client does not start: %v", err)
		}
		for waited := map[string]bool{}; !waited["river_job"] || !waited["river_leader"]; {
			for _, table := range (<-refusals).Tables {
				waited[table.Name] = true
			}
		}
		if after := onPostgreSQL.dump(t, dsn); after != before {
			t.Errorf("in read-only mode River has written\n%s\nbefore:\n%s", after, before)
		}
		if len(worker.worked) != 0 {
			t.Error("in read-only mode a job was worked, which cannot have been marked as taken")
		}
	})
	if done := map[int]bool{<-worker.worked: true, <-worker.worked: true}; !done[1] || !done[2] {
		t.Errorf("after the mode were worked %v, want both jobs", done)
	}
	if err := client.Stop(context.Background()); err != nil {
		t.Error(err)
	}
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
