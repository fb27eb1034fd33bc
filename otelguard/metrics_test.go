package otelguard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
)

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
	for name, test := range map[string]struct{ names, series int }{
		"three of each are told apart":     {3, 3*3 + 3 + 3 + 1}, // with the rest of the tables, of the operations, of both
		"none are":                         {-1, 1},
		"a hundred where nothing was said": {0, 6 * 101},
	} {
		t.Run(name, func(t *testing.T) {
			m := measure(t, newGuard(t), otelguard.Config{Names: test.names})
			hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
			for i := range 200 {
				for _, statement := range []string{
					"INSERT INTO orders_%d VALUES ('a secret')", "UPDATE orders_%d SET n = 'a secret'", "DELETE FROM orders_%d",
					"CREATE TABLE orders_%d (n)", "DROP TABLE orders_%d", "ALTER TABLE orders_%d ADD m",
				} {
					if _, err := m.db.Exec(fmt.Sprintf(statement, i)); !sqlguard.IsReadOnly(err) {
						t.Fatal(err)
					}
				}
			}
			n, sum := 0, 0.0
			for series, v := range m.scrape(t) {
				if strings.HasPrefix(series, "quiesce_decisions_total") {
					n, sum = n+1, sum+v
				}
				if strings.Contains(series, "secret") || strings.Contains(series, "VALUES") {
					t.Errorf("text of a statement is in %s", series)
				}
			}
			if n != test.series || sum != 1200 {
				t.Errorf("%d series for %v statements, not %d", n, sum, test.series)
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

func TestAConfigThatIsWrongIsNamed(t *testing.T) {
	_, err := otelguard.Start(otelguard.Config{Guard: newGuard(t), HTTP: []*httpmode.Middleware{nil}})
	if err == nil || !strings.Contains(err.Error(), "Config.HTTP[0] is nil") {
		t.Error(err)
	}
}
