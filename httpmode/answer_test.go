package httpmode_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// refuse returns the answer to a request that is refused.
func refuse(t testing.TB, m *httpmode.Middleware, method string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "/comments", nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	m.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Fatalf("status %d, want 503", w.Code)
	}
	return w
}

func TestNegotiation(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	const (
		page      = "text/html; charset=utf-8"
		problem   = "application/problem+json"
		plainJSON = "application/json"
		text      = "text/plain; charset=utf-8"
		jsonIn    = "Content-Type: application/json"
	)
	for _, tt := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"nothing said", nil, text},
		{"anything", []string{"Accept: */*"}, text},
		{"nothing said, by JSON", []string{jsonIn}, problem},
		{"anything, by JSON", []string{"Content-Type: application/vnd.api+json; charset=utf-8", "Accept: */*"}, problem},
		{"a browser", []string{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"}, page},
		{"navigation, whatever it accepts", []string{"Accept: */*", "Sec-Fetch-Mode: navigate"}, page},
		{"a document, by JSON", []string{jsonIn, "Sec-Fetch-Dest: document"}, page},
		{"JSON", []string{"Accept: application/json"}, plainJSON},
		{"JSON with a parameter", []string{"Accept: application/json; charset=utf-8"}, plainJSON},
		{"problem details", []string{"Accept: application/problem+json"}, problem},
		{"a vendor's JSON", []string{"Accept: application/vnd.acme+json"}, problem},
		{"JSON rather than HTML", []string{"Accept: text/html;q=0.5, application/json"}, plainJSON},
		{"HTML or JSON", []string{"Accept: text/html, application/json"}, page},
		{"problem details or JSON", []string{"Accept: application/problem+json, application/json"}, problem},
		{"any JSON", []string{"Accept: application/*"}, problem},
		{"JSON or text, by JSON", []string{"Accept: application/json, text/plain, */*", jsonIn}, plainJSON},
		{"GraphQL's JSON", []string{"Accept: application/graphql-response+json", "HX-Request: true", "Sec-Fetch-Mode: navigate"}, "application/graphql-response+json"},
		{"HTML rather than JSON", []string{"Accept: application/json;q=0.5, text/html"}, page},
		{"anything but HTML", []string{"Accept: text/html;q=0, */*"}, text},
		{"plain text", []string{"Accept: text/plain", jsonIn}, text},
		{"two headers", []string{"Accept: text/html;q=0.1", "Accept: application/json"}, plainJSON},
		{"images alone", []string{"Accept: image/png"}, text},
		{"an old browser's malformed one", []string{"Accept: text/html, image/gif, *; q=.2, */*; q=.2"}, page},
		{"rubbish", []string{"Accept: ,;=\x7f"}, text},
		{"empty", []string{"Accept: "}, text},
		{"a script", []string{"Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, text},
		{"htmx, whatever it accepts", []string{"HX-Request: true", "Accept: application/json"}, page},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := refuse(t, m, "POST", tt.headers...)
			if got := w.Header().Get("Content-Type"); got != tt.want {
				t.Errorf("Content-Type: %q, want %q", got, tt.want)
			}
			if w.Body.Len() == 0 {
				t.Error("the body is empty")
			}
		})
	}
}

