package otelguard_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// everything returns the series of a process in which everything is measured, and has happened.
func everything(t *testing.T) map[string][]string {
	t.Helper()
	guard := newGuard(t)
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
	m := measure(t, guard, otelguard.Config{HTTP: []*httpmode.Middleware{modes}, Member: member})
	m.telemetry.Verified(verify.Report{})
	hold(t, guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	_, _ = m.db.Exec("DELETE FROM orders")
	if _, err := guard.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	known := make(map[string][]string)
	for series := range m.scrape(t) {
		name, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		known[name] = append(known[name], "job", "instance") // Prometheus's own
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(labels, -1) {
			known[name] = append(known[name], l[1])
		}
	}
	return known
}

var (
	metricName = regexp.MustCompile(`\bquiesce_\w+`)
	selector   = regexp.MustCompile(`(\w+)\s*\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
	grouping   = regexp.MustCompile(`\b(?:by|on|without)\s*\(([^)]*)\)`)
	legend     = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}`)
)

// checkQuery checks that a query names metrics and labels that there are, and returns its metrics.
func checkQuery(t *testing.T, known map[string][]string, query, text string) []string {
	t.Helper()
	var all, named []string
	unlabelled := selector.ReplaceAllString(grouping.ReplaceAllString(query, ""), "$1")
	for _, name := range metricName.FindAllString(unlabelled, -1) {
		if known[name] == nil {
			t.Errorf("there is no metric %s, in %s", name, query)
		}
		named = append(named, name)
		all = append(all, known[name]...)
	}
	if len(named) == 0 {
		t.Errorf("no metric in %s", query)
	}
	for _, s := range selector.FindAllStringSubmatch(query, -1) {
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(known[s[1]], m[1]) {
				t.Errorf("%s has no label %s, in %s", s[1], m[1], query)
			}
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(query, -1) {
		for _, label := range strings.Split(g[1], ",") {
			if !slices.Contains(all, strings.TrimSpace(label)) {
				t.Errorf("nothing has a label %s, in %s", label, query)
			}
		}
	}
	for _, l := range legend.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(all, l[1]) {
			t.Errorf("nothing has a label %s, for the text %s", l[1], text)
		}
	}
	if strings.Count(query, "(") != strings.Count(query, ")") || strings.Count(query, "{") != strings.Count(query, "}") {
		t.Errorf("the brackets of %s do not match", query)
	}
	return named
}

type target struct{ Expr, LegendFormat string }

func TestEveryQueryOfTheDashboardNamesWhatIsExposed(t *testing.T) {
	text, err := os.ReadFile("grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			Targets []target
		}
		Annotations struct{ List []target }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	known := everything(t)
	shown, ids := map[string]bool{}, map[int]bool{}
	for _, p := range board.Panels {
		if p.Title == "" || len(p.Targets) == 0 || ids[p.ID] {
			t.Errorf("panel %d has no title, no query, or another's id", p.ID)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			for _, name := range checkQuery(t, known, q.Expr, q.LegendFormat) {
				shown[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")] = true
			}
		}
	}
	for _, q := range board.Annotations.List {
		checkQuery(t, known, q.Expr, q.LegendFormat)
	}
	for name := range known {
		if !shown[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

func TestEveryAlertNamesWhatIsExposed(t *testing.T) {
	text, err := os.ReadFile("prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	known := everything(t)
	rules := strings.Split(string(text), "- alert: ")[1:]
	used := map[string]bool{}
	for _, rule := range rules {
		_, after, ok := strings.Cut(rule, "expr: ")
		if !ok {
			t.Errorf("no expression in %s", rule)
			continue
		}
		query, rest, _ := strings.Cut(after, "\n")
		for _, name := range checkQuery(t, known, query, rest) {
			used[name] = true
		}
	}
	for _, name := range []string{"quiesce_overdue_seconds", "quiesce_lease_remaining_seconds", "quiesce_fleet_failing", "quiesce_unguarded_writers"} {
		if !used[name] {
			t.Errorf("no alert on %s", name)
		}
	}
}
