package guardtest

import (
	"errors"
	"net/http"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Config says what is watched. Only Guard must be set.
type Config struct {
	// Guard is the one of the application under test. Required: a test that means the
	// process-wide one says so, with [sqlguard.Default].
	Guard *sqlguard.Guard

	// ContextOnly has only statements count that run with the context of a watched request, or
	// one of [Log.Context], or in a transaction that was begun with one. Set it where others use the guard at the same time: tests in
	// parallel, background work. If false, statements without such a context count too, which
	// finds the ones that forget their request's.
	ContextOnly bool

	// Reads reports whether a request should only read. If nil, those with the methods GET,
	// HEAD, OPTIONS, TRACE and QUERY should. It must not change the request.
	Reads func(r *http.Request) bool
}

// check returns why the guard cannot be watched.
func (cfg Config) check() error {
	if cfg.Guard == nil {
		return errors.New("guardtest: the field Config.Guard is nil; expected the guard of the application " +
			"under test, or sqlguard.Default() for the process-wide one")
	}
	return cfg.Guard.Err()
}

// mustCheck ends a test whose Config is wrong.
func (cfg Config) mustCheck(tb testing.TB) {
	tb.Helper()
	if err := cfg.check(); err != nil {
		tb.Fatal(err)
	}
}

// reads reports whether a request should only read.
func (cfg Config) reads(r *http.Request) bool {
	if cfg.Reads != nil {
		return cfg.Reads(r)
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY":
		return true // RFC 9110, 9.2.1, and QUERY
	}
	return false
}
