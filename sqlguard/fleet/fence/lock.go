package fence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrOpen is returned by [Fence.Lock] where the fence is open.
var ErrOpen = errors.New("fence: it is open")

// Lock keeps a fence closed; see [Fence.Lock].
type Lock struct{ conn *sql.Conn }

// Release gives the lock back, within 5 seconds. The fence stays closed. It fails if the lock was lost.
func (l *Lock) Release() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := l.conn.ExecContext(ctx, "ROLLBACK")
	drop(l.conn)
	if err != nil {
		return fmt.Errorf("fence: releasing the lock: %w", err)
	}
	return nil
}

// Held returns nil if the lock is held still.
func (l *Lock) Held(ctx context.Context) error {
	if err := l.conn.PingContext(ctx); err != nil {
		return fmt.Errorf("fence: the lock is lost with its connection: %w", err)
	}
	return nil
}

// Lock takes what keeps a closed fence closed while the lock lasts, and fails with [ErrOpen] if it is open. It changes nothing, and
// waits until ctx ends for whoever has it otherwise. While it lasts nobody takes the fence, and on MySQL and MariaDB nobody opens it: [Fence.Open] waits there.
func (f *Fence) Lock(ctx context.Context) (*Lock, error) {
	if err := f.installed(ctx); err != nil {
		return nil, err
	}
	conn, err := f.transaction(ctx)
	if err != nil {
		return nil, err
	}
	closed, epoch := false, uint64(0)
	if f.engine.keep != "" {
		_, err = conn.ExecContext(ctx, f.engine.keep)
	}
	if err == nil {
		err = conn.QueryRowContext(ctx, f.engine.kept).Scan(&closed, &epoch)
	}
	if err == nil && closed {
		return &Lock{conn}, nil
	}
	drop(conn)
	if err != nil {
		if closed, e := f.Closed(ctx); e == nil && !closed {
			return nil, ErrOpen
		}
		return nil, fmt.Errorf("fence: locking it: %w", err)
	}
	return nil, ErrOpen
}
