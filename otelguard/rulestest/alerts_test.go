package rulestest

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// rules returns the alert rules, which Prometheus accepts with no field that it does not know.
func rules(t *testing.T) (all []rulefmt.Rule) {
	t.Helper()
	groups, errs := rulefmt.ParseFile("../prometheus/alerts.yml", false, model.LegacyValidation, parse, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

type values map[string]float64

// scenarios are what becomes of the second of two processes that are closed and well.
var scenarios = []struct {
	name  string
	lasts time.Duration
	is    values
	want  []string // the alerts that fire
}{
	{"all is well", 10 * time.Minute, nil, nil},
	{"the expected end was four minutes ago", 10 * time.Minute, values{"quiesce_overdue_seconds": 240}, nil},
	{"the expected end was six minutes ago", 2 * time.Minute, values{"quiesce_overdue_seconds": 360}, []string{"QuiesceOverdue"}},
	{"it is found overdue only now", 30 * time.Second, values{"quiesce_overdue_seconds": 360}, nil},
	{"the store has not answered for half a minute", 30 * time.Second, values{"quiesce_fleet_failing": 1}, nil},
	{"the store has not answered for two minutes", 2 * time.Minute, values{"quiesce_fleet_failing": 1}, []string{"QuiesceFleetStoreFailing"}},
	{"the lease is renewed", time.Minute, values{"quiesce_fleet_armed": 1, "quiesce_lease_remaining_seconds": 12}, nil},
	{"the lease runs out", time.Minute, values{"quiesce_fleet_armed": 1, "quiesce_lease_remaining_seconds": 3}, []string{"QuiesceLeaseRunningOut"}},
	{"the lease has run out", time.Minute, values{"quiesce_fleet_armed": 1, "quiesce_lease_remaining_seconds": 0}, []string{"QuiesceLeaseRunningOut"}},
	{"the member has an alarm", 0, values{"quiesce_fleet_alarm": 1}, []string{"QuiesceFleetAlarm"}},
	{"a session writes past every guard", 0, values{"quiesce_unguarded_writers": 1}, []string{"QuiesceUnguardedWriters"}},
	{"a table is written past every guard", 0, values{"quiesce_unguarded_moved": 1}, []string{"QuiesceUnguardedWriters"}},
	{"verification has failed once", time.Minute, values{"quiesce_verification_failing": 1}, nil},
	{"verification goes on failing", 4 * time.Minute, values{"quiesce_verification_failing": 1}, []string{"QuiesceVerificationFailing"}},
	{"a session writes, and writing is open", time.Minute, values{"quiesce_unguarded_writers": 1, "quiesce_mode": 0}, nil},
	{"one process is still open", time.Minute, values{"quiesce_mode": 0}, nil},
	{"one process stays open", 3 * time.Minute, values{"quiesce_mode": 0}, []string{"QuiesceModesDiffer"}},
}

func TestAnAlertFiresWhenItShould(t *testing.T) {
	families, alerts := expose(t), rules(t)
	fired := make(map[string]bool)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			second := database(seriesOf(families, "web-2"))
			second.become(t, s.is, s.lasts)
			d := slices.Concat(database(seriesOf(families, "web-1")), second)
			var firing []string
			for _, rule := range alerts {
				if of := d.lasting(t, rule.Expr, time.Duration(rule.For)); len(of) > 0 {
					firing = append(firing, rule.Alert)
					fired[rule.Alert] = true
					wantFilled(t, rule, of)
				}
			}
			if !slices.Equal(firing, s.want) {
				t.Errorf("%q fire, not %q", firing, s.want)
			}
		})
	}
	for _, rule := range alerts {
		if !fired[rule.Alert] {
			t.Errorf("no scenario has %s fire", rule.Alert)
		}
	}
}

// wantFilled checks that an alert which fires has the labels that its texts name.
func wantFilled(t *testing.T, rule rulefmt.Rule, of []labels.Labels) {
	t.Helper()
	for _, l := range legend.FindAllStringSubmatch(rule.Annotations["summary"]+rule.Annotations["description"], -1) {
		if slices.ContainsFunc(of, func(s labels.Labels) bool { return s.Get(l[1]) == "" }) {
			t.Errorf("%s fires for %v, without the label %s that it names", rule.Alert, of, l[1])
		}
	}
}

// become has metrics take other values for so long until now.
func (d database) become(t *testing.T, is values, lasts time.Duration) {
	t.Helper()
	for name, v := range is {
		i := slices.IndexFunc(d, func(s *series) bool { return s.labels.Get(model.MetricNameLabel) == name })
		if i < 0 {
			t.Fatalf("nothing is exposed as %s", name)
		}
		for back := range int(lasts/interval) + 1 {
			if back < scrapes {
				d[i].values[scrapes-1-back] = v
			}
		}
	}
}

// TestAnAlertSaysWhereAndWhat looks at what a person is paged with.
func TestAnAlertSaysWhereAndWhat(t *testing.T) {
	families := expose(t)
	for _, rule := range rules(t) {
		check(t, families, rule.Expr, rule.Annotations["summary"]+rule.Annotations["description"])
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s has no summary, no description, or no severity", rule.Alert)
		}
	}
}
