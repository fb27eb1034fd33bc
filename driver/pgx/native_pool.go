package pgx

import (
	"context"
	"errors"
	"sync/atomic"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Pool is a pgxpool.Pool that a guard looks after: it has the methods of pgxpool.Pool, and
// those that execute something ask the guard first. A refusal is a
// *sqlguard.BlockedError, before anything is sent, and the connection is kept. Several
// goroutines may use it.
//
// sqlc's DBTX is an interface that it has.
type Pool struct {
	pool   *pgxpool.Pool
	recent recent

	connected func(context.Context, *jackc.Conn) error // the configuration's own AfterConnect
	closing   func(*jackc.Conn)                        // and BeforeClose
}

// recent finds most sessions faster than a connection's custom data does: by the process that
// serves the connection, of which another may have the same place.
type recent [256]atomic.Pointer[session]

func (r *recent) of(raw *jackc.Conn) *atomic.Pointer[session] {
	return &r[raw.PgConn().PID()%uint32(len(r))]
}

// session returns the session of a connection of the pool, or nil if it has none.
func (r *recent) session(raw *jackc.Conn) *session {
	if s := r.of(raw).Load(); s != nil && s.raw == raw {
		return s
	}
	return r.find(raw)
}

func (r *recent) find(raw *jackc.Conn) *session {
	s, ok := raw.PgConn().CustomData()[sessionOf].(*session)
	if ok {
		r.of(raw).Store(s)
	}
	return s
}

// NewPool opens a pool as pgxpool.New does. If g is nil, [sqlguard.Default] guards. It
// fails if the guard has an error, or an option is not one.
func NewPool(ctx context.Context, connString string, g *sqlguard.Guard, opts ...Option) (*Pool, error) {
	config, err := pgxpool.ParseConfig(connString)
	if err != nil {
		return nil, errDSN
	}
	return NewPoolWithConfig(ctx, config, g, opts...)
}

// sessionOf is the key of a connection's session in its custom data.
const sessionOf = "quiesce"

// NewPoolWithConfig is [NewPool] with a configuration that pgxpool.ParseConfig has made, which
// it does not change. Its hooks, AfterConnect and the others, get pgx's connections, which are not guarded.
func NewPoolWithConfig(ctx context.Context, config *pgxpool.Config, g *sqlguard.Guard, opts ...Option) (*Pool, error) {
	config = config.Copy()
	r, err := newRules(g, opts, dialOf(config.Copy()))
	if err != nil {
		return nil, err
	}
	connected, closing := config.AfterConnect, config.BeforeClose
	config.AfterConnect = func(ctx context.Context, raw *jackc.Conn) error {
		if connected != nil {
			if err := connected(ctx, raw); err != nil {
				return err
			}
		}
		_, err := r.session(raw)
		return err
	}
	p := &Pool{connected: connected, closing: closing}
	config.BeforeClose = func(raw *jackc.Conn) {
		if s, ok := raw.PgConn().CustomData()[sessionOf].(*session); ok {
			p.recent.of(raw).CompareAndSwap(s, nil)
			s.over()
		}
		if closing != nil {
			closing(raw)
		}
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	return p, nil
}

// dialOf connects as a pool with a configuration does, without putting the connection there.
func dialOf(config *pgxpool.Config) func(context.Context) (*jackc.Conn, error) {
	return func(ctx context.Context) (*jackc.Conn, error) {
		c := config.ConnConfig.Copy()
		if config.BeforeConnect != nil {
			if err := config.BeforeConnect(ctx, c); err != nil {
				return nil, err
			}
		}
		return jackc.ConnectConfig(ctx, c)
	}
}

var errUnguarded = errors.New("driver/pgx: a hook of the pool has removed the guard from a connection")

// acquire takes a connection from the pool.
func (p *Pool) acquire(ctx context.Context) (*pgxpool.Conn, *session, error) {
	c, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	s := p.recent.session(c.Conn())
	if s == nil {
		c.Release()
		return nil, nil, errUnguarded
	}
	return c, s, nil
}

// Unwrap returns pgx's pool. What is done with it directly is not guarded.
func (p *Pool) Unwrap() *pgxpool.Pool { return p.pool }

// Close closes the pool, and waits for the connections that are in use.
func (p *Pool) Close() { p.pool.Close() }

// Reset closes all connections, those in use when they come back.
func (p *Pool) Reset() { p.pool.Reset() }

// Stat returns what the pool counts.
func (p *Pool) Stat() *pgxpool.Stat { return p.pool.Stat() }

// Config returns a copy of the configuration of the pool, as it was given: another pool that is made with it has
// no guard of this one's.
func (p *Pool) Config() *pgxpool.Config {
	c := p.pool.Config()
	c.AfterConnect, c.BeforeClose = p.connected, p.closing
	return c
}

// Ping asks the server for an answer, on any connection. It is never refused.
func (p *Pool) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

// Exec is [Conn.Exec] on any connection.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c, err := p.pool.Acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	s := p.recent.session(c.Conn())
	if s == nil {
		c.Release()
		return pgconn.CommandTag{}, errUnguarded
	}
	defer s.release(c)
	return s.exec(ctx, sql, args)
}

// Query is [Conn.Query] on any connection, which is released when the rows are closed.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (jackc.Rows, error) {
	c, s, err := p.acquire(ctx)
	if err != nil {
		return failedRows(err), err
	}
	return s.query(ctx, sql, args, c)
}

// QueryRow is [Conn.QueryRow] on any connection, which is released by Scan.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) jackc.Row {
	c, s, err := p.acquire(ctx)
	if err != nil {
		return failed(err).QueryRow()
	}
	return s.queryRow(ctx, sql, args, c)
}

// SendBatch is [Conn.SendBatch] on any connection, which is released when the results are
// closed, or the transaction that the batch began.
func (p *Pool) SendBatch(ctx context.Context, b *jackc.Batch) jackc.BatchResults {
	c, s, err := p.acquire(ctx)
	if err != nil {
		return jackc.FailedBatchResults(b, err)
	}
	return s.sendBatch(ctx, b, c)
}

// CopyFrom is [Conn.CopyFrom] on any connection.
func (p *Pool) CopyFrom(ctx context.Context, table jackc.Identifier, columns []string, source jackc.CopyFromSource) (int64, error) {
	c, s, err := p.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Release()
	return s.copyFrom(ctx, table, columns, source)
}

// Begin is [Pool.BeginTx] without options.
func (p *Pool) Begin(ctx context.Context) (jackc.Tx, error) {
	return p.BeginTx(ctx, jackc.TxOptions{})
}

// BeginTx is [Conn.BeginTx] on any connection, which is released when the
// transaction ends.
func (p *Pool) BeginTx(ctx context.Context, o jackc.TxOptions) (jackc.Tx, error) {
	c, s, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return s.beginTx(ctx, o, c)
}
