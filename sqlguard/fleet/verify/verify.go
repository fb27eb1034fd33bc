package verify

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A Verifier proves that a database is no longer written to. It may be used by several
// goroutines.
type Verifier struct {
	config  Config
	engine  engine
	created time.Time
}

// New returns a Verifier, and an error that names the field if the configuration is wrong.
// It does not reach for the database.
func New(config Config) (*Verifier, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	v := &Verifier{config: config, created: time.Now()}
	switch config.Dialect {
	case Postgres:
		v.engine = &postgresEngine{config: config}
	case MySQL:
		v.engine = &mysqlEngine{config: config}
	case SQLite:
		v.engine = &sqliteEngine{config: config}
	}
	return v, nil
}

// Verify looks twice, [Config.Still] apart, and reports. It blocks for that long. A database
// that is not quiet is a report whose Quiet is false, not an error.
//
// An error means that nothing was proven. It is a [*PrivilegeError] if the account may not
// see enough, which errors.As finds; otherwise it is the driver's or the context's, or says what is wrong with
// the server (a standby, counters switched off).
func (v *Verifier) Verify(ctx context.Context) (Report, error) {
	return v.run(ctx, func(report Report) bool { return report.StillSeconds > 0 })
}

// Wait looks again and again, [Config.Still] apart, until a report is quiet, and returns it.
// It hands every report to seen, which may be nil: the first one after the first look, when
// nothing is proven yet and who holds up the proof is already named.
//
// If the context ends first, the error is both [ErrNotQuiet] and the context's, and the
// report is the last one. Other errors are those of [Verifier.Verify].
func (v *Verifier) Wait(ctx context.Context, seen func(Report)) (Report, error) {
	last, err := v.run(ctx, func(report Report) bool {
		if seen != nil {
			seen(report)
		}
		return report.Quiet
	})
	if err != nil && ctx.Err() != nil {
		return last, fmt.Errorf("%w: %w", ErrNotQuiet, context.Cause(ctx))
	}
	return last, err
}

// run hands reports to enough until it says so.
func (v *Verifier) run(ctx context.Context, enough func(Report) bool) (last Report, err error) {
	conn, err := v.config.DB.Conn(ctx)
	if err != nil {
		return last, fmt.Errorf("verify: connecting: %w", err)
	}
	// SQLite's data_version compares only within one connection, and a server's session
	// is more easily told from others' when it stays the same.
	defer conn.Close()
	if err := v.engine.prepare(ctx, conn); err != nil {
		return last, fmt.Errorf("verify: %w", err)
	}
	before, err := v.look(ctx, conn)
	if err != nil {
		return last, err
	}
	last = v.first(before)
	for !enough(last) {
		if err := pause(ctx, v.config.still()); err != nil {
			return last, fmt.Errorf("verify: %w", err)
		}
		now, err := v.look(ctx, conn)
		if err != nil {
			return last, err
		}
		report := v.judge(before, now)
		if report.Quiet {
			// After the proof, never before: a position that is taken while transactions
			// are still open misses their commits.
			position, err := v.engine.position(ctx, conn)
			if err != nil {
				return last, fmt.Errorf("verify: asking for the position: %w", err)
			}
			report.Position = &position
		}
		before, last = now, report
	}
	return last, nil
}

func (v *Verifier) look(ctx context.Context, conn *sql.Conn) (*look, error) {
	start := time.Now()
	l, err := v.engine.look(ctx, conn, v.config.ClosedFor+start.Sub(v.created))
	if err != nil {
		return nil, fmt.Errorf("verify: looking at the database: %w", err)
	}
	l.started, l.ended = start, time.Now()
	return l, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
