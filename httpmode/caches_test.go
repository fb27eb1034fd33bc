package httpmode_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// cacheable sets what caches go by, in spellings that they all understand. What is for
// one kind of cache alone comes before Cache-Control to that kind (RFC 9213, 2.2).
func cacheable(h http.Header) {
	for name, value := range cached {
		h.Set(name, value)
	}
	h.Set("Netlify-CDN-Cache-Control", "max-age=60")
	h.Set("X-LiteSpeed-Cache-Control", "public,max-age=60")
	h["cache-control"] = []string{"public, max-age=60"}
}

// wantNoCaching checks that nothing but Cache-Control speaks to caches.
func (r reply) wantNoCaching(t *testing.T, want string) {
	t.Helper()
	for _, name := range []string{
		"CDN-Cache-Control", "Netlify-CDN-Cache-Control", "X-LiteSpeed-Cache-Control",
		"Surrogate-Control", "Expires", "ETag", "Last-Modified",
	} {
		if got := r.header.Values(name); len(got) > 0 {
			t.Errorf("%s: %q, want none", name, got)
		}
	}
	if got := r.header.Values("Cache-Control"); len(got) != 1 || got[0] != want {
		t.Errorf("Cache-Control: %q, want %q alone", got, want)
	}
}

func TestNoCacheKeepsAnAnswerThatIsForNow(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, Writes: []string{"GET /verify"}, LoginPaths: []string{"/login"}})
	page := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") }
	outside := func(h http.HandlerFunc) http.Handler { // of the middleware, cacheability is set for all
		inner := m.Handler(h)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cacheable(w.Header())
			inner.ServeHTTP(w, r)
		})
	}
	const maintenance = "no-store"
	for _, tt := range []struct {
		name    string
		change  sqlguard.Change
		handler http.Handler
		path    string
		want    string
	}{
		{"a refusal", readOnly, outside(page), "/verify", maintenance},
		{"a write that was refused", readOnly, outside(func(w http.ResponseWriter, r *http.Request) {
			write(r.Context(), g)
			w.WriteHeader(500)
		}), "/", maintenance},
		{"a log in that was asked for", anonymous, outside(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(401)
		}), "/", maintenance},
		{"an error, with no middleware around", readOnly, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cacheable(w.Header())
			m.WriteError(w, r, write(r.Context(), g))
		}), "/", maintenance},
		{"a guest's page", anonymous, outside(page), "/", "private, no-store"},
		{"a guest's page that a panic left to others", anonymous, recoverer(m.Handler(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				cacheable(w.Header())
				panic("bug")
			}))), "/", "private, no-store"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hold(t, g, tt.change)
			got := serve(t, tt.handler).do(t, "GET", tt.path, "", "Cookie: session=1")
			if tt.want == maintenance && got.status != http.StatusServiceUnavailable {
				t.Errorf("status %d, want 503", got.status)
			}
			got.wantNoCaching(t, tt.want)
		})
	}
}
