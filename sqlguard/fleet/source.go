package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// FollowConfig says how a process follows a [Source]. The zero FollowConfig is ready.
type FollowConfig struct {
	// Poll is the time between two looks, where the source gives no hint that something has changed. If
	// zero, 10 seconds.
	Poll time.Duration
	// Hold is the name under which the guard holds what the source asks for. If empty, "source".
	Hold string
	// Logger is told when the source cannot be read. If nil, [slog.Default].
	Logger *slog.Logger
}

// Follow has a guard do what a source asks for, until ctx ends; what it asked for last stays in
// force then. It reads the source once before it returns. If that fails, writing is closed until
// the source can be read; a failure later on leaves in force what was read last.
//
// Nobody learns who has followed, so this is no way to know that writing is over: that
// takes a [Coordinator], and [Join]. While a source says Armed, writing is closed, because
// it is bound by no lease.
//
// It fails, and changes nothing, if a field of cfg is wrong, which the error names.
func Follow(ctx context.Context, guard *sqlguard.Guard, source Source, cfg FollowConfig) error {
	cfg.Poll = cmp.Or(cfg.Poll, 10*time.Second)
	cfg.Hold = cmp.Or(cfg.Hold, "source")
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	switch {
	case guard == nil || source == nil:
		return errors.New("fleet: Follow needs a guard and a source")
	case cfg.Poll < 0:
		return fmt.Errorf("fleet: the field FollowConfig.Poll must be positive, not %s", cfg.Poll)
	case len(cfg.Hold) > 64:
		return fmt.Errorf("fleet: the field FollowConfig.Hold must be at most 64 bytes, not %d", len(cfg.Hold))
	}
	if err := guard.Err(); err != nil {
		return err
	}
	f := &follower{guard: guard, source: source, cfg: cfg}
	if err := guard.Hold(cfg.Hold, closedUntilRead); err != nil {
		return err
	}
	f.look(ctx)
	go f.run(ctx)
	return nil
}

var closedUntilRead = sqlguard.Change{
	Mode: sqlguard.ReadOnly, Reason: "the source of the mode has not been read yet",
}

// follower is a process that follows a source.
type follower struct {
	guard   *sqlguard.Guard
	source  Source
	cfg     FollowConfig
	failing bool
	cut     uint64 // the epoch at which the guard was told to cut
}

func (f *follower) run(ctx context.Context) {
	next := time.NewTicker(f.cfg.Poll)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-f.source.Changed():
		case <-ctx.Done():
			return
		}
		f.look(ctx)
	}
}

// look reads the source, and does what it asks for.
func (f *follower) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Poll)
	defer cancel()
	mode, err := f.source.Mode(ctx)
	if err == nil {
		err = mode.Check()
	}
	if err == nil {
		err = f.apply(mode)
	}
	switch {
	case err != nil && ctx.Err() != context.Canceled && !f.failing:
		f.cfg.Logger.Error("quiesce: the source of the mode cannot be read, so what it asked for last stays in force",
			slog.String("error", err.Error()))
	case err == nil && f.failing:
		f.cfg.Logger.Info("quiesce: the source of the mode can be read again")
	}
	f.failing = err != nil
}

func (f *follower) apply(mode Mode) error {
	c := mode.Change
	if c.Mode == sqlguard.Off && c.Announced.IsZero() && !c.Anonymous && !c.GetOnly {
		f.guard.Release(f.cfg.Hold)
		return nil
	}
	if err := f.guard.Hold(f.cfg.Hold, c); err != nil || !mode.Cut || f.cut == mode.Epoch {
		return err
	}
	f.cut = mode.Epoch
	return f.guard.Cut()
}