func TestHtmxComesBeforeNavigation(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	w := refuse(t, newMiddleware(t, httpmode.Config{Guard: g}), "POST", "HX-Request: true", "Sec-Fetch-Mode: navigate", "Accept: text/html")
	if w.Header().Get("HX-Reswap") != "none" || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("got %v %s", w.Header(), w.Body)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, Writes: []string{"/"}})
	w := refuse(t, m, "HEAD", "Accept: text/html")
	if w.Body.Len() != 0 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d bytes, %v", w.Body.Len(), w.Header())
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name   string
		until  time.Time
		jitter float64
		want   string
	}{
		{"no end known", time.Time{}, 0.5, ""},
		{"an end that has passed", noon.Add(-time.Minute), 0.5, ""},
		{"no jitter", noon.Add(100 * time.Second), 0, "100"},
		{"the most jitter", noon.Add(100 * time.Second), 0.5, "150"},
		{"rounded up", noon.Add(1500 * time.Millisecond), 0.25, "3"},
		{"capped", noon.Add(24 * time.Hour), 0, "600"},
		{"capped with jitter", noon.Add(9 * time.Minute), 0.5, "600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t)
			hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Until: tt.until})
			m := newMiddleware(t, httpmode.Config{Guard: g})
			m.SetClock(noon, tt.jitter)
			if got := refuse(t, m, "POST").Header().Get("Retry-After"); got != tt.want {
				t.Errorf("Retry-After: %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("spread out by default", func(t *testing.T) {
		g := newGuard(t)
		hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(5 * time.Minute)})
		m := newMiddleware(t, httpmode.Config{Guard: g})
		seen := map[string]bool{}
		for range 100 {
			seen[refuse(t, m, "POST").Header().Get("Retry-After")] = true
		}
		if len(seen) < 10 {
			t.Errorf("100 clients were told to come back at %d different times", len(seen))
		}
	})
}

// loud is a change with everything in it that must not get where it does not belong.
var loud = sqlguard.Change{
	Mode: sqlguard.ReadOnly, Reason: "secret reason", By: "secret operator",
	Message: "<script>alert(1)</script>\r\nSet-Cookie: session=1\r\n\r\n\u2028日本 \U0001f600",
	Until:   noon.Add(20*time.Minute + time.Millisecond),
}

func TestProblemDetails(t *testing.T) {
	g := newGuard(t)
	hold(t, g, loud)
	m := newMiddleware(t, httpmode.Config{Guard: g, ProblemType: "https://example.com/problems/read-only"})
	m.SetClock(noon, 0)
	var got map[string]any
	if err := json.Unmarshal(refuse(t, m, "POST", "Accept: application/json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"type": "https://example.com/problems/read-only", "title": "This can’t be saved right now", "status": 503.0,
		"code": "read_only_mode", "cause": "write", "mode": "read-only", "message": loud.Message,
		"until": "2026-03-01T12:20:00Z", "retry_after_seconds": 600.0,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	hold(t, g, readOnly)
	got = nil
	body := refuse(t, newMiddleware(t, httpmode.Config{Guard: g}), "POST", "Accept: application/json").Body.Bytes()
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if got["type"] != "about:blank" || got["title"] != "Service Unavailable" {
		t.Errorf("without a type of its own: %v", got)
	}
	for _, absent := range []string{"until", "retry_after_seconds", "message"} {
		if _, there := got[absent]; there {
			t.Errorf("%s is there, and nobody said it", absent)
		}
	}
}

func TestHtmxFragmentIsAnEventNotASwap(t *testing.T) {
	g := newGuard(t)
	hold(t, g, loud)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	m.SetClock(noon, 0)
	w := refuse(t, m, "POST", "HX-Request: true")
	if got := w.Header().Get("HX-Reswap"); got != "none" {
		t.Errorf("HX-Reswap: %q", got)
	}
	trigger := w.Header().Get("HX-Trigger")
	for _, c := range trigger {
		if c < ' ' || c > '~' {
			t.Errorf("HX-Trigger has %q in it", c)
		}
	}
	var event map[string]map[string]any
	if err := json.Unmarshal([]byte(trigger), &event); err != nil {
		t.Fatal(err)
	}
	got := event["quiesce:blocked"]
	if got["message"] != loud.Message || got["code"] != "read_only_mode" || got["retry_after_seconds"] != 600.0 {
		t.Errorf("the event says %v", got)
	}
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "<html") {
		t.Errorf("the fragment is %s", body)
	}
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: strings.Repeat("ü", 1000)})
	if n := len(refuse(t, m, "POST", "HX-Request: true").Header().Get("HX-Trigger")); n > 2500 {
		t.Errorf("the header has %d bytes", n)
	}
}

