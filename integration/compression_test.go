package integration

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/quiescehq/quiesce/httpmode"
)

// wrapped is a site with a handler of the world around the middleware, or inside of it.
func wrapped(outside bool, wrap func(http.Handler) http.Handler) func(*app, *httpmode.Middleware) http.Handler {
	return func(a *app, m *httpmode.Middleware) http.Handler {
		if outside {
			return wrap(m.Handler(a.around(a.mux())))
		}
		return m.Handler(wrap(a.around(a.mux())))
	}
}

func compress(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }

func timeout(next http.Handler) http.Handler {
	return http.TimeoutHandler(next, time.Minute, "too late")
}

func limit(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 4<<10) }

func TestWrappers(t *testing.T) {
	for _, s := range []stack{
		{name: "gzhttp inside", build: wrapped(false, compress)},
		{name: "gzhttp outside", build: wrapped(true, compress)},
		{name: "http.TimeoutHandler inside", build: wrapped(false, timeout)},
		// Its writer has no Unwrap method, so the server has to bound how long a form is read.
		{name: "http.TimeoutHandler outside", build: wrapped(true, timeout),
			server: func(s *http.Server) { s.ReadTimeout = time.Minute }},
		{name: "http.MaxBytesHandler inside", build: wrapped(false, limit)},
		{name: "http.MaxBytesHandler outside", build: wrapped(true, limit)},
	} {
		s.journey(t)
	}
}

func TestCompressedAnswers(t *testing.T) {
	for _, tt := range []struct {
		stack
		answer bool // the maintenance answer is compressed, as the page is
	}{
		{stack{name: "gzhttp inside", build: wrapped(false, compress)}, false},
		{stack{name: "gzhttp outside", build: wrapped(true, compress)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.serve(t, true)
			for _, path := range []string{"/", "/visit"} {
				if !s.get(t, path).Uncompressed {
					t.Errorf("%s is not compressed with the mode off", path)
				}
			}
			s.flip(t, readOnly)
			if !s.get(t, "/").Uncompressed {
				t.Error("a page is not compressed in read-only mode")
			}
			for name, answer := range map[string]reply{
				"a page that writes": s.get(t, "/visit"),
				"a form":             s.post(t, "/comments", nil, "one"),
			} {
				answer.wantsKindness(t, name, httpmode.CauseWrite)
				if answer.Uncompressed != tt.answer || answer.Header.Get("Content-Encoding") != "" {
					t.Errorf("%s: compressed is %t, want %t; %v", name, answer.Uncompressed, tt.answer, answer.Header)
				}
			}
		})
	}
}

// An answer that the mode has nothing to do with stays what it is.
func TestTimeoutStaysATimeout(t *testing.T) {
	soon := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Millisecond, "too late") }
	for name, outside := range map[string]bool{"inside": false, "outside": true} {
		t.Run(name, func(t *testing.T) {
			s := stack{visitors: byCookie, build: func(a *app, m *httpmode.Middleware) http.Handler {
				return wrapped(outside, func(http.Handler) http.Handler {
					return soon(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
				})(a, m)
			}}.serve(t, true)
			s.flip(t, readOnly)
			s.get(t, "/").wants(t, "a page that takes too long", 503, "too late")
		})
	}
}

func TestFormThatIsTooLarge(t *testing.T) {
	for name, outside := range map[string]bool{"inside": false, "outside": true} {
		t.Run(name, func(t *testing.T) {
			s := stack{build: wrapped(outside, limit)}.serve(t, true)
			large := url.Values{"more": {strings.Repeat("x", 8<<10)}}
			s.post(t, "/comments", large, "one").wants(t, "with the mode off", 200, "saved")
			s.flip(t, readOnly)
			refused := s.post(t, "/comments", large, "one")
			refused.wantsKindness(t, "in read-only mode", httpmode.CauseWrite)
			if again := refused.form(); outside && len(again) > 0 {
				t.Errorf("half a form can be sent again: %d fields", len(again))
			}
			s.flip(t, getOnly)
			s.post(t, "/comments", large, "one").wants(t, "in get-only mode", 200, "Nothing was saved.")
		})
	}
}
