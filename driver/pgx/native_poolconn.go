package pgx

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolConn is a guarded connection that was acquired from a [Pool].
type PoolConn struct {
	Conn
	from *pgxpool.Conn
}

// Acquire takes a connection from the pool until Release.
func (p *Pool) Acquire(ctx context.Context) (*PoolConn, error) {
	c, s, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &PoolConn{Conn{s}, c}, nil
}

// AcquireAllIdle takes all connections from the pool that are idle, each until Release.
func (p *Pool) AcquireAllIdle(ctx context.Context) []*PoolConn {
	var all []*PoolConn
	for _, c := range p.pool.AcquireAllIdle(ctx) {
		s := p.recent.session(c.Conn())
		if s == nil {
			c.Release() // as Acquire would
			continue
		}
		all = append(all, &PoolConn{Conn{s}, c})
	}
	return all
}

// AcquireFunc calls f with a connection that it acquires, and releases.
func (p *Pool) AcquireFunc(ctx context.Context, f func(*PoolConn) error) error {
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return f(c)
}

// Release gives the connection back to the pool, which drops it if a transaction is open. It
// may be called several times; no other method may be called after it.
func (c *PoolConn) Release() {
	from := c.from
	if from == nil {
		return
	}
	c.from = nil
	c.session.returned()
	from.Release()
}

// Hijack takes the connection out of the pool, for the caller to close, and returns it. It panics after
// Release, and neither Release nor any other method may be called after it.
func (c *PoolConn) Hijack() *Conn {
	c.from.Hijack()
	c.from = nil
	return &Conn{c.session}
}
