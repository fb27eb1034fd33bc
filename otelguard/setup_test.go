package otelguard_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	bridge "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
)

// measured is an application in miniature, and what Prometheus sees of it.
type measured struct {
	guard     *sqlguard.Guard
	db        *sql.DB
	registry  *prometheus.Registry
	telemetry *otelguard.Telemetry
}

// measure starts to measure a guard with a database of its own.
func measure(t *testing.T, guard *sqlguard.Guard, cfg otelguard.Config) measured {
	t.Helper()
	m := measured{guard: guard, registry: prometheus.NewRegistry()}
	exporter, err := bridge.New(bridge.WithRegisterer(m.registry), bridge.WithoutScopeInfo(), bridge.WithoutTargetInfo())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Guard, cfg.MeterProvider = guard, metric.NewMeterProvider(metric.WithReader(exporter))
	if m.telemetry, err = otelguard.Start(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.telemetry.Stop(); err != nil {
			t.Error(err)
		}
	})
	m.db = newDatabase(t, guard)
	return m
}

func newGuard(t *testing.T) *sqlguard.Guard {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{
		{Tables: []string{"views"}, Action: sqlguard.Skip},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

func newDatabase(t *testing.T, guard *sqlguard.Guard) *sql.DB {
	t.Helper()
	db, err := sqlite.Open("file:"+filepath.Join(t.TempDir(), "test.db"), guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("CREATE TABLE orders (n); CREATE TABLE views (n)"); err != nil {
		t.Fatal(err)
	}
	return db
}

// scrape returns all series by name and labels: `quiesce_mode` or `quiesce_work_open{quiesce_work="statement"}`.
func (m measured) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]float64)
	for _, f := range families {
		for _, s := range f.Metric {
			labels := labelsOf(s)
			switch {
			case s.Gauge != nil:
				series[f.GetName()+labels] = s.Gauge.GetValue()
			case s.Counter != nil:
				series[f.GetName()+labels] = s.Counter.GetValue()
			case s.Histogram != nil:
				series[f.GetName()+"_count"+labels] = float64(s.Histogram.GetSampleCount())
				series[f.GetName()+"_bucket"+strings.Replace(labels, "{", `{le="+Inf",`, 1)] = float64(s.Histogram.GetSampleCount())
			}
		}
	}
	return series
}

func labelsOf(s *dto.Metric) string {
	var labels []string
	for _, l := range s.Label {
		labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	if len(labels) == 0 {
		return ""
	}
	slices.Sort(labels)
	return "{" + strings.Join(labels, ",") + "}"
}

// want checks series. A value of -1 says that there is none.
func (m measured) want(t *testing.T, want map[string]float64) {
	t.Helper()
	series := m.scrape(t)
	for name, value := range want {
		got, ok := series[name]
		if !ok {
			got = -1
		}
		if got != value {
			t.Errorf("%s is %v, not %v", name, got, value)
		}
	}
	if t.Failed() {
		t.Log(series)
	}
}

func hold(t *testing.T, g *sqlguard.Guard, c sqlguard.Change) {
	t.Helper()
	if err := g.Hold("test", c); err != nil {
		t.Fatal(err)
	}
}
