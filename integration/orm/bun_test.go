package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

var bunLibraries = []library{
	bunOn(onSQLite, bunWith("guarded-sqlite", sqlitedialect.New()), sqlitedialect.New()),
	bunOn(onPostgreSQL, bunOnPostgreSQL, pgdialect.New()),
	bunOn(onMariaDB, bunWith("guarded-mysql", mysqldialect.New()), mysqldialect.New()),
}

func bunOn(e engine, open func(dsn string) (*bun.DB, error), bare schema.Dialect) library {
	return library{name: "bun", module: "github.com/uptrace/bun", engine: e,
		guarded: func(dsn string) (app, error) {
			db, err := open(dsn)
			if err != nil {
				return app{}, err
			}
			return bunApp(db), nil
		},
		bare: openBare(e, func(pool *sql.DB) (app, error) { return bunApp(bun.NewDB(pool, bare)), nil }),
	}
}

func bunOnPostgreSQL(dsn string) (*bun.DB, error) {
	pool, err := sql.Open("guarded-pgx", dsn)
	if err != nil {
		return nil, err
	}
	return bun.NewDB(pool, pgdialect.New()), nil
}

// bunWith is the same for another engine.
func bunWith(driverName string, dialect schema.Dialect) func(dsn string) (*bun.DB, error) {
	return func(dsn string) (*bun.DB, error) {
		pool, err := sql.Open(driverName, dsn)
		if err != nil {
			return nil, err
		}
		return bun.NewDB(pool, dialect), nil
	}
}

// lecture is soft-deleted, by bun's own field.
type lecture struct {
	ID        int64 `bun:",pk,autoincrement"`
	Title     string
	DeletedAt time.Time `bun:",soft_delete,nullzero"`
}

func bunApp(db *bun.DB) app {
	return app{
		close: db.Close,
		setUp: func(ctx context.Context) error {
			first := []lecture{{Title: "first"}, {Title: "second"}, {Title: "third"}}
			return errors.Join(exec(db.NewCreateTable().Model((*lecture)(nil)))(ctx), exec(db.NewInsert().Model(&first))(ctx))
		},
		read: func(ctx context.Context) (string, error) {
			var lectures []lecture
			err := db.NewSelect().Model(&lectures).Order("id").Scan(ctx)
			n, errCount := db.NewSelect().Model((*lecture)(nil)).WhereAllWithDeleted().Count(ctx)
			return fmt.Sprint(n, lectures), errors.Join(err, errCount)
		},
		writes: bunWrites(db),
	}
}

func bunWrites(db *bun.DB) []write {
	onConflict := "CONFLICT (id) DO UPDATE SET title = EXCLUDED.title"
	if db.Dialect().Name() == dialect.MySQL {
		onConflict = "DUPLICATE KEY UPDATE title = VALUES(title)"
	}
	return []write{
		{name: "Insert", run: func(ctx context.Context) error { return exec(db.NewInsert().Model(&lecture{Title: "fourth"}))(ctx) }},
		{name: "bulk Insert", run: func(ctx context.Context) error {
			return exec(db.NewInsert().Model(&[]lecture{{Title: "a"}, {Title: "b"}}))(ctx)
		}},
		{name: "upsert", run: func(ctx context.Context) error {
			return exec(db.NewInsert().Model(&lecture{ID: 2, Title: "upserted"}).On(onConflict))(ctx)
		}},
		{name: "Update", run: func(ctx context.Context) error {
			return exec(db.NewUpdate().Model(&lecture{ID: 3, Title: "updated"}).Column("title").WherePK())(ctx)
		}},
		{name: "soft Delete", run: func(ctx context.Context) error { return exec(db.NewDelete().Model(&lecture{ID: 1}).WherePK())(ctx) }},
		{name: "RunInTx that ignores an error", run: func(ctx context.Context) error {
			return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				_, _ = tx.NewDelete().Model(&lecture{ID: 2}).WherePK().ForceDelete().Exec(ctx)
				return nil
			})
		}},
		{name: "CreateIndex", skipped: refused, run: func(ctx context.Context) error {
			return exec(db.NewCreateIndex().Model((*lecture)(nil)).Index("lectures_deleted").Column("deleted_at"))(ctx)
		}},
	}
}

// exec returns a function that makes a change of bun's.
func exec(query interface {
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := query.Exec(ctx)
		return err
	}
}
