package httpmode

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Middleware gives visitors an answer that fits the modes of a guard. Make one
// with [New]. All methods may be called by several goroutines.
type Middleware struct {
	config   Config
	guard    *sqlguard.Guard
	routes   routes
	logins   routes
	identity identity
	bypass   bypass
	renderer renderer
	streams  *streams
	secrets  secrets
	counts   counters

	now      func() time.Time
	jitter   func() float64 // in [0, 0.5]
	patience time.Duration  // with a body that still arrives
}

// New returns a middleware. It fails if a field of cfg is malformed, naming the
// field and what was expected, and with [sqlguard.Guard.Err] if the guard was closed by a
// malformed environment. Changing cfg's slices and maps afterwards has no effect.
func New(cfg Config) (*Middleware, error) {
	m := &Middleware{
		config:   cfg,
		guard:    cfg.Guard,
		now:      time.Now,
		jitter:   func() float64 { return rand.Float64() / 2 },
		secrets:  newFieldSecrets(cfg.SecretFields),
		patience: formPatience,
		streams:  newStreams(cfg.statusStreams()),
	}
	if m.guard == nil {
		m.guard = sqlguard.Default()
	}
	err := m.guard.Err()
	if err == nil {
		err = cfg.check()
	}
	if err == nil {
		m.routes, err = newRoutes(
			patternList{"Reads", cfg.Reads, reads},
			patternList{"Writes", cfg.Writes, writes},
			patternList{"Exempt", cfg.Exempt, exempt},
			patternList{"GraphQL", cfg.GraphQL, graphQL},
		)
	}
	if err == nil {
		m.logins, err = newLoginRoutes(cfg.LoginPaths)
	}
	if err == nil {
		m.renderer, err = newRenderer(cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("httpmode: %w", err)
	}
	m.identity = newIdentity(cfg)
	m.bypass = bypass{slices.Clone(cfg.BypassKey)}
	return m, nil
}

// Handler returns next with the middleware around it. It has the shape that
// net/http, chi and gorilla/mux expect of middleware, so it has no error to return: it panics
// if next is nil, as [http.ServeMux.Handle] does.
//
// With the mode off, next gets the very ResponseWriter and Request, and nothing is
// allocated.
func (m *Middleware) Handler(next http.Handler) http.Handler {
	if f, ok := next.(http.HandlerFunc); next == nil || ok && f == nil {
		panic(errNilHandler)
	}
	mux, _ := next.(*http.ServeMux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !m.guard.On() {
			next.ServeHTTP(w, r)
			return
		}
		m.serve(w, r, next, mux)
	})
}

// serve handles a request while a mode is on. The mux is next, if that is one.
func (m *Middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler, mux *http.ServeMux) {
	if x := exchangeFrom(r.Context()); x != nil && x.m == m {
		next.ServeHTTP(w, r) // it is around this request already
		return
	}
	state := m.guard.Summary() // it may be off by now, and then the request is left alone
	if reason := m.bypass.reason(r.Header, m.now()); reason != "" {
		m.serveBypassed(w, r, next, mux, state, reason)
		return
	}
	v := m.viewOf(r, state)
	var body io.ReadCloser
	if v.class == graphQL && closed(state) {
		v.mutation, body = peekMutation(r)
	}
	d := decide(state, v)
	if d.leaveAlone {
		next.ServeHTTP(w, r)
		return
	}
	x := &exchange{m: m, w: w, original: r, info: newInfo(state), anonymous: d.anonymous, mux: mux}
	x.RouteReads = !v.writes() && v.class != graphQL // where any request may write
	x.begin()
	switch {
	case d.refuse != "":
		x.limitBody()
		x.answer(d.refuse)
		return
	case d.convert && m.config.GetOnly == SeeOther:
		x.limitBody()
		x.seeOther()
		return
	}
	inner := x.request(d, body)
	if inner == nil {
		x.limitBody()
		x.answer(CauseSignIn)
		return
	}
	x.run(next, inner)
}

// request returns the request that the handler gets: never the caller's own, and
// nil if Config.Anonymize refuses it. If body is nil, it has the body of the original.
func (x *exchange) request(d decision, body io.ReadCloser) *http.Request {
	x.Context = x.original.Context()
	r := x.original.WithContext(x)
	if body != nil {
		r.Body = body
	}
	bypass := len(x.m.bypass.tokens(r.Header)) > 0
	if d.anonymous {
		x.info.Stripped = x.m.identity.strip(r)
	} else if d.convert || bypass {
		r.Header = r.Header.Clone()
	}
	if bypass {
		x.m.bypass.strip(r.Header)
	}
	if d.convert {
		x.limitBody()
		convert(r)
		x.info.Converted = true
	} else {
		r.Body = x.teeForm(r.Body)
	}
	x.findRoute(r)
	if d.anonymous && x.m.config.Anonymize != nil {
		guest := x.m.config.Anonymize(r)
		x.info.Stripped = x.info.Stripped || guest != r
		return guest
	}
	return r
}

// WriteError answers for a handler that ends with an error: if err says that writing
// is closed ([sqlguard.IsReadOnly]), it gives the maintenance answer and returns true. Otherwise, and
// where the header is already sent, it does nothing and returns false. Call it
// first thing in a central error handler, with the writer and request that the handler got.
//
// It works without [Middleware.Handler] around it too, and with the mode off:
// a database can be read-only of its own accord. Whether the header is sent is not
// known then, so it must be called before anything is written.
func (m *Middleware) WriteError(w http.ResponseWriter, r *http.Request, err error) bool {
	if !sqlguard.IsReadOnly(err) {
		return false
	}
	if x := exchangeFrom(r.Context()); x != nil && x.m == m && !x.bypassed {
		if x.committed.Load() {
			return false
		}
		x.forced.Store(true)
		w.WriteHeader(http.StatusServiceUnavailable) // reaches the exchange, which answers
		return true
	}
	state := m.guard.Summary()
	x := &exchange{m: m, w: w, original: r, info: newInfo(state), anonymous: state.Anonymous}
	for _, name := range bodyHeaders {
		w.Header().Del(name)
	}
	x.answer(CauseWrite)
	return true
}

// bodyHeaders describe a body that is not sent after all. Content-Encoding is not among
// them: outside of the handler it belongs to middleware that compresses.
var bodyHeaders = [...]string{"Content-Length", "Content-Disposition", "Content-Range"}

// maxRetryAfter bounds how long clients are sent away.
const maxRetryAfter = 10 * time.Minute

// retryAfter returns how many seconds a client should wait, zero if that is not
// known. The jitter keeps clients that were told of the same end from coming
// back in the same second; at the cap they are apart by when they asked.
func (m *Middleware) retryAfter(until time.Time) int {
	left := min(sqlguard.State{Until: until}.RetryAfter(m.now()), maxRetryAfter)
	wait := min(left+time.Duration(float64(left)*m.jitter()), maxRetryAfter)
	return int((wait + time.Second - 1) / time.Second)
}

// current returns the info to answer with: the state may have changed since the
// request began, and an answer should tell the newest end. Where neither state says why, the
// mode came and went meanwhile, or the database itself is read-only.
func (x *exchange) current(cause Cause) Info {
	now := newInfo(x.m.guard.Summary())
	for _, info := range []Info{now, x.info} {
		if info.explains(cause) {
			return info
		}
	}
	return Info{Mode: sqlguard.ReadOnly, Since: now.Since, Epoch: now.Epoch}
}
