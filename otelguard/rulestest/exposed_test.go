package rulestest

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	bridge "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// expose returns what Prometheus reads of a process in which everything is measured and has
// happened, and nothing is wrong.
func expose(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	modes, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		t.Fatal(err)
	}
	member, err := fleet.Join(t.Context(), guard, fleettest.NewMemory(), fleet.Config{Service: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if err := member.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	exporter, err := bridge.New(bridge.WithRegisterer(registry)) // as it is without any option
	if err != nil {
		t.Fatal(err)
	}
	telemetry, err := otelguard.Start(otelguard.Config{
		Guard: guard, MeterProvider: metric.NewMeterProvider(metric.WithReader(exporter)),
		HTTP: []*httpmode.Middleware{modes}, Member: member,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer telemetry.Stop()
	telemetry.Verified(verify.Report{Quiet: true})
	closeAndRefuse(t, guard)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// closeAndRefuse closes writing, has a statement refused, and drains.
func closeAndRefuse(t *testing.T, guard *sqlguard.Guard) {
	t.Helper()
	db, err := sqlite.Open("file:"+filepath.Join(t.TempDir(), "test.db"), guard)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE orders (n)"); err != nil {
		t.Fatal(err)
	}
	if err := guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("DELETE FROM orders"); !sqlguard.IsReadOnly(err) {
		t.Fatal(err)
	}
	if _, err := guard.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// seriesOf returns the series of a process, as Prometheus keeps them: with counters that have grown
// at every scrape, and all else as it was.
func seriesOf(families []*dto.MetricFamily, instance string) (all []*series) {
	for _, f := range families {
		for _, m := range f.Metric {
			b := labels.NewBuilder(labels.FromStrings("job", "web", "instance", instance))
			for _, l := range m.Label {
				b.Set(l.GetName(), l.GetValue())
			}
			add := func(name string, v float64, grows bool) {
				all = append(all, newSeries(b.Set(model.MetricNameLabel, name).Labels(), v, grows))
			}
			switch {
			case m.Gauge != nil:
				add(f.GetName(), m.Gauge.GetValue(), false)
			case m.Counter != nil:
				add(f.GetName(), m.Counter.GetValue(), true)
			case m.Histogram != nil:
				add(f.GetName()+"_count", float64(m.Histogram.GetSampleCount()), true)
				add(f.GetName()+"_sum", m.Histogram.GetSampleSum(), true)
				for _, bucket := range m.Histogram.Bucket {
					b.Set("le", strconv.FormatFloat(bucket.GetUpperBound(), 'g', -1, 64))
					add(f.GetName()+"_bucket", float64(bucket.GetCumulativeCount()), true)
				}
				b.Set("le", "+Inf")
				add(f.GetName()+"_bucket", float64(m.Histogram.GetSampleCount()), true)
			}
		}
	}
	return all
}

// exposed returns the names of all metrics of the guard's.
func exposed(families []*dto.MetricFamily) map[string]bool {
	names := make(map[string]bool)
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "quiesce_") {
			names[f.GetName()] = true
		}
	}
	return names
}
