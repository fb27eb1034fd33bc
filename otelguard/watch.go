package otelguard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// DefaultEvery is the pause between two verifications where [Telemetry.Watch] is not told.
const DefaultEvery = time.Minute

// verification is what the last one has shown.
type verification struct {
	report *verify.Report // nil if it has failed
}

// Verified tells what a verification has seen: who writes past every guard. It is for
// programs that verify by themselves; only the latest report counts. [Telemetry.Watch] does both.
func (t *Telemetry) Verified(r verify.Report) { t.verified.Store(&verification{&r}) }

// Watch verifies a database for as long as the guard's mode is read-only, and tells what it has seen as
// Verified does. The first verification is one pause after writing was closed, so that what was open then can
// end, and they go on with a pause after each. If every is zero or negative, it is [DefaultEvery]. While the mode is
// another one there is nothing to tell, and nothing is told; so it is after a verification that
// failed, but for the metric which says that, and the error, which goes to otel.Handle.
//
// cfg is as for [verify.New], which also says what privileges it takes; Watch sets ClosedFor. In a
// fleet one process is enough, which may be one that does nothing else.
//
// It blocks until ctx ends, and then returns nil. It returns at once with an error of verify.New, and
// with a [*verify.PrivilegeError], which errors.As finds: then the metric goes on to say that verification fails.
func (t *Telemetry) Watch(ctx context.Context, cfg verify.Config, every time.Duration) error {
	if _, err := verify.New(cfg); err != nil {
		return fmt.Errorf("otelguard: %w", err)
	}
	if every <= 0 {
		every = DefaultEvery
	}
	changed, stop := t.cfg.Guard.Subscribe()
	defer stop()
	next := time.NewTimer(every)
	defer next.Stop()
	next.Stop()
	var closed time.Time // zero while writing is open
	for {
		select {
		case <-ctx.Done():
			t.verified.Store(nil)
			return nil
		case <-changed:
			switch readOnly := t.cfg.Guard.Mode() == sqlguard.ReadOnly; {
			case !readOnly:
				closed = time.Time{}
				next.Stop()
				t.verified.Store(nil)
			case closed.IsZero():
				closed = time.Now()
				next.Reset(every)
			}
		case <-next.C:
			cfg.ClosedFor = time.Since(closed)
			if err := t.verifyOnce(ctx, cfg); err != nil {
				return err
			}
			next.Reset(every)
		}
	}
}

// verifyOnce verifies, and returns an error only if it is of no use to try again.
func (t *Telemetry) verifyOnce(ctx context.Context, cfg verify.Config) error {
	v, err := verify.New(cfg)
	var report verify.Report
	if err == nil {
		report, err = v.Verify(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		t.Verified(report)
		return nil
	}
	return t.failed(err)
}

// failed tells of a verification that has failed, and returns an error if the next one would too.
func (t *Telemetry) failed(err error) error {
	t.verified.Store(&verification{})
	err = fmt.Errorf("otelguard: %w", err)
	if errors.As(err, new(*verify.PrivilegeError)) {
		return err
	}
	otel.Handle(err)
	return nil
}
