package sqlguard_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheSlogObserverHintsAtWhatTakesPagesFromVisitors(t *testing.T) {
	route := func() string { return "GET /talks/{id}" }
	request, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, tt := range []struct {
		name        string
		ctx         context.Context
		mode        sqlguard.Mode
		label, hint string
	}{
		{"a page that should only read", sqlguard.WithRoute(request, route, true), sqlguard.ReadOnly, "GET /talks/{id}", "Skip rule"},
		{"a page that may write", sqlguard.WithRoute(request, route, false), sqlguard.ReadOnly, "GET /talks/{id}", ""},
		{"a statement of no request", context.Background(), sqlguard.ReadOnly, "", "request's context"},
		{"nor one to come", context.TODO(), sqlguard.ReadOnly, "", "request's context"},
		{"a context without a route", request, sqlguard.ReadOnly, "", ""},
		{"a page that is observed", sqlguard.WithRoute(request, route, true), sqlguard.Observe, "GET /talks/{id}", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var lines bytes.Buffer
			g := newGuard(t, sqlguard.Config{})
			if err := g.Hold("test", sqlguard.Change{Mode: tt.mode}); err != nil {
				t.Fatal(err)
			}
			g.SetObserver(sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: slog.New(slog.NewTextHandler(&lines, nil))}))
			g.Decide(tt.ctx, "sqlite", &sqlguard.Verdict{
				Class: sqlguard.Write, Op: sqlguard.OpInsert, Complete: true, Tables: []sqlguard.Table{{Name: "sessions"}},
			})
			line := lines.String()
			if strings.Contains(line, "label=") != (tt.label != "") || !strings.Contains(line, tt.label) {
				t.Errorf("the label is not %q: %s", tt.label, line)
			}
			if strings.Contains(line, "hint=") != (tt.hint != "") || !strings.Contains(line, tt.hint) {
				t.Errorf("the hint is not %q: %s", tt.hint, line)
			}
			if !strings.Contains(line, "sessions") {
				t.Errorf("the table is not named: %s", line)
			}
		})
	}
}
