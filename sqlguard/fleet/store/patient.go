package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
	"time"
)

// patient goes on connecting when its caller has no more time, and keeps the connection for the next one: a server that
// is slow to accept connections, as when a fleet comes back to one that was restarted, would get another attempt from each process with
// each heartbeat, for nobody, and never catch up. One attempt more than there are callers may be under way, for one may lead nowhere.
type patient struct {
	driver.Connector
	name string          // of the server, for errors
	ctx  context.Context // until Close
	end  context.CancelFunc

	mu       sync.Mutex
	waiting  []chan attempt
	attempts int // under way
	spare    []driver.Conn
	failed   error // of the last attempt that came to an end; nil if it has connected
	failedAt time.Time
	all      sync.WaitGroup
}

// attempt is what came of one.
type attempt struct {
	conn driver.Conn
	err  error
}

func newPatient(c driver.Connector, name string) *patient {
	p := &patient{Connector: c, name: name}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

// Connect returns the first connection that is there, or the error of an attempt that has failed meanwhile.
func (p *patient) Connect(ctx context.Context) (driver.Conn, error) {
	p.mu.Lock()
	if n := len(p.spare); n > 0 {
		conn := p.spare[n-1]
		p.spare = p.spare[:n-1]
		p.mu.Unlock()
		return conn, nil
	}
	if err := p.ctx.Err(); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	answer := make(chan attempt, 1)
	p.waiting = append(p.waiting, answer)
	if p.attempts <= len(p.waiting) {
		p.attempts++
		p.all.Go(p.try)
	}
	p.mu.Unlock()
	select {
	case a := <-answer:
		return a.conn, a.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := slices.Index(p.waiting, answer); n >= 0 {
		p.waiting = slices.Delete(p.waiting, n, n+1)
		return nil, p.late(ctx.Err())
	}
	a := <-answer // it came at the same time
	return a.conn, a.err
}

// late returns the error of a caller who has no more time; p.mu is held. It tells why an attempt has failed before, which may have been between
// two calls each time. That is no error to match, because it was not this caller's.
func (p *patient) late(err error) error {
	if p.failed == nil {
		return fmt.Errorf("connecting to %s: %w", p.name, err)
	}
	ago := time.Since(p.failedAt).Round(time.Second)
	return fmt.Errorf("connecting to %s: %w (an attempt has failed %s ago: %v)", p.name, err, ago, p.failed)
}

// try connects, within the time of patience, for whoever has waited longest by then. If there is nobody it keeps the connection as long.
func (p *patient) try() {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	conn, err := p.Connector.Connect(ctx)
	if err != nil && ctx.Err() != nil { // of which MySQL's driver says no more than that
		err = fmt.Errorf("connecting to %s: %w", p.name, err)
	}
	if !p.hand(attempt{conn, err}) {
		return
	}
	select {
	case <-time.After(patience):
	case <-p.ctx.Done():
	}
	if p.unspare(conn) {
		conn.Close()
	}
}

// hand gives the outcome to a caller. It reports whether there is none, and a connection to spare.
func (p *patient) hand(a attempt) (spare bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts--
	p.failed, p.failedAt = a.err, time.Now()
	switch {
	case len(p.waiting) > 0:
		p.waiting[0] <- a
		p.waiting = p.waiting[1:]
		return false
	case a.err != nil:
		return false
	}
	p.spare = append(p.spare, a.conn)
	return true
}

// unspare takes a connection back, and reports whether nobody has done so before.
func (p *patient) unspare(conn driver.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := slices.Index(p.spare, conn)
	if n < 0 {
		return false
	}
	p.spare = slices.Delete(p.spare, n, n+1)
	return true
}

// Close ends all attempts, and closes what nobody has asked for. database/sql calls it when the pool is closed.
func (p *patient) Close() error {
	p.mu.Lock() // a call either has begun its attempt, or begins none
	p.end()
	p.mu.Unlock()
	p.all.Wait()
	return nil
}