func TestNoAnswerTellsTheReason(t *testing.T) {
	g := newGuard(t)
	hold(t, g, loud)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	answers := []*httptest.ResponseRecorder{
		refuse(t, m, "POST"), refuse(t, m, "POST", "Accept: text/html"),
		refuse(t, m, "POST", "Accept: application/json"), refuse(t, m, "POST", "HX-Request: true"),
	}
	status := httptest.NewRecorder()
	m.StatusHandler().ServeHTTP(status, httptest.NewRequest("GET", "/", nil))
	for _, w := range append(answers, status) {
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("it is told: %s", w.Body)
		}
		for name, values := range w.Header() {
			if value := strings.Join(values, "|"); strings.ContainsAny(value, "\r\n") || strings.Contains(value, "secret") || name == "Set-Cookie" {
				t.Errorf("%s: %q", name, value)
			}
		}
	}
}

func TestPageIsTheGoldenOne(t *testing.T) {
	for name, change := range map[string]sqlguard.Change{
		"refused.html": {
			Mode: sqlguard.ReadOnly, Reason: "secret reason", Anonymous: true, Until: noon.Add(20 * time.Minute),
			Message: "We are moving to a <faster> database.",
		},
		"unknown-end.html": readOnly,
		"distant-end.html": {Mode: sqlguard.ReadOnly, Until: noon.Add(3 * time.Hour)},
		"overdue.html":     {Mode: sqlguard.ReadOnly, Until: noon.Add(-time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuard(t)
			hold(t, g, change)
			m := newMiddleware(t, httpmode.Config{Guard: g, SiteName: "Gopher & Friends", StatusURL: "https://status.example.com/?a=1&b=2"})
			m.SetClock(noon, 0)
			since := g.State().Since.UTC()
			got := strings.NewReplacer(
				since.Format(time.RFC3339), "SINCE", since.Format("2 January 2006, 15:04 UTC"), "SINCE",
			).Replace(refuse(t, m, "POST", "Accept: text/html").Body.String())
			golden(t, name, got)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it anew with -update):\n%s", file, got)
	}
}

func TestPageStandsOnItsOwn(t *testing.T) {
	g := newGuard(t)
	c := loud
	c.Anonymous, c.Message = true, strings.Repeat("A message of some length. ", 20)
	hold(t, g, c)
	m := newMiddleware(t, httpmode.Config{Guard: g, Writes: []string{"GET /comments"}, StatusURL: "/status", SiteName: "Site"})
	m.SetClock(noon, 0)
	for _, method := range []string{"GET", "POST"} {
		w := refuse(t, m, method, "Accept: text/html")
		page := w.Body.String()
		if len(page) > 6<<10 {
			t.Errorf("%s: %d bytes, want at most 6 KiB", method, len(page))
		}
		for part, want := range map[string]int{
			"<h1": 1, "<main>": 1, "<title>": 1, `<html lang="en" dir="ltr">`: 1, "<time datetime=": 2,
			"<script": 0, "src=": 0, "http-equiv": 0, "<link": 0, " style=": 0, "@import": 0, "url(": 0,
		} {
			if n := strings.Count(page, part); n != want {
				t.Errorf("%s: %q is there %d times, want %d", method, part, n, want)
			}
		}
		if handler := regexp.MustCompile(`\son\w+=`).FindString(page); handler != "" {
			t.Errorf("%s: the page has a script in%s", method, handler)
		}
		_, rest, _ := strings.Cut(page, "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		hash := sha256.Sum256([]byte(style))
		want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: the policy %q does not let the page's own style through", method, policy)
		}
		again := strings.Contains(page, `<a href="">Try again</a>`)
		if role := strings.Contains(page, `role="status"`); again != (method == "GET") || !role {
			t.Errorf("%s: link to try again %t, status %t", method, again, role)
		}
	}
}

func TestTemplateOfTheSite(t *testing.T) {
	g := newGuard(t)
	hold(t, g, loud)
	for name, tt := range map[string]struct{ text, want string }{
		"is shown": {`<p>{{.Notice.Heading}} {{.Message}}`, "<p>This can’t be saved right now &lt;script&gt;"},
		// What New tries has another message.
		"ours steps in when it fails": {`begun {{if gt (len .Message) 20}}{{index .SiteName 99}}{{end}}`, "<!doctype html>"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMiddleware(t, httpmode.Config{Guard: g, Template: template.Must(template.New("").Parse(tt.text))})
			w := refuse(t, m, "POST", "Accept: text/html")
			if !strings.HasPrefix(w.Body.String(), tt.want) {
				t.Errorf("got %s", w.Body)
			}
			if ours := w.Header().Get("Content-Security-Policy") != ""; ours != strings.HasPrefix(tt.want, "<!") {
				t.Errorf("our policy is there: %t", ours)
			}
		})
	}
}

