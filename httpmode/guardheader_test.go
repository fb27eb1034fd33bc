package httpmode_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// raw is a handler that spells its header as it likes, around Header.Set.
func raw(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h["set-cookie"] = []string{"session=1", "csrf=1"}
	h["WWW-Authenticate"] = []string{"Basic"}
	h["clear-site-data"] = []string{`"cookies"`}
	h["set-login"] = []string{"logged-out"}
	h["ETag"] = []string{`"1"`}
	h["cache-control"] = []string{"public, max-age=60"}
	h["CDN-Cache-Control"] = []string{"max-age=60"}
	fmt.Fprint(w, "page")
}

func TestHeaderIsGuardedHoweverItIsSpelt(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	for _, http2 := range []bool{false, true} {
		s := serveBy(t, http2, newMiddleware(t, httpmode.Config{Guard: g, KeepCookies: []string{"csrf"}}).Handler(http.HandlerFunc(raw)))
		s.client.Jar = nil
		got := s.do(t, "GET", "/", "", "Cookie: session=1")
		got.wantAnswer(t, http.StatusOK, "page")
		for name, want := range map[string]string{
			"Set-Cookie": "csrf=1", "Www-Authenticate": "", "Clear-Site-Data": "", "Set-Login": "",
			"Etag": "", "Cache-Control": "private, no-store", "Cdn-Cache-Control": "",
		} {
			if values := strings.Join(got.header.Values(name), "|"); values != want {
				t.Errorf("HTTP/2 %t: %s: %q, want %q", http2, name, values, want)
			}
		}
	}
}

func TestRequestCookiesAreRemovedHoweverTheyAreSpelt(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	inner := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.EqualFold(name, "cookie") {
				t.Errorf("the handler sees the header %q", name)
			}
		}
		fmt.Fprint(w, httpmode.FromContext(r.Context()).Stripped)
	}))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header["cookie"] = []string{"session=1"} // a proxy would pass it on
		inner.ServeHTTP(w, r)
	}))
	s.do(t, "GET", "/", "").wantAnswer(t, http.StatusOK, "true")
}

// trailers serves a handler, and returns the trailers of its answer.
func trailers(t *testing.T, http2 bool, h http.Handler) http.Header {
	t.Helper()
	s := serveBy(t, http2, h)
	resp, err := s.client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.Trailer
}

func TestTrailersAreGuarded(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	for _, http2 := range []bool{false, true} {
		got := trailers(t, http2, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Trailer", "Set-Cookie, X-Sum")
				w.(http.Flusher).Flush()
				w.Header().Set("Set-Cookie", "session=1")
				w.Header().Set(http.TrailerPrefix+"Set-Cookie", "session=2")
				w.Header().Set("X-Sum", "1")
			})))
		if got.Get("Set-Cookie") != "" || got.Get("X-Sum") != "1" {
			t.Errorf("HTTP/2 %t: trailers %v", http2, got)
		}
	}
}

func TestTrailersOfAHandlerThatPanicsAreGuarded(t *testing.T) {
	g := newGuard(t)
	for name, tt := range map[string]struct {
		change sqlguard.Change
		status int
		panics func(ctx context.Context) error
	}{
		"a panic that is recovered from outside": {anonymous, 200, func(context.Context) error { return errors.New("bug") }},
		"our error, once it is answered":         {readOnly, 500, func(ctx context.Context) error { return write(ctx, g) }},
	} {
		hold(t, g, tt.change)
		for _, http2 := range []bool{false, true} {
			inner := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					err := tt.panics(r.Context())
					w.WriteHeader(tt.status)
					w.(http.Flusher).Flush()
					w.Header().Set(http.TrailerPrefix+"Set-Cookie", "session=1")
					panic(err)
				}))
			got := trailers(t, http2, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() { recover() }()
				inner.ServeHTTP(w, r)
			}))
			if len(got) > 0 {
				t.Errorf("%s, HTTP/2 %t: trailers %v", name, http2, got)
			}
		}
	}
}

func TestTrailersOfABodyThatWasReplacedAreNotSent(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	for _, http2 := range []bool{false, true} {
		got := trailers(t, http2, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				write(r.Context(), g)
				w.WriteHeader(http.StatusInternalServerError)
				w.(http.Flusher).Flush()
				w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
			})))
		if len(got) > 0 {
			t.Errorf("HTTP/2 %t: trailers %v", http2, got)
		}
	}
}
