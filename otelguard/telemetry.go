package otelguard

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Scope is the name of the instrumentation scope.
const Scope = "github.com/quiescehq/quiesce/otelguard"

// Attributes of the metrics and events, beside those of OpenTelemetry's semantic conventions.
const (
	AttrDecision    = attribute.Key("quiesce.decision")
	AttrWork        = attribute.Key("quiesce.work")
	AttrDrainResult = attribute.Key("quiesce.drain.result")
	AttrOutcome     = attribute.Key("quiesce.outcome")
	AttrMode        = attribute.Key("quiesce.mode")
	AttrEpoch       = attribute.Key("quiesce.epoch")
	AttrWhy         = attribute.Key("quiesce.why")
)

// EventRefused is the name of the event on the span of a statement that was refused.
const EventRefused = "quiesce.refused"

// Telemetry measures a guard. Make it with [Start]. All methods may be called by several
// goroutines.
type Telemetry struct {
	cfg         Config
	operations  names
	collections names
	decisions   metric.Int64Counter
	drains      metric.Float64Histogram
	verified    atomic.Pointer[verification]

	stop struct {
		sync.Once
		remove     func()
		unregister func() error
		err        error
	}
}

var _ sqlguard.Observer = (*Telemetry)(nil)

// Start measures until [Telemetry.Stop] is called: it observes the guard's events, beside the guard's own observer,
// and is asked by the MeterProvider for all that is a gauge. It fails if a field of cfg is wrong,
// which the error names, with [sqlguard.Guard.Err], or with the MeterProvider's error.
func Start(cfg Config) (*Telemetry, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	t := &Telemetry{cfg: cfg}
	t.operations.max, t.collections.max = cfg.Names, cfg.Names
	meter := cfg.MeterProvider.Meter(Scope)
	if meter == nil {
		return nil, errNoMeter
	}
	if err := t.instruments(meter); err != nil {
		return nil, err
	}
	registration, err := t.gauges(meter)
	if err != nil {
		return nil, err
	}
	t.stop.unregister = registration.Unregister
	t.stop.remove = cfg.Guard.AddObserver(t)
	return t, nil
}

// Stop ends the measuring. It may be called more than once, and always returns the MeterProvider's
// first answer.
func (t *Telemetry) Stop() error {
	t.stop.Do(func() {
		t.stop.remove()
		t.stop.err = t.stop.unregister()
	})
	return t.stop.err
}

// Observe is called by the guard.
func (t *Telemetry) Observe(ctx context.Context, e sqlguard.Event) {
	switch e.Kind {
	case sqlguard.Flipped:
		return
	case sqlguard.Drained:
		result := "drained"
		if !t.over(e) {
			result = "given_up"
		}
		t.drains.Record(ctx, e.Drain.Took.Seconds(), metric.WithAttributes(AttrDrainResult.String(result)))
		return
	case sqlguard.Rejected:
		refused(ctx, e)
	}
	attrs := statement(e, t.operations.bound, t.collections.bound)
	attrs = append(attrs, AttrDecision.String(e.Kind.String()))
	t.decisions.Add(ctx, 1, metric.WithAttributes(attrs...))
}

// over reports whether a drain has ended because all was over.
func (t *Telemetry) over(e sqlguard.Event) bool {
	young := func(w sqlguard.OpenWork) bool { return w.Age < t.cfg.Guard.Tail() }
	return e.Mode == sqlguard.ReadOnly && len(e.Drain.Open) == 0 && !slices.ContainsFunc(e.Drain.Unknown, young)
}

// refused adds an event to the span of a statement that was refused, if there is one.
func refused(ctx context.Context, e sqlguard.Event) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	whole := func(name string) string { return name } // a span is no series
	attrs := statement(e, whole, whole)
	attrs = append(attrs, AttrMode.String(e.Mode.String()), AttrEpoch.Int64(int64(e.Epoch)), AttrWhy.String(e.Why))
	span.AddEvent(EventRefused, trace.WithAttributes(attrs...))
}
