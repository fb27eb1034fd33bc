package driver_test

import (
	"context"
	"database/sql/driver"
	"sync"
	"sync/atomic"
	"testing"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// busyConnector makes connections that count what runs on them.
type busyConnector struct {
	silent
	running *atomic.Int64
}

func (b busyConnector) Connect(context.Context) (driver.Conn, error) {
	return busyConn{running: b.running}, nil
}

type busyConn struct {
	silentConn
	running *atomic.Int64
}

func (b busyConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	b.running.Add(1)
	b.running.Add(-1)
	return result, nil
}

func (b busyConn) BeginTx(_ context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts.ReadOnly {
		return silent{}, nil // it began after the flip, and is harmless
	}
	b.running.Add(1)
	return busyTx(b), nil
}

type busyTx busyConn

func (b busyTx) Commit() error {
	b.running.Add(-1)
	return nil
}

func (b busyTx) Rollback() error { return b.Commit() }

// Drain is exact: flips meet statements and transactions at every point there is, and
// when Drain has returned none runs.
func TestWhenDrainHasReturnedNothingRuns(t *testing.T) {
	var running atomic.Int64
	g := newGuard(t, nothing)
	connector, err := guarded.WrapConnector(busyConnector{running: &running}, guarded.Config{Guard: g, Dialect: keywords{}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	work := []func(caller){
		func(c caller) { c.ExecContext(ctx, write, nil) },
		func(c caller) {
			tx, err := c.BeginTx(ctx, driver.TxOptions{})
			if err == nil {
				err = tx.Commit()
			}
			if err != nil {
				t.Error(err)
			}
		},
	}
	over := make(chan struct{})
	var writers sync.WaitGroup
	for _, write := range work {
		c, err := connector.Connect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		writers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					write(c.(caller))
				}
			}
		})
	}
	flips := 2000
	if testing.Short() {
		flips = 1000
	}
	for range flips {
		set(t, g, sqlguard.ReadOnly)
		if _, err := g.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if n := running.Load(); n != 0 {
			t.Fatalf("Drain has returned, and %d are running", n)
		}
		set(t, g, sqlguard.Off)
	}
	close(over)
	writers.Wait()
}
