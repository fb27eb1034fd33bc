package fence

import (
	"context"
	"fmt"
	"time"
)

// Holder is a session that has taken the fence.
type Holder struct {
	// Session is the server's number of it: a process id, or a connection id.
	Session int64
	// User and From say whose it is, as the server knows them; they may be empty.
	User, From string
}

// evicting evicts until what it returns is called, which returns why that failed the last time.
func (f *Fence) evicting(ctx context.Context, told func(Holder)) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- f.evict(ctx, told) }()
	return func() error {
		cancel()
		return <-done
	}
}

// evict ends the sessions of those who have taken the fence and are in the way, until ctx ends. It returns
// why it could not, the last time.
func (f *Fence) evict(ctx context.Context, told func(Holder)) (last error) {
	for {
		holders, err := f.holders(ctx)
		for _, h := range holders {
			if err = f.endSession(ctx, h); err == nil {
				told(h)
			}
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-time.After(200 * time.Millisecond): // InnoDB renews what it tells only if nobody has asked for 0.1 s
		case <-ctx.Done():
			return last
		}
	}
}

// endSession ends a session. What has been begun is told, though the lock may be had before the answer is here.
func (f *Fence) endSession(ctx context.Context, h Holder) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := f.db.ExecContext(ctx, fmt.Sprintf(f.engine.end, h.Session))
	return err
}

func (f *Fence) holders(ctx context.Context) (all []Holder, err error) {
	rows, err := f.db.QueryContext(ctx, f.engine.holders)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h Holder
		if err := rows.Scan(&h.Session, &h.User, &h.From); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, rows.Err()
}
