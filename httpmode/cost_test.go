package httpmode_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
)

// maxAllocs is the bar for a read that passes in read-only mode.
const maxAllocs = 8

func nothing(http.ResponseWriter, *http.Request) {}

// withRoutes is a configuration that names a few routes.
func withRoutes(g *sqlguard.Guard) httpmode.Config {
	return httpmode.Config{
		Guard: g, Reads: []string{"POST /search"}, Writes: []string{"GET /verify/{token}"}, Exempt: []string{"/healthz"},
		GraphQL: []string{"/graphql"}, LoginPaths: []string{"/login"}, BypassKey: bypassKey, CredentialParams: []string{"token"},
	}
}

func TestOffAllocatesNothing(t *testing.T) {
	g := newGuard(t)
	h := newMiddleware(t, withRoutes(g)).Handler(http.HandlerFunc(nothing))
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil)
	if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations with the mode off, want 0", n)
	}
}

func TestAReadThatPassesAllocatesLittle(t *testing.T) {
	g := newGuard(t)
	for range 3 { // the state is not copied with its holds
		hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Back soon"})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{page}", nothing)
	mux.HandleFunc("GET /verify/{token}/{step}", nothing)
	mux.HandleFunc("POST /search", nothing)
	for name, tt := range map[string]struct {
		config httpmode.Config
		bare   http.Handler
	}{
		"without routes": {httpmode.Config{Guard: g}, http.HandlerFunc(nothing)},
		"with routes":    {withRoutes(g), http.HandlerFunc(nothing)},
		"around a mux":   {withRoutes(g), mux},
	} {
		h := newMiddleware(t, tt.config).Handler(tt.bare)
		measure := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			allocs := func(h http.Handler) float64 {
				return testing.AllocsPerRun(100, func() {
					clear(w.Header()) // as it is when a request begins
					h.ServeHTTP(w, r)
				})
			}
			n := allocs(h) - allocs(tt.bare)
			t.Logf("%s, %T, %s %s: %v allocations", name, w, r.Method, r.URL.Path, n)
			if n > maxAllocs {
				t.Errorf("%s: %v allocations with a %T for %s %s, want at most %d", name, n, w, r.Method, r.URL.Path, maxAllocs)
			}
		})
		// One that no route is like, one that is like one at its beginning, and one that is one.
		for _, request := range [][2]string{{"GET", "/talks"}, {"GET", "/verify/a/b"}, {"POST", "/search"}} {
			if tt.config.Reads == nil && request[0] == "POST" {
				continue // without routes it is refused
			}
			measure.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(request[0], request[1], nil))
			for _, http2 := range []bool{false, true} {
				serveBy(t, http2, measure).do(t, request[0], request[1], "")
			}
		}
	}
}

// TestCost holds what the middleware costs to its bars: more than the bare handler, in
// nanoseconds.
func TestCost(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		bar    float64
	}{
		{"mode off", sqlguard.Change{}, 20},
		{"read-only, a read that passes", readOnly, 2000},
	} {
		g := newGuard(t)
		hold(t, g, tt.change)
		for name, cfg := range map[string]httpmode.Config{"without routes": {Guard: g}, "with routes": withRoutes(g)} {
			bare := http.HandlerFunc(nothing)
			took := ratio.Measure(300, serving(bare), serving(newMiddleware(t, cfg).Handler(bare)))
			over := took[1] - took[0]
			t.Logf("%s, %s: +%.1f ns, at most +%.0f ns", tt.name, name, over, tt.bar)
			if over > tt.bar {
				t.Errorf("%s, %s: %.1f ns over the bare handler, want at most %.0f", tt.name, name, over, tt.bar)
			}
		}
	}
}

// serving returns a function that has a page served n times.
func serving(h http.Handler) func(n int) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/talks", nil)
	r.Header = ofABrowser.Clone()
	return func(n int) {
		for range n {
			clear(w.Header())
			h.ServeHTTP(w, r)
		}
	}
}

// ofABrowser is the header that a request of a browser's has.
var ofABrowser = http.Header{
	"Accept":                    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
	"Accept-Encoding":           {"gzip, deflate, br, zstd"},
	"Accept-Language":           {"de,en-US;q=0.7,en;q=0.3"},
	"Cache-Control":             {"max-age=0"},
	"Connection":                {"keep-alive"},
	"Cookie":                    {"session=0123456789abcdef; csrf=0123456789abcdef; lang=de"},
	"Dnt":                       {"1"},
	"Priority":                  {"u=0, i"},
	"Referer":                   {"https://example.com/"},
	"Sec-Fetch-Dest":            {"document"},
	"Sec-Fetch-Mode":            {"navigate"},
	"Sec-Fetch-Site":            {"same-origin"},
	"Sec-Fetch-User":            {"?1"},
	"Upgrade-Insecure-Requests": {"1"},
	"User-Agent":                {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	"X-Forwarded-For":           {"192.0.2.1"},
}
