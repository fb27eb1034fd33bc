package guardtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Log lists what a guard would have refused. All methods may be called by several
// goroutines.
type Log struct {
	contextOnly bool
	readsOnly   bool // only what requests that should only read run

	seen struct {
		sync.Mutex
		findings []Finding
		serving  []*origin // requests that are being answered
	}
}

// Observe has everything pass until the test ends, and lists what read-only mode would refuse
// meanwhile. A stricter mode that is in force stays so, and what it refuses is listed too. It ends
// the test if cfg has no guard.
func Observe(tb testing.TB, cfg Config) *Log {
	tb.Helper()
	return hold(tb, cfg, sqlguard.Observe, &Log{contextOnly: cfg.ContextOnly})
}

// ReadOnly closes writing until the test ends, for all who use the guard, and lists what is
// refused meanwhile. It ends the test if cfg has no guard.
func ReadOnly(tb testing.TB, cfg Config) *Log {
	tb.Helper()
	return hold(tb, cfg, sqlguard.ReadOnly, &Log{contextOnly: cfg.ContextOnly})
}

// hold has a log listen until the test ends, under a mode.
func hold(tb testing.TB, cfg Config, mode sqlguard.Mode, l *Log) *Log {
	tb.Helper()
	cfg.mustCheck(tb)
	stop, err := l.listen(cfg.Guard, mode)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	return l
}

// held makes the name of each hold its own, so that tests in parallel do not release each
// other's.
var held atomic.Uint64

// listen has l told of what g would refuse, under a mode, until stop is called.
func (l *Log) listen(g *sqlguard.Guard, mode sqlguard.Mode) (stop func(), err error) {
	name := fmt.Sprintf("guardtest-%d", held.Add(1))
	remove := g.AddObserver(observer{l})
	if err := g.Hold(name, sqlguard.Change{Mode: mode, Reason: "a test looks for writes"}); err != nil {
		remove()
		return nil, err
	}
	return func() { g.Release(name); remove() }, nil
}

// origin is where statements come from: a request, or whoever called Context.
type origin struct {
	log     *Log
	request string // empty if it is none
	reads   bool
}

type originKey struct{}

// Context returns a context whose statements count for this log and for no other, as those of
// a watched request do.
func (l *Log) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, originKey{}, &origin{log: l})
}

// observer keeps what the guard calls out of what a test can call.
type observer struct{ log *Log }

func (o observer) Observe(ctx context.Context, e sqlguard.Event) { o.log.note(ctx, e) }

// note lists what an event tells of, if it is for this log.
func (l *Log) note(ctx context.Context, e sqlguard.Event) {
	if !refused(e) {
		return
	}
	from, known := ctx.Value(originKey{}).(*origin)
	if known && from.log != l || !known && l.contextOnly {
		return
	}
	f := Finding{
		Label: sqlguard.LabelFrom(ctx), NoContext: !known, Dialect: e.Dialect, Class: e.Class, Op: e.Op,
		Tables: slices.Clone(e.Tables), Why: e.Why, Refused: e.Kind == sqlguard.Rejected, Caller: caller(), Count: 1,
	}
	l.seen.Lock()
	defer l.seen.Unlock()
	if !known {
		from = l.onlyReading()
	}
	if l.readsOnly && (from == nil || !from.reads) {
		return
	}
	if from != nil {
		f.Request = from.request
	}
	if i := slices.IndexFunc(l.seen.findings, f.same); i >= 0 {
		l.seen.findings[i].Count++
		return
	}
	l.seen.findings = append(l.seen.findings, f)
}

// refused reports whether an event tells of a statement that read-only mode refuses.
func refused(e sqlguard.Event) bool {
	return e.Kind == sqlguard.Rejected ||
		e.Kind == sqlguard.Observed && e.Would == sqlguard.Refuse && e.Reason == ""
}

// onlyReading returns the oldest request that is being answered, if all of them should only read, and
// nil otherwise: then it cannot be told whose a statement without their context is. The caller holds
// the lock.
func (l *Log) onlyReading() *origin {
	if len(l.seen.serving) == 0 || slices.ContainsFunc(l.seen.serving, func(o *origin) bool { return !o.reads }) {
		return nil
	}
	return l.seen.serving[0]
}

// Findings returns what was listed so far, in the order in which it was first seen.
func (l *Log) Findings() []Finding {
	l.seen.Lock()
	defer l.seen.Unlock()
	return slices.Clone(l.seen.findings)
}

// String returns the findings, one a line; "" if there is none.
func (l *Log) String() string {
	var b strings.Builder
	for _, f := range l.Findings() {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}
