package httpmode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// session stands for middleware that gives the handler a copy of the request.
func session(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, "ada")))
	})
}

type sessionKey struct{}

func TestWhatARequestWritesIsReportedUnderItsRoute(t *testing.T) {
	for _, tt := range []struct {
		says    string
		method  string
		path    string
		cfg     httpmode.Config
		inner   func(http.Handler) http.Handler
		label   string
		onReads bool
	}{
		{"a page that writes", "GET", "/talks/17?token=secret", httpmode.Config{}, nil, "GET /talks/{id}", true},
		{"a form", "POST", "/talks/17", httpmode.Config{}, nil, "POST /talks/{id}", false},
		{"HEAD of a page", "HEAD", "/talks/17", httpmode.Config{}, nil, "HEAD /talks/{id}", true},
		{"a route for every method", "PUT", "/any/secret", httpmode.Config{}, nil, "PUT /any/", false},
		{"a method that nobody knows", "SECRET", "/any/secret", httpmode.Config{}, nil, "(other) /any/", false},
		{"one that the route names", "PROPFIND", "/dav", httpmode.Config{}, nil, "PROPFIND /dav", false},
		{"a GET that is known to write", "GET", "/talks/17", httpmode.Config{Writes: []string{"GET /talks/{id}"}}, nil, "GET /talks/{id}", false},
		{"a search by POST", "POST", "/talks/17", httpmode.Config{Reads: []string{"POST /talks/{id}"}}, nil, "POST /talks/{id}", true},
		{"an overridden GET", "GET", "/any/override", httpmode.Config{}, nil, "GET /any/", false},
		{"a GraphQL server's route", "POST", "/talks/17", httpmode.Config{GraphQL: []string{"/talks/"}}, nil, "POST /talks/{id}", false},
		{"a mux that is not the handler", "GET", "/talks/17", httpmode.Config{}, session, "GET (no route)", true},
		{"a router that is asked", "GET", "/talks/17", httpmode.Config{Route: func(r *http.Request) string { return "/" + r.Method }}, session, "GET /GET", true},
		{"a router that does not know", "GET", "/talks/17", httpmode.Config{Route: func(*http.Request) string { return "" }}, nil, "GET /talks/{id}", true},
	} {
		g := newGuard(t)
		tt.cfg.Guard = g
		var site http.Handler = writingSite(g)
		if tt.inner != nil {
			site = tt.inner(site)
		}
		h := newMiddleware(t, tt.cfg).Handler(site)
		hold(t, g, observe)
		r := httptest.NewRequest(tt.method, tt.path, nil)
		if tt.path == "/any/override" {
			r.Header.Set("X-HTTP-Method-Override", "DELETE")
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		report := g.Report()
		if len(report.Statements) != 1 {
			t.Errorf("%s: %d statements in the report, want 1", tt.says, len(report.Statements))
			continue
		}
		if s := report.Statements[0]; s.Label != tt.label || s.ReadRoute != tt.onReads {
			t.Errorf("%s: label %q, a route that reads: %t; want %q, %t", tt.says, s.Label, s.ReadRoute, tt.label, tt.onReads)
		}
		if n := len(report.In(sqlguard.GroupReadRoute)); (n == 1) != tt.onReads {
			t.Errorf("%s: %d in the group of routes that should only read", tt.says, n)
		}
	}
}

// writingSite writes on every route.
func writingSite(g *sqlguard.Guard) *http.ServeMux {
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /talks/{id}", "POST /talks/{id}", "/any/", "PROPFIND /dav"} {
		mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) { write(r.Context(), g) })
	}
	return mux
}

func TestAnApplicationsOwnLabelIsOfItsRouteAllTheSame(t *testing.T) {
	g := newGuard(t)
	hold(t, g, observe)
	h := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		write(sqlguard.WithLabel(r.Context(), "view counter"), g)
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if list := g.Report().In(sqlguard.GroupReadRoute); len(list) != 1 || list[0].Label != "view counter" {
		t.Errorf("routes that should only read: %+v", list)
	}
}

// The race detector watches this: middleware may have a transaction open, and
// something in the background of it, while the router notes the route.
func TestRoutesAreToldWhileRequestsAreRouted(t *testing.T) {
	g := newGuard(t)
	hold(t, g, observe)
	mux := writingSite(g)
	var background sync.WaitGroup
	early := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		background.Go(func() { write(r.Context(), g) })
		mux.ServeHTTP(w, r)
	})
	h := newMiddleware(t, httpmode.Config{Guard: g, Route: func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		return pattern
	}}).Handler(early)
	for range 100 {
		background.Go(func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/talks/17", nil))
		})
	}
	background.Wait()
	if s := g.Report().Statements; len(s) != 1 || s[0].Count != 200 || s[0].Label != "POST /talks/{id}" {
		t.Errorf("reported: %+v", s)
	}
}

func TestTheStatusEndpointAnswersWithTheReportToOperators(t *testing.T) {
	for _, details := range []bool{true, false} {
		g := newGuard(t)
		m := newMiddleware(t, httpmode.Config{Guard: g, StatusDetails: details})
		hold(t, g, observe)
		m.Handler(writingSite(g)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/talks/17", nil))

		w := httptest.NewRecorder()
		m.StatusHandler().ServeHTTP(w, httptest.NewRequest("GET", "/status?report", nil))
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if !details {
			if _, there := got["statements"]; there || got["mode"] != "observe" {
				t.Errorf("without the details it answers %s", w.Body)
			}
			continue
		}
		list, _ := got["statements"].([]any)
		if len(list) != 1 || got["observing"] != true || fmt.Sprint(got["transactions"]) != "[]" {
			t.Fatalf("it answers %s", w.Body)
		}
		s := list[0].(map[string]any)
		delete(s, "first")
		delete(s, "last")
		delete(s, "caller")
		want := map[string]any{
			"fingerprint": "INSERT (comment)", "dialect": "sqlite", "class": "write", "op": "INSERT",
			"tables": []any{map[string]any{"name": "comment"}}, "would": "refuse",
			"label": "GET /talks/{id}", "read_route": true, "count": 1.0, "groups": []any{"read_route_writes"},
		}
		if fmt.Sprint(s) != fmt.Sprint(want) {
			t.Errorf("the statement is\n%v, want\n%v", s, want)
		}
	}
}
