package otelguard_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
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

func decided(decision, operation, table string) string {
	return fmt.Sprintf(`quiesce_decisions_total{db_collection_name=%q,db_operation_name=%q,db_system_name="sqlite",quiesce_decision=%q}`,
		table, operation, decision)
}

func TestDecisionsAreCountedByWhatTheyAre(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	exec := func(ctx context.Context, statement string) { _, _ = m.db.ExecContext(ctx, statement) }
	const insert = "INSERT INTO orders VALUES ('a secret')"
	exec(t.Context(), insert)
	m.want(t, map[string]float64{"quiesce_mode": 0, decided("rejected", "INSERT", "orders"): -1})
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.Observe})
	exec(t.Context(), insert)
	m.want(t, map[string]float64{"quiesce_mode": 1, "quiesce_epoch": 1, decided("observed", "INSERT", "orders"): 1})
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	exec(t.Context(), insert)
	exec(t.Context(), insert)
	exec(t.Context(), "INSERT INTO views VALUES (1)")
	exec(t.Context(), "SELECT * FROM orders")
	exec(sqlguard.WithBypass(t.Context(), "a test"), "DELETE FROM orders")
	_ = m.guard.Writable(t.Context())
	m.want(t, map[string]float64{
		"quiesce_mode": 2, "quiesce_epoch": 2,
		decided("rejected", "INSERT", "orders"):                2,
		decided("skipped", "INSERT", "views"):                  1,
		decided("bypassed", "DELETE", "orders"):                1,
		`quiesce_decisions_total{quiesce_decision="rejected"}`: 1,
	})
	for name := range m.scrape(t) {
		if strings.Contains(name, "secret") {
			t.Errorf("a value is in %s", name)
		}
	}
	if err := m.telemetry.Stop(); err != nil {
		t.Fatal(err)
	}
	exec(t.Context(), insert)
	m.want(t, map[string]float64{"quiesce_mode": -1, decided("rejected", "INSERT", "orders"): 2})
}

func TestNamesAreBounded(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{Names: 3})
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	for i := range 50 {
		_, _ = m.db.Exec(fmt.Sprintf("INSERT INTO orders_%02d VALUES (1)", i))
	}
	m.want(t, map[string]float64{
		decided("rejected", "INSERT", "orders_00"): 1, decided("rejected", "INSERT", "orders_02"): 1,
		decided("rejected", "INSERT", "orders_03"): -1, decided("rejected", "INSERT", "_OTHER"): 47,
	})
}

func TestOpenWorkAndDrainsAreMeasured(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	open := func(kind string) string { return fmt.Sprintf("quiesce_work_open{quiesce_work=%q}", kind) }
	m.want(t, map[string]float64{open("transaction"): 0, open("statement"): 0})
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.Observe})
	tx, err := m.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO orders VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	m.want(t, map[string]float64{open("transaction"): 1, open("statement"): 0, `quiesce_work_oldest_seconds{quiesce_work="statement"}`: 0})
	if m.scrape(t)[`quiesce_work_oldest_seconds{quiesce_work="transaction"}`] <= 0 {
		t.Error("the transaction has no age")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if _, err := m.guard.Drain(ended); err == nil {
			t.Error("drained, with a transaction open")
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.guard.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.want(t, map[string]float64{
		open("transaction"): 0, "quiesce_work_unknown": 0,
		`quiesce_drain_duration_seconds_count{quiesce_drain_result="given_up"}`: 2,
		`quiesce_drain_duration_seconds_count{quiesce_drain_result="drained"}`:  1,
	})
}

func TestOverdueIsMeasuredFromTheExpectedEnd(t *testing.T) {
	for name, test := range map[string]struct {
		change sqlguard.Change
		late   bool
	}{
		"no end is expected":           {sqlguard.Change{Mode: sqlguard.ReadOnly}, false},
		"the end is to come":           {sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(time.Hour)}, false},
		"the end has passed":           {sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(-time.Hour)}, true},
		"nothing is in force any more": {sqlguard.Change{Until: time.Now().Add(-time.Hour)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := measure(t, newGuard(t), otelguard.Config{})
			hold(t, m.guard, test.change)
			if late := m.scrape(t)["quiesce_overdue_seconds"]; (late >= 3600) != test.late || !test.late && late != 0 {
				t.Errorf("late by %v", late)
			}
		})
	}
}

func TestAnswersOfAllMiddlewaresAreCounted(t *testing.T) {
	guard := newGuard(t)
	var all []*httpmode.Middleware
	for range 2 {
		modes, err := httpmode.New(httpmode.Config{Guard: guard})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, modes)
	}
	m := measure(t, guard, otelguard.Config{HTTP: all})
	hold(t, guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	for _, modes := range all {
		for _, method := range []string{"GET", "POST"} {
			modes.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil))
		}
	}
	m.want(t, map[string]float64{
		`quiesce_http_answers_total{quiesce_outcome="passed"}`: 2, `quiesce_http_answers_total{quiesce_outcome="refused"}`: 2,
		`quiesce_http_answers_total{quiesce_outcome="sign_in"}`: 0,
	})
}

