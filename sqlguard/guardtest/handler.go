package guardtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Handler returns next, watched: when the test ends, it fails for each statement that
// read-only mode would refuse and that a request which should only read has run, and names the request,
// the tables and the caller. Everything passes meanwhile, so one run finds them all; what a mode that is
// in force refuses is found as well.
//
// It should be outermost, so that it sees the method as the client sent it. A write that comes after the answer is
// found if it has the request's context, or one made from it (context.WithoutCancel); what
// goroutines do without one is not seen then, nor what they do after the test. The guard is in observe mode until the test ends, which the answers
// of httpmode's middleware say in a header. It ends the test if cfg has no guard.
func Handler(tb testing.TB, cfg Config, next http.Handler) http.Handler {
	tb.Helper()
	l := &Log{contextOnly: cfg.ContextOnly, readsOnly: true}
	tb.Cleanup(func() { // after the guard is released, which is registered later
		tb.Helper()
		for _, f := range l.Findings() {
			tb.Errorf("a request that should only read writes: %s", f)
		}
	})
	hold(tb, cfg, sqlguard.Observe, l)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := &origin{log: l, request: r.Method + " " + r.URL.Path, reads: cfg.reads(r)}
		l.begin(from)
		defer l.end(from)
		inner := r.WithContext(context.WithValue(r.Context(), originKey{}, from))
		// What net/http looks for in the request that it made: the files of a form, to remove them.
		defer func() { r.MultipartForm, r.Pattern = inner.MultipartForm, inner.Pattern }()
		next.ServeHTTP(w, inner)
	})
}

// NewServer returns a server of next, watched as by [Handler]. It is closed when the test ends,
// after the requests in flight.
func NewServer(tb testing.TB, cfg Config, next http.Handler) *httptest.Server {
	tb.Helper()
	server := httptest.NewServer(Handler(tb, cfg, next))
	tb.Cleanup(server.Close)
	return server
}

func (l *Log) begin(o *origin) {
	l.seen.Lock()
	defer l.seen.Unlock()
	l.seen.serving = append(l.seen.serving, o)
}

func (l *Log) end(o *origin) {
	l.seen.Lock()
	defer l.seen.Unlock()
	l.seen.serving = slices.DeleteFunc(l.seen.serving, func(other *origin) bool { return other == o })
}
