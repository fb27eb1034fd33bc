package rulestest

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// legend finds the labels that a text names: {{instance}}, or {{ $labels.instance }} in a rule.
var legend = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}`)

// check checks that the metrics and labels of a query are exposed, and the labels of its text too; that
// what is counted is asked for by its rate, and nothing else is. It returns the metrics.
func check(t *testing.T, families []*dto.MetricFamily, query, text string) (metrics []string) {
	t.Helper()
	expr, err := parse.ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v", query, err)
		return nil
	}
	all := seriesOf(families, "web-1")
	var known, named []string // labels
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			of := labelsOf(all, n.Name)
			if of == nil {
				t.Errorf("nothing is exposed as %s, in %s", n.Name, query)
			}
			for _, m := range n.LabelMatchers {
				if !slices.Contains(of, m.Name) {
					t.Errorf("%s has no label %s, in %s", n.Name, m.Name, query)
				}
			}
			if counted(n.Name) != inside(path, "rate", "increase") {
				t.Errorf("the rate is for counters, and only for them: %s in %s", n.Name, query)
			}
			metrics, known = append(metrics, n.Name), append(known, of...)
		case *parser.AggregateExpr:
			named = append(named, n.Grouping...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				named = append(named, n.VectorMatching.MatchingLabels...)
			}
		}
		return nil
	})
	for _, l := range legend.FindAllStringSubmatch(text, -1) {
		named = append(named, l[1])
	}
	for _, name := range named {
		if !slices.Contains(known, name) {
			t.Errorf("nothing has a label %s, in %s (%s)", name, query, text)
		}
	}
	return metrics
}

// labelsOf returns the labels of a metric, or nil if there is no such metric.
func labelsOf(all []*series, metric string) (names []string) {
	for _, s := range all {
		if s.labels.Get(model.MetricNameLabel) == metric {
			s.labels.Range(func(l labels.Label) { names = append(names, l.Name) })
		}
	}
	return names
}

// counted reports whether a metric only grows, by the names of Prometheus.
func counted(metric string) bool {
	return slices.ContainsFunc([]string{"_total", "_bucket", "_count", "_sum"}, func(end string) bool {
		return strings.HasSuffix(metric, end)
	})
}

// inside reports whether one of those functions is called around a node.
func inside(path []parser.Node, functions ...string) bool {
	return slices.ContainsFunc(path, func(n parser.Node) bool {
		call, ok := n.(*parser.Call)
		return ok && slices.Contains(functions, call.Func.Name)
	})
}

type target struct{ Expr, LegendFormat string }

// board is what the test needs to know of a dashboard.
type board struct {
	Panels []struct {
		ID      int
		Title   string
		Targets []target
	}
	Annotations struct{ List []target }
}

func readBoard(t *testing.T) (b board) {
	t.Helper()
	text, err := os.ReadFile("../grafana/dashboard.json")
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// grafana puts in place what Grafana would: the jobs that are chosen, and intervals.
var grafana = strings.NewReplacer("$job", "web|other", "$__rate_interval", "1m", "$__range", "5m")

func TestEveryPanelShowsSomethingAndEveryMetricIsShown(t *testing.T) {
	families, b := expose(t), readBoard(t)
	d := database(seriesOf(families, "web-1"))
	d.become(t, values{"quiesce_fleet_armed": 1}, 10*time.Minute)
	d.become(t, values{"quiesce_mode": 1}, 0) // it has changed just now
	left := exposed(families)
	ids := make(map[int]bool)
	targets := b.Annotations.List
	for _, p := range b.Panels {
		if p.Title == "" || len(p.Targets) == 0 || ids[p.ID] {
			t.Errorf("panel %d has no title, no query, or another's id", p.ID)
		}
		ids[p.ID] = true
		targets = append(targets, p.Targets...)
	}
	for _, q := range targets {
		query := grafana.Replace(q.Expr)
		for _, name := range check(t, families, query, q.LegendFormat) {
			delete(left, strings.TrimSuffix(name, "_bucket"))
		}
		shown := d.lasting(t, query, 0)
		if len(shown) == 0 {
			t.Errorf("nothing is shown by %s", q.Expr)
		}
		for _, l := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
			if !slices.ContainsFunc(shown, func(s labels.Labels) bool { return s.Get(l[1]) != "" }) {
				t.Errorf("the legend %s stays empty for %s", q.LegendFormat, q.Expr)
			}
		}
	}
	for name := range left {
		t.Errorf("no panel shows %s", name)
	}
}
