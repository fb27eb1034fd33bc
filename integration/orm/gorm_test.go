package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

var gormLibraries = []library{
	gormOn("GORM", onSQLite, openGORMOnSQLite, func(db *sql.DB) gorm.Dialector { return sqlite.New(sqlite.Config{Conn: db}) }, false),
	gormOn("GORM", onPostgreSQL, openGORMOnPostgreSQL, func(db *sql.DB) gorm.Dialector { return postgres.New(postgres.Config{Conn: db}) }, false),
	gormOn("GORM, PrepareStmt", onPostgreSQL, openGORMOnPostgreSQL,
		func(db *sql.DB) gorm.Dialector { return postgres.New(postgres.Config{Conn: db}) }, true),
	gormOn("GORM", onMariaDB, openGORMOnMySQL, func(db *sql.DB) gorm.Dialector { return mysql.New(mysql.Config{Conn: db}) }, false),
}

// gormOn's bare program gives GORM a pool of the bare driver.
func gormOn(name string, e engine, open func(dsn string, config *gorm.Config) (*gorm.DB, error),
	dialector func(db *sql.DB) gorm.Dialector, prepare bool) library {
	config := func() *gorm.Config { return &gorm.Config{Logger: logger.Discard, PrepareStmt: prepare} }
	return library{name: name, module: "gorm.io/gorm", engine: e,
		guarded: func(dsn string) (app, error) {
			db, err := open(dsn, config())
			if err != nil {
				return app{}, err
			}
			return gormApp(db)
		},
		bare: openBare(e, func(pool *sql.DB) (app, error) {
			db, err := gorm.Open(dialector(pool), config())
			if err != nil {
				return app{}, err
			}
			return gormApp(db)
		}),
	}
}

func openGORMOnPostgreSQL(dsn string, config *gorm.Config) (*gorm.DB, error) {
	pool, err := sql.Open("guarded-pgx", dsn)
	if err != nil {
		return nil, err
	}
	return gorm.Open(postgres.New(postgres.Config{Conn: pool}), config)
}

func openGORMOnMySQL(dsn string, config *gorm.Config) (*gorm.DB, error) {
	return gorm.Open(mysql.New(mysql.Config{DriverName: "guarded-mysql", DSN: dsn}), config)
}

func openGORMOnSQLite(dsn string, config *gorm.Config) (*gorm.DB, error) {
	return gorm.Open(sqlite.New(sqlite.Config{DriverName: "guarded-sqlite", DSN: dsn}), config)
}

// talk is soft-deleted, by GORM's own field.
type talk struct {
	ID        uint
	Title     string `gorm:"size:100;uniqueIndex"`
	Stars     int
	DeletedAt gorm.DeletedAt
}

// talkWithRoom is the next release's.
type talkWithRoom struct {
	talk `gorm:"embedded"`
	Room string `gorm:"size:100"`
}

func (talkWithRoom) TableName() string { return "talks" }

func gormApp(db *gorm.DB) (app, error) {
	pool, err := db.DB()
	if err != nil {
		return app{}, err
	}
	with := func(ctx context.Context) *gorm.DB { return db.WithContext(ctx) }
	// Named, because a prepared SELECT * fails once, with or without a guard, when AutoMigrate has added a column.
	columns := []string{"id", "title", "stars", "deleted_at"}
	return app{
		close: pool.Close,
		setUp: func(ctx context.Context) error {
			return errors.Join(with(ctx).AutoMigrate(&talk{}),
				with(ctx).Create([]talk{{ID: 1, Title: "first"}, {ID: 2, Title: "second"}, {ID: 3, Title: "third"}}).Error)
		},
		// As many programs do; it changes nothing then.
		start: func(ctx context.Context) error { return with(ctx).AutoMigrate(&talk{}) },
		read: func(ctx context.Context) (string, error) {
			var talks []talk
			var n int64
			err := errors.Join(with(ctx).Select(columns).Order("id").Find(&talks).Error, with(ctx).Unscoped().Model(&talk{}).Count(&n).Error)
			return fmt.Sprint(n, talks), err
		},
		writes: gormWrites(with),
	}, nil
}

func gormWrites(with func(context.Context) *gorm.DB) []write {
	return []write{
		{name: "Create", run: func(ctx context.Context) error { return with(ctx).Create(&talk{ID: 10, Title: "tenth"}).Error }},
		{name: "CreateInBatches", run: func(ctx context.Context) error {
			return with(ctx).CreateInBatches([]talk{{ID: 11, Title: "a"}, {ID: 12, Title: "b"}, {ID: 13, Title: "c"}}, 2).Error
		}},
		{name: "Save", run: func(ctx context.Context) error { return with(ctx).Save(&talk{ID: 2, Title: "saved"}).Error }},
		{name: "Updates", run: func(ctx context.Context) error {
			return with(ctx).Model(&talk{ID: 3}).Updates(map[string]any{"stars": gorm.Expr("stars + ?", 1)}).Error
		}},
		{name: "soft Delete", run: func(ctx context.Context) error { return with(ctx).Delete(&talk{ID: 1}).Error }},
		{name: "upsert", run: func(ctx context.Context) error {
			return with(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&talk{ID: 2, Title: "upserted"}).Error
		}},
		{name: "Transaction that ignores an error", run: func(ctx context.Context) error {
			return with(ctx).Transaction(func(tx *gorm.DB) error {
				tx.Unscoped().Delete(&talk{ID: 12})
				return nil
			})
		}},
		{name: "Update of all, AllowGlobalUpdate", run: func(ctx context.Context) error {
			return with(ctx).Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&talk{}).Update("stars", gorm.Expr("stars + ?", 2)).Error
		}},
		{name: "AutoMigrate", skipped: refused, run: func(ctx context.Context) error { return with(ctx).AutoMigrate(&talkWithRoom{}) }},
	}
}

// TestGORMNeedsToBeGivenAPoolOnPostgreSQL shows why the recipe gives it no DriverName: under a name
// that is not pgx's, its migrator prepares a SELECT * that a column added later makes useless.
func TestGORMNeedsToBeGivenAPoolOnPostgreSQL(t *testing.T) {
	byName := func(dsn string, config *gorm.Config) (*gorm.DB, error) {
		return gorm.Open(postgres.New(postgres.Config{DriverName: "guarded-pgx", DSN: dsn}), config)
	}
	for _, test := range []struct {
		name     string
		open     func(dsn string, config *gorm.Config) (*gorm.DB, error)
		migrates bool
	}{
		{"given a pool, it migrates twice", openGORMOnPostgreSQL, true},
		{"given a DriverName, it does not", byName, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			db, err := test.open(onPostgreSQL.database(t), &gorm.Config{Logger: logger.Discard})
			if err != nil {
				t.Fatal(err)
			}
			pool, err := db.DB()
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			pool.SetMaxOpenConns(1) // which has the statement prepared
			if err := errors.Join(db.AutoMigrate(&talk{}), db.AutoMigrate(&talkWithRoom{})); err != nil {
				t.Fatal(err)
			}
			if err := db.AutoMigrate(&talkWithRoom{}); (err == nil) != test.migrates {
				t.Errorf("AutoMigrate after a column was added: %v", err)
			}
		})
	}
}
