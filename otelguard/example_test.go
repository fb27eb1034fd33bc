package otelguard_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	bridge "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// One process of a fleet asks the database who writes past every guard, by a pool of its own.
func ExampleTelemetry_Watch() {
	telemetry, err := otelguard.Start(otelguard.Config{}) // of sqlguard.Default
	if err != nil {
		log.Fatal(err)
	}
	defer telemetry.Stop()
	db, err := sql.Open("sqlite", "app.db") // unguarded, with an account that may see what others do
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	ctx, cancel := context.WithCancel(context.Background())
	watched := make(chan error, 1)
	go func() { watched <- telemetry.Watch(ctx, verify.Config{DB: db, Dialect: verify.SQLite}, 0) }()
	// … the program does its work …
	cancel()
	fmt.Println(<-watched)
	// Output: <nil>
}

// Prometheus reads a guard's metrics by the usual bridge. A site that is a member of a fleet hands that
// over too, as Config.Member.
func Example() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	modes, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	exporter, err := bridge.New(bridge.WithRegisterer(registry), bridge.WithoutScopeInfo())
	if err != nil {
		log.Fatal(err)
	}
	telemetry, err := otelguard.Start(otelguard.Config{
		Guard: guard, HTTP: []*httpmode.Middleware{modes},
		MeterProvider: metric.NewMeterProvider(metric.WithReader(exporter)),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer telemetry.Stop()

	db, err := sqlite.Open(":memory:", guard)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	guard.Hold("migration", sqlguard.Change{Mode: sqlguard.ReadOnly})
	if _, err := db.Exec("DELETE FROM orders"); !errors.Is(err, sqlguard.ErrReadOnly) {
		log.Fatal(err)
	}

	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for lines := bufio.NewScanner(w.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "quiesce_mode") || strings.HasPrefix(lines.Text(), "quiesce_decisions") {
			fmt.Println(lines.Text())
		}
	}
	// Output:
	// quiesce_decisions_total{db_collection_name="orders",db_operation_name="DELETE",db_system_name="sqlite",quiesce_decision="rejected"} 1
	// quiesce_mode 2
}
