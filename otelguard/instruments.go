package otelguard

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// instruments makes what events are counted with.
func (t *Telemetry) instruments(meter metric.Meter) (err error) {
	t.decisions, err = meter.Int64Counter("quiesce.decisions", metric.WithUnit("{statement}"),
		metric.WithDescription("Statements that a guard did not merely let pass."))
	if err != nil {
		return err
	}
	t.drains, err = meter.Float64Histogram("quiesce.drain.duration", metric.WithUnit("s"),
		metric.WithDescription("How long drains took."),
		metric.WithExplicitBucketBoundaries(0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900))
	return err
}

// reading is one asking for the gauges: what is asked for once, and who is told.
type reading struct {
	observer metric.Observer
	guard    *sqlguard.Guard
	state    sqlguard.State
	pending  sqlguard.DrainReport
	fleet    fleet.Status
	now      time.Time
}

// gauge is one instrument that is asked for its value.
type gauge struct {
	metric.Observable
	read func(r *reading)
}

// gauges registers all that is asked for.
func (t *Telemetry) gauges(meter metric.Meter) (metric.Registration, error) {
	m := maker{meter: meter}
	all := t.ofGuard(&m)
	all = append(all, t.ofVerification(&m)...)
	if t.cfg.Member != nil {
		all = append(all, ofFleet(&m)...)
	}
	if len(t.cfg.HTTP) > 0 {
		all = append(all, t.ofHTTP(&m)...)
	}
	if m.err != nil {
		return nil, m.err
	}
	observables := make([]metric.Observable, len(all))
	for i, g := range all {
		observables[i] = g.Observable
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		r := t.look(o)
		for _, g := range all {
			g.read(r)
		}
		return nil
	}, observables...)
}

// look asks for everything once, so that the values of one scrape belong together.
func (t *Telemetry) look(o metric.Observer) *reading {
	r := &reading{observer: o, guard: t.cfg.Guard, state: t.cfg.Guard.State(), pending: t.cfg.Guard.Pending(), now: time.Now()}
	if t.cfg.Member != nil {
		r.fleet = t.cfg.Member.Status()
	}
	return r
}

// maker makes instruments, and keeps what went wrong.
type maker struct {
	meter metric.Meter
	err   error
}

// number returns a gauge of whole numbers.
func (m *maker) number(name, unit, description string, read func(*reading) int64) gauge {
	i, err := m.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.err = errors.Join(m.err, err)
	return gauge{i, func(r *reading) { r.observer.ObserveInt64(i, read(r)) }}
}

// seconds returns a gauge of time.
func (m *maker) seconds(name, description string, read func(*reading) time.Duration) gauge {
	i, err := m.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
	m.err = errors.Join(m.err, err)
	return gauge{i, func(r *reading) { r.observer.ObserveFloat64(i, read(r).Seconds()) }}
}

// oneIf returns 1 for true, and 0 for false.
func oneIf(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// with returns the attribute of one series.
func with(key attribute.Key, value string) metric.MeasurementOption {
	return metric.WithAttributes(key.String(value))
}