func TestLanguages(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	german := httpmode.Texts{
		Sent: httpmode.Notice{Heading: "Speichern geht gerade nicht", Lead: "Nur lesen.", Advice: "Später."},
		Page: httpmode.Notice{Heading: "H", Lead: "L", Advice: "A"}, SignIn: httpmode.Notice{Heading: "H", Lead: "L", Advice: "A"},
		Detail: "D", Works: "W", Reading: "R", Paused: "P", Saving: "S", Signing: "S", Advice: "A", End: "E", Since: "S",
		Minutes: "M", Overdue: "O", Unknown: "U", TryAgain: "T", StatusPage: "S", Dir: "rtl",
	}
	m := newMiddleware(t, httpmode.Config{Guard: g, Texts: map[language.Tag]httpmode.Texts{
		language.German:  german,
		language.English: {Sent: httpmode.Notice{Heading: "Hold on"}},
	}})
	for _, tt := range []struct{ accept, lang, heading string }{
		{"", "en", "Hold on"},
		{"de-AT,de;q=0.9,en;q=0.8", "de", "Speichern geht gerade nicht"},
		{"sw, de;q=0.1", "de", "Speichern geht gerade nicht"},
		{"fr-CA", "fr", "Impossible d’enregistrer"},
		{"sw", "en", "Hold on"},
		{"\x00;;q=9", "en", "Hold on"},
		{strings.Repeat("de-", 10000), "en", "Hold on"},
	} {
		w := refuse(t, m, "POST", "Accept: text/html", "Accept-Language: "+tt.accept)
		if got := w.Header().Get("Content-Language"); got != tt.lang || !strings.Contains(w.Body.String(), tt.heading) {
			t.Errorf("%.20q: %s", tt.accept, got)
		}
		if !strings.Contains(w.Body.String(), `<html lang="`+tt.lang+`" dir="`+map[bool]string{true: "rtl", false: "ltr"}[tt.lang == "de"]+`">`) {
			t.Errorf("%.20q: the page is marked otherwise: %.80s", tt.accept, w.Body)
		}
	}
	if !strings.Contains(refuse(t, m, "POST").Body.String(), "The site is open for reading only") {
		t.Error("a text that was left empty lost the built-in one")
	}
}

// A site that others have in their frames would show nothing there when a form is refused,
// and one that nobody may have in a frame is not opened by a mode.
func TestWhoMayFrameThePageIsWhoMayFrameTheSite(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	for _, tt := range []struct {
		name     string
		policies []string
		want     string
	}{
		{"nothing said", nil, "'none'; frame-ancestors 'self'"},
		{"nothing said of frames", []string{"default-src 'self'; form-action https://frame-ancestors.example"}, "'none'; frame-ancestors 'self'"},
		{"nobody", []string{"default-src 'self';Frame-Ancestors 'none';"}, "'none'; Frame-Ancestors 'none'"},
		{"a partner", []string{"frame-ancestors https://partner.example 'self'"}, "'none'; frame-ancestors https://partner.example 'self'"},
		{"two policies", []string{"frame-ancestors a.example, default-src 'self'", "frame-ancestors b.example"},
			"'none'; frame-ancestors a.example, frame-ancestors b.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if tt.policies != nil {
				w.Header()["Content-Security-Policy"] = tt.policies
			}
			r := httptest.NewRequest("POST", "/", nil)
			r.Header.Set("Accept", "text/html")
			m.Handler(http.HandlerFunc(echo)).ServeHTTP(w, r)
			got := w.Header()["Content-Security-Policy"]
			if len(got) != 1 || !strings.HasPrefix(got[0], "default-src 'none'") || !strings.HasSuffix(got[0], "base-uri "+tt.want) {
				t.Errorf("got %q, want it to end in %q", got, tt.want)
			}
		})
	}
}
