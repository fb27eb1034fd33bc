package pgx

import (
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// OpenDBFromPool opens a pool of database/sql that g guards and whose connections
// are those of a pgxpool.Pool, as stdlib.OpenDBFromPool does. If g is nil,
// [sqlguard.Default] guards. It fails if pool is nil or instrumented
// ([Instrument]), or the guard has an error.
//
// It keeps no connection idle, since they are pool's to keep: do not call
// SetMaxIdleConns on it, which would take them from who uses pool directly. Closing it
// does not close pool. Of stdlib's options, those that concern connecting have no
// effect; connections are made as pool is configured.
//
// Who uses pool itself is not guarded.
func OpenDBFromPool(pool *pgxpool.Pool, g *sqlguard.Guard, opts ...stdlib.OptionOpenDB) (*sql.DB, error) {
	if pool == nil {
		return nil, errors.New("driver/pgx: the pool to open from is nil")
	}
	if _, is := pool.Config().ConnConfig.Tracer.(*netted); is {
		return nil, errNetted
	}
	db, err := driver.OpenDB(stdlib.GetPoolConnector(pool, opts...), Config(g))
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(0)
	return db, nil
}