func TestADrainThatLeavesAnUnknownOutcomeIsGivenUp(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	drained := func(age time.Duration) {
		m.telemetry.Observe(t.Context(), sqlguard.Event{Kind: sqlguard.Drained, Mode: sqlguard.ReadOnly, Drain: &sqlguard.DrainReport{
			Unknown: []sqlguard.OpenWork{{Age: age}},
		}})
	}
	drained(sqlguard.DefaultTail - 1)
	m.want(t, map[string]float64{`quiesce_drain_duration_seconds_count{quiesce_drain_result="given_up"}`: 1})
	drained(sqlguard.DefaultTail) // which the server has ended by now
	m.want(t, map[string]float64{`quiesce_drain_duration_seconds_count{quiesce_drain_result="drained"}`: 1})
}

func TestAStatementThatWritesSeveralTablesHasNoCollection(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	for _, tables := range [][]sqlguard.Table{{{Name: "a"}, {Name: "b"}}, {{Schema: "s", Name: "a"}, {Schema: "s", Name: "a"}}} {
		_, _ = m.guard.Decide(t.Context(), "postgres", &sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert, Tables: tables})
	}
	const rest = `db_operation_name="INSERT",db_system_name="postgresql",quiesce_decision="rejected"}`
	m.want(t, map[string]float64{
		"quiesce_decisions_total{" + rest: 1, `quiesce_decisions_total{db_collection_name="s.a",` + rest: 1,
	})
}

func TestTheFleetIsMeasured(t *testing.T) {
	store, guard := fleettest.NewMemory(), newGuard(t)
	var failing atomic.Bool
	called := make(chan struct{}, 1)
	other := store.Client()
	store.Fault = func(context.Context, string) error {
		select {
		case called <- struct{}{}:
		default:
		}
		if failing.Load() {
			return errors.New("no route to the store")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	member, err := fleet.Join(ctx, guard, store, fleet.Config{Service: "web", Heartbeat: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	// A call of the store comes after what the one before has told is in the status.
	await := func(what func(fleet.Status) bool) {
		for !what(member.Status()) {
			<-called
		}
	}
	await(func(s fleet.Status) bool { return s.Mode.State == fleet.Open })
	m := measure(t, guard, otelguard.Config{Member: member})
	m.want(t, map[string]float64{
		"quiesce_fleet_armed": 0, "quiesce_fleet_failing": 0, "quiesce_lease_remaining_seconds": 0, "quiesce_fleet_alarm": 0, "quiesce_overdue_seconds": 0,
	})
	_, err = other.Swap(t.Context(), 1, fleet.Mode{
		State: fleet.Armed, Op: "op", Change: sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(-time.Minute)},
	})
	if err != nil {
		t.Fatal(err)
	}
	await(func(s fleet.Status) bool { return s.Mode.State == fleet.Armed && s.LeaseLeft > 0 && s.Alarm != "" })
	m.want(t, map[string]float64{"quiesce_fleet_armed": 1, "quiesce_fleet_failing": 0, "quiesce_fleet_alarm": 1})
	series := m.scrape(t)
	if left := series["quiesce_lease_remaining_seconds"]; left <= 0 || left > fleet.DefaultTTL.Seconds() {
		t.Errorf("a lease of %v s", left)
	}
	if late := series["quiesce_overdue_seconds"]; late < 60 {
		t.Errorf("late by %v s", late)
	}
	failing.Store(true)
	await(func(s fleet.Status) bool { return s.Err != nil })
	m.want(t, map[string]float64{"quiesce_fleet_failing": 1})
}

func TestAVerificationTellsOfUnguardedWriters(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	m.want(t, map[string]float64{"quiesce_unguarded_writers": -1, "quiesce_unguarded_moved": -1, "quiesce_fleet_armed": -1})
	m.telemetry.Verified(verify.Report{Writers: make([]verify.Writer, 2), Moved: make([]verify.Moved, 1)})
	m.want(t, map[string]float64{"quiesce_unguarded_writers": 2, "quiesce_unguarded_moved": 1})
	m.telemetry.Verified(verify.Report{Quiet: true})
	m.want(t, map[string]float64{"quiesce_unguarded_writers": 0, "quiesce_unguarded_moved": 0})
}

func TestAConfigThatIsWrongIsNamed(t *testing.T) {
	_, err := otelguard.Start(otelguard.Config{Guard: newGuard(t), HTTP: []*httpmode.Middleware{nil}})
	if err == nil || !strings.Contains(err.Error(), "Config.HTTP[0] is nil") {
		t.Error(err)
	}
}
