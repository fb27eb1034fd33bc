package orm

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"time"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

var riverLibraries = []library{riverOn(riverOnSQL, false), riverOn(riverOnPgx, true)}

// riverClient is what River's clients for both of its drivers have.
type riverClient interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	Subscribe(kinds ...river.EventKind) (<-chan *river.Event, func())
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
	InsertMany(ctx context.Context, params []river.InsertManyParams) ([]*rivertype.JobInsertResult, error)
	JobCancel(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobGet(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	QueuePause(ctx context.Context, name string, opts *river.QueuePauseOpts) error
	QueueResume(ctx context.Context, name string, opts *river.QueuePauseOpts) error
}

// riverProgram is a program that uses River by one of its drivers.
type riverProgram struct {
	riverClient
	migrate   func(ctx context.Context) error
	insertTx  func(ctx context.Context) error // inserts in a transaction, and ignores that it is refused
	closePool func() error
}

// riverDriver is one of River's drivers.
type riverDriver struct {
	name string
	// poll is how often its clients look for jobs. Those that are told of jobs need not look.
	poll time.Duration
	// guarded opens it as the recipe says. The guard is sqlguard.Default if nil.
	guarded func(dsn string, guard *sqlguard.Guard, config *river.Config) (riverProgram, error)
	bare    func(dsn string, config *river.Config) (riverProgram, error)
}

var riverOnSQL = riverDriver{name: "riverdatabasesql", poll: 100 * time.Millisecond,
	guarded: func(dsn string, guard *sqlguard.Guard, config *river.Config) (riverProgram, error) {
		db, err := pgx.Open(dsn, guard)
		if err != nil {
			return riverProgram{}, err
		}
		return newRiverOnSQL(db, config)
	},
	bare: func(dsn string, config *river.Config) (riverProgram, error) {
		db, err := sql.Open(onPostgreSQL.bare, dsn)
		if err != nil {
			return riverProgram{}, err
		}
		return newRiverOnSQL(db, config)
	},
}

var riverOnPgx = riverDriver{name: "riverpgxv5", poll: time.Hour,
	guarded: func(dsn string, guard *sqlguard.Guard, config *river.Config) (riverProgram, error) {
		pool, err := openPoolUnderNet(context.Background(), dsn, guard)
		if err != nil {
			return riverProgram{}, err
		}
		return newRiverOnPgx(pool, config)
	},
	bare: func(dsn string, config *river.Config) (riverProgram, error) {
		pool, err := pgxpool.New(context.Background(), dsn)
		if err != nil {
			return riverProgram{}, err
		}
		return newRiverOnPgx(pool, config)
	},
}

func newRiverOnSQL(db *sql.DB, config *river.Config) (riverProgram, error) {
	client, err := newRiver(db, config)
	if err != nil {
		return riverProgram{}, err
	}
	migrator, err := rivermigrate.New(riverdatabasesql.New(db), nil)
	return riverProgram{
		riverClient: client, closePool: db.Close,
		migrate: func(ctx context.Context) error {
			_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
			return err
		},
		insertTx: func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			_, _ = client.InsertTx(ctx, tx, reminder{Talk: 13}, nil)
			return tx.Commit()
		},
	}, err
}

func newRiver(db *sql.DB, config *river.Config) (*river.Client[*sql.Tx], error) {
	return river.NewClient(riverdatabasesql.New(db), config)
}

func newRiverOnPgx(pool *pgxpool.Pool, config *river.Config) (riverProgram, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	if err != nil {
		return riverProgram{}, err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	return riverProgram{
		riverClient: client,
		closePool: func() error {
			pool.Close()
			return nil
		},
		migrate: func(ctx context.Context) error {
			_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
			return err
		},
		insertTx: func(ctx context.Context) error {
			return jackc.BeginFunc(ctx, pool, func(tx jackc.Tx) error {
				_, _ = client.InsertTx(ctx, tx, reminder{Talk: 13}, nil)
				return nil
			})
		},
	}, err
}

// reminder is a job.
type reminder struct {
	Talk int `json:"talk"`
	// Writes says that it inserts another job when it is worked.
	Writes bool `json:"writes"`
}

func (reminder) Kind() string { return "reminder" }

// riverOn proves a program that only inserts jobs.
func riverOn(d riverDriver, netted bool) library {
	quiet := &river.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	use := func(p riverProgram, err error) (app, error) { return riverApp(p, netted), err }
	l := library{name: "River, " + d.name, module: "github.com/riverqueue/river", engine: onPostgreSQL,
		guarded: func(dsn string) (app, error) { return use(d.guarded(dsn, nil, quiet)) },
		bare:    func(dsn string) (app, error) { return use(d.bare(dsn, quiet)) },
	}
	if netted {
		l.name += net
	}
	return l
}

func riverApp(p riverProgram, netted bool) app {
	return app{
		close: p.closePool,
		setUp: func(ctx context.Context) error {
			if err := p.migrate(ctx); err != nil {
				return err
			}
			_, err := p.InsertMany(ctx, []river.InsertManyParams{{Args: reminder{Talk: 1}}, {Args: reminder{Talk: 2}}})
			return err
		},
		read: func(ctx context.Context) (string, error) {
			list, err := p.JobList(ctx, river.NewJobListParams())
			if err != nil {
				return "", err
			}
			text := ""
			for _, job := range list.Jobs {
				text += fmt.Sprint(job.ID, job.Kind, string(job.EncodedArgs), job.State, " ")
			}
			return text, nil
		},
		writes: riverWrites(p, netted),
	}
}

// riverWrites call functions in their statements, so no rule can say that they change nothing else.
func riverWrites(p riverProgram, netted bool) []write {
	return []write{
		{name: "Insert", skipped: refused, run: func(ctx context.Context) error {
			_, err := p.Insert(ctx, reminder{Talk: 10}, nil)
			return err
		}},
		{name: "InsertMany", skipped: refused, run: func(ctx context.Context) error {
			_, err := p.InsertMany(ctx, []river.InsertManyParams{{Args: reminder{Talk: 11}}, {Args: reminder{Talk: 12}}})
			return err
		}},
		{name: "InsertTx whose error is ignored", skipped: refused, swallowed: netted, run: p.insertTx},
		{name: "JobCancel", skipped: refused, run: func(ctx context.Context) error {
			_, err := p.JobCancel(ctx, 1)
			return err
		}},
	}
}
