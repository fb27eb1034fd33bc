package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// giveUp does what is to be done after a failure, before anything was migrated.
func (w *waiter) giveUp(ctx context.Context, out *WaitOut, cause error) error {
	if errors.As(cause, new(*fleet.ConflictError)) {
		return cause // somebody else has gone on from here
	}
	if w.in.OnTimeout == Keep && !errors.As(cause, new(*fleet.IncompleteError)) {
		out.Left = "kept closed"
		return fmt.Errorf("%w\nthe fleet is closed still (epoch %d), as --on-timeout keep asks; quiesce off opens it", cause, out.Mode.Epoch)
	}
	left, err := w.reopen(ctx, out.Mode, "wait failed, and nothing was migrated yet", w.mayReopen)
	if errors.Is(err, errProved) {
		out.Left = "kept closed"
		return fmt.Errorf("%w\nthe fleet is closed still (epoch %d): %w; quiesce off opens it", cause, out.Mode.Epoch, err)
	}
	if err != nil {
		return &fleet.RollbackError{Left: left, Cause: cause, Err: err}
	}
	out.Mode, out.Left = left, "reopened"
	return fmt.Errorf("%w\nthe fleet is open again (epoch %d)", cause, left.Epoch)
}

// undo opens a fleet again of which nobody else was told that writing is over, and says so with the cause.
func (w *waiter) undo(ctx context.Context, closed fleet.Mode, cause error) error {
	left, err := w.reopen(ctx, closed, "undone before anything was migrated", whatever)
	if err != nil {
		return &fleet.RollbackError{Left: left, Cause: cause, Err: err}
	}
	return fmt.Errorf("%w\nthe fleet is open again (epoch %d)", cause, left.Epoch)
}

// reopenTimeout bounds how long it may take to open a fleet again after a failure.
const reopenTimeout = 15 * time.Second

// errProved is for a fleet in which somebody may be migrating.
var errProved = errors.New("somebody was told before that writing is over, and may be at work")

// mayReopen fails with errProved where an earlier wait for this closing has succeeded.
func (w *waiter) mayReopen(ctx context.Context, closed fleet.Mode) error {
	entries, err := w.s.Log(ctx, 1000)
	for _, e := range entries {
		if e.Op == closed.Op && e.Action == "wait" && e.Result == "ok" {
			return errProved
		}
	}
	return err
}

// whatever lets a fleet be opened of which it is known that nothing was migrated.
func whatever(context.Context, fleet.Mode) error { return nil }

// reopen opens a fleet again, with a time of its own, if it is still the one that was closed, and may be opened.
func (w *waiter) reopen(ctx context.Context, closed fleet.Mode, reason string, may func(context.Context, fleet.Mode) error) (fleet.Mode, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reopenTimeout)
	defer cancel()
	for {
		left, err := closed, may(ctx, closed)
		if err == nil {
			left, err = w.o.Open(ctx, closed.Epoch, reason)
		}
		var conflict *fleet.ConflictError
		if errors.As(err, &conflict) && conflict.Current.State == fleet.Open {
			return conflict.Current, nil
		}
		if err == nil || conflict != nil || errors.Is(err, errProved) {
			return left, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return closed, err
		}
	}
}
