package orm

import (
	"context"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/integration/orm/internal/sqlcpgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

// pgxPool is what pgx's own pool and the guarded one are to a library for pgx.
type pgxPool interface {
	sqlcpgx.DBTX
	Begin(ctx context.Context) (jackc.Tx, error)
	Close()
}

// net is what the rows of the table call a pool that is instrumented. Without it they are of pgx.Pool.
const net = ", Instrument"

// onPgx proves a library for pgx on pgx.Pool, or on pgx's own pool with a net under it.
func onPgx(l library, netted bool, use func(pool pgxPool, netted bool) app) library {
	open := openGuardedPool
	if netted {
		l.name += net
		open = func(ctx context.Context, dsn string) (pgxPool, error) { return openPoolUnderNet(ctx, dsn, nil) }
	}
	opened := func(open func(ctx context.Context, dsn string) (pgxPool, error)) func(dsn string) (app, error) {
		return func(dsn string) (app, error) {
			pool, err := open(context.Background(), dsn)
			if err != nil {
				return app{}, err
			}
			a := use(pool, netted)
			a.close = func() error {
				pool.Close()
				return nil
			}
			return a, nil
		}
	}
	l.engine, l.guarded, l.bare = onPostgreSQL, opened(open), opened(openBarePool)
	return l
}

func openBarePool(ctx context.Context, dsn string) (pgxPool, error) { return pgxpool.New(ctx, dsn) }

func openGuardedPool(ctx context.Context, dsn string) (pgxPool, error) {
	pool, err := pgx.NewPool(ctx, dsn, nil)
	if err != nil {
		return nil, err
	}
	return pool, nil
}

// openPoolUnderNet is for what holds the concrete type.
func openPoolUnderNet(ctx context.Context, dsn string, guard *sqlguard.Guard) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if err := pgx.Instrument(config, guard); err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// runOn is run for a pool of pgx's.
func runOn(pool pgxPool, statements []string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, text := range statements {
			if _, err := pool.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	}
}

// skippedUnless returns what a program sees of a write that a rule skips, unless there is only a net,
// which cannot skip and so refuses.
func skippedUnless(netted bool, seen outcome) outcome {
	if netted {
		return refused
	}
	return seen
}
