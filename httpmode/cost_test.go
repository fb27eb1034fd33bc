package httpmode_test

import (
	"net/http"
	"net/http/httptest"
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
			t.Logf("%s, %T: %v allocations", name, w, n)
			if n > maxAllocs {
				t.Errorf("%s: %v allocations with a %T, want at most %d", name, n, w, maxAllocs)
			}
		})
		measure.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/talks", nil))
		for _, http2 := range []bool{false, true} {
			serveBy(t, http2, measure).do(t, "GET", "/talks", "")
		}
	}
}

// BenchmarkOff holds the middleware with the mode off against the bare handler. The
// bar is 20 ns.
func BenchmarkOff(b *testing.B) { benchmark(b, sqlguard.Change{}) }

// BenchmarkReadOnlyReadPasses is the same for a read that passes in read-only
// mode. The bar is 2 µs.
func BenchmarkReadOnlyReadPasses(b *testing.B) { benchmark(b, readOnly) }

func benchmark(b *testing.B, c sqlguard.Change) {
	g := newGuard(b)
	hold(b, g, c)
	for name, cfg := range map[string]httpmode.Config{
		"without routes": {Guard: g}, "with routes": withRoutes(g),
	} {
		b.Run(name, func(b *testing.B) {
			var bare http.Handler = http.HandlerFunc(nothing)
			h := newMiddleware(b, cfg).Handler(bare)
			run := func(h http.Handler) func(int) {
				w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
				return func(n int) {
					for range n {
						clear(w.Header())
						h.ServeHTTP(w, r)
					}
				}
			}
			took := ratio.Measure(100, run(bare), run(h))
			b.ReportAllocs()
			b.ResetTimer()
			run(h)(b.N)
			b.ReportMetric(took[1]-took[0], "ns-over-bare")
		})
	}
}
