package sqlguard

import (
	"context"
	"sync/atomic"
)

// Recorder notes what the guard did to the statements of one context, such as a
// request's. The HTTP middleware puts one in, and answers by it. It may be used
// by several goroutines.
type Recorder struct {
	blocked atomic.Pointer[BlockedError]
	skipped atomic.Uint64
}

// WithRecorder returns a context that carries a new recorder. Statements run
// with that context, or one derived from it, are noted there.
func WithRecorder(ctx context.Context) (context.Context, *Recorder) {
	r := &Recorder{}
	return context.WithValue(ctx, recorderKey{}, r), r
}

// RecorderFrom returns the recorder that a context carries, or nil.
func RecorderFrom(ctx context.Context) *Recorder {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	return r
}

// Scope is a context that carries a recorder, and perhaps a route, in itself: what
// [WithRecorder] and [WithRoute] give in two contexts, for middleware that makes
// them for each request. It is meant to be embedded in what the middleware keeps of the
// request. It must not be copied.
type Scope struct {
	// Context is the parent. It must not be nil.
	context.Context
	// Recorder notes what the guard did to the statements of this context.
	Recorder Recorder
	// Route and RouteReads are as for [WithRoute]. They must not change once a statement
	// of the context may run. If Route is empty, the label is the parent's.
	Route      string
	RouteReads bool
}

// Value returns the recorder and the label under their keys, and else what the
// parent has.
func (s *Scope) Value(key any) any {
	switch key.(type) {
	case recorderKey:
		return &s.Recorder
	case labelKey:
		if s.Route != "" {
			return label{func() string { return s.Route }, s.RouteReads}
		}
	}
	return s.Context.Value(key)
}

// String keeps what a request holds out of logs that print its context.
func (s *Scope) String() string { return "sqlguard.Scope" }

// Blocked returns the first refusal that was noted, or nil.
func (r *Recorder) Blocked() *BlockedError { return r.blocked.Load() }

// Skipped returns how many statements were skipped.
func (r *Recorder) Skipped() uint64 { return r.skipped.Load() }

// note keeps the first refusal.
func (r *Recorder) note(err *BlockedError) { r.blocked.CompareAndSwap(nil, err) }
