package otelguard

import (
	"errors"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// ofGuard returns the gauges of the guard itself.
func (t *Telemetry) ofGuard(m *maker) []gauge {
	return append([]gauge{
		m.number("quiesce.mode", "", "The mode in force: 0 off, 1 observe, 2 read-only.",
			func(r *reading) int64 { return int64(r.state.Mode) }),
		m.number("quiesce.epoch", "", "How often the state has changed.",
			func(r *reading) int64 { return int64(r.state.Epoch) }),
		m.seconds("quiesce.overdue", "How long ago the mode was expected to end; 0 if it was not.", (*reading).overdue),
		m.number("quiesce.work.unknown", "{statement}", "Statements whose outcome is unknown.",
			func(r *reading) int64 { return int64(len(r.pending.Unknown)) }),
	}, ofWork(m)...)
}

// overdue returns how long ago what is in force, or what the fleet is armed for, should have ended.
func (r *reading) overdue() time.Duration {
	var late time.Duration
	if !r.state.Until.IsZero() && r.state.Announced.IsZero() {
		late = r.now.Sub(r.state.Until)
	}
	if f := r.fleet.Mode; f.Epoch != 0 && f.State != fleet.Open && !f.Change.Until.IsZero() {
		late = max(late, r.now.Sub(f.Change.Until))
	}
	return max(late, 0)
}

// ofWork returns the gauges of what a drain would wait for.
func ofWork(m *maker) []gauge {
	open, err := m.meter.Int64ObservableGauge("quiesce.work.open", metric.WithUnit("{unit}"),
		metric.WithDescription("Statements and transactions that a drain would wait for."))
	m.err = errors.Join(m.err, err)
	oldest, err := m.meter.Float64ObservableGauge("quiesce.work.oldest", metric.WithUnit("s"),
		metric.WithDescription("The age of the oldest statement or transaction that a drain would wait for."))
	m.err = errors.Join(m.err, err)
	return []gauge{
		{open, func(r *reading) {
			for name, w := range r.work() {
				r.observer.ObserveInt64(open, w.open, with(AttrWork, name))
			}
		}},
		{oldest, func(r *reading) {
			for name, w := range r.work() {
				r.observer.ObserveFloat64(oldest, w.oldest.Seconds(), with(AttrWork, name))
			}
		}},
	}
}

// work is what is open of one kind.
type work struct {
	open   int64
	oldest time.Duration
}

// work returns what is open, of both kinds, zeros too: a series that is missing says nothing.
func (r *reading) work() map[string]work {
	kinds := map[string]work{"transaction": {}, "statement": {}}
	for _, o := range r.pending.Open {
		name := "statement"
		if o.Transaction {
			name = "transaction"
		}
		w := kinds[name]
		w.open++
		w.oldest = max(w.oldest, o.Age)
		kinds[name] = w
	}
	return kinds
}

// ofFleet returns the gauges of the process's part in its fleet.
func ofFleet(m *maker) []gauge {
	return []gauge{
		m.seconds("quiesce.lease.remaining", "How long the process may leave writing open; 0 if it needs no lease, or has none.",
			func(r *reading) time.Duration { return r.fleet.LeaseLeft }),
		m.number("quiesce.fleet.armed", "", "1 while the fleet is armed, and the process needs a lease to write.",
			func(r *reading) int64 { return oneIf(r.fleet.Mode.State == fleet.Armed) }),
		m.number("quiesce.fleet.failing", "", "1 if the last call of the fleet's store has failed.",
			func(r *reading) int64 { return oneIf(r.fleet.Err != nil) }),
		m.number("quiesce.fleet.alarm", "", "1 if there is something that a person should look at.",
			func(r *reading) int64 { return oneIf(r.fleet.Alarm != "") }),
	}
}

// ofVerification returns the gauges of the last verification. Before the first there are no values.
func (t *Telemetry) ofVerification(m *maker) []gauge {
	writers, err := m.meter.Int64ObservableGauge("quiesce.unguarded.writers", metric.WithUnit("{session}"),
		metric.WithDescription("Sessions that the last verification saw writing."))
	m.err = errors.Join(m.err, err)
	moved, err := m.meter.Int64ObservableGauge("quiesce.unguarded.moved", metric.WithUnit("{table}"),
		metric.WithDescription("Tables and sequences that the last verification saw written."))
	m.err = errors.Join(m.err, err)
	failing, err := m.meter.Int64ObservableGauge("quiesce.verification.failing",
		metric.WithDescription("1 if the last verification has failed, so that nothing is known of unguarded writers."))
	m.err = errors.Join(m.err, err)
	return []gauge{
		{writers, func(r *reading) {
			if v := t.verified.Load(); v != nil && v.report != nil {
				r.observer.ObserveInt64(writers, int64(len(v.report.Writers)))
			}
		}},
		{moved, func(r *reading) {
			if v := t.verified.Load(); v != nil && v.report != nil {
				r.observer.ObserveInt64(moved, int64(len(v.report.Moved)))
			}
		}},
		{failing, func(r *reading) {
			if v := t.verified.Load(); v != nil {
				r.observer.ObserveInt64(failing, oneIf(v.report == nil))
			}
		}},
	}
}

// ofHTTP returns the counter of answers.
func (t *Telemetry) ofHTTP(m *maker) []gauge {
	answers, err := m.meter.Int64ObservableCounter("quiesce.http.answers", metric.WithUnit("{request}"),
		metric.WithDescription("Requests while a mode was on, by what became of them."))
	m.err = errors.Join(m.err, err)
	return []gauge{{answers, func(r *reading) {
		for outcome, n := range t.answers() {
			r.observer.ObserveInt64(answers, int64(n), with(AttrOutcome, outcome))
		}
	}}}
}

// answers returns the counts of all middlewares together.
func (t *Telemetry) answers() map[string]uint64 {
	var all httpmode.Counts
	for _, m := range t.cfg.HTTP {
		c := m.Counts()
		all.Passed += c.Passed
		all.Converted += c.Converted
		all.Refused += c.Refused
		all.SignIn += c.SignIn
		all.Bypassed += c.Bypassed
	}
	return map[string]uint64{
		"passed": all.Passed, "converted": all.Converted, "refused": all.Refused,
		"sign_in": all.SignIn, "bypassed": all.Bypassed,
	}
}
