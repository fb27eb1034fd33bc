package otelguard

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// DefaultNames is how many operations, and how many tables, are told apart where [Config.Names] does
// not say.
const DefaultNames = 100

// Config says what is measured. The zero Config measures [sqlguard.Default].
type Config struct {
	// Guard is measured. If nil, [sqlguard.Default].
	Guard *sqlguard.Guard
	// MeterProvider makes the instruments. If nil, otel.GetMeterProvider().
	MeterProvider metric.MeterProvider
	// Member is the process's part in a fleet. If nil, there are no metrics of one.
	Member *fleet.Member
	// HTTP are the middlewares whose answers are counted, together. None may be nil.
	HTTP []*httpmode.Middleware
	// Names is how many operations, and how many tables, may be attributes of metrics; all
	// others are "_OTHER". If zero, [DefaultNames]; if negative, all are "_OTHER".
	Names int
}

// complete returns cfg with its defaults, or an error that names the field.
func (cfg Config) complete() (Config, error) {
	if cfg.Guard == nil {
		cfg.Guard = sqlguard.Default()
	}
	if err := cfg.Guard.Err(); err != nil {
		return cfg, fmt.Errorf("otelguard: %w", err)
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	if cfg.Names == 0 {
		cfg.Names = DefaultNames
	}
	for i, m := range cfg.HTTP {
		if m == nil {
			return cfg, fmt.Errorf("otelguard: the field Config.HTTP[%d] is nil; expected a middleware", i)
		}
	}
	return cfg, nil
}

// errNoMeter is for a provider that breaks its interface's contract.
var errNoMeter = errors.New("otelguard: the MeterProvider returned no meter")
