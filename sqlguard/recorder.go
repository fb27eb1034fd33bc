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

// Blocked returns the first refusal that was noted, or nil.
func (r *Recorder) Blocked() *BlockedError { return r.blocked.Load() }

// Skipped returns how many statements were skipped.
func (r *Recorder) Skipped() uint64 { return r.skipped.Load() }

// note keeps the first refusal.
func (r *Recorder) note(err *BlockedError) { r.blocked.CompareAndSwap(nil, err) }
