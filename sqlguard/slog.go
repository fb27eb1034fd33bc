package sqlguard

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// SlogConfig configures [NewSlogObserver]. The zero value works.
type SlogConfig struct {
	// Logger takes the lines. If nil, slog.Default().
	Logger *slog.Logger
	// Every is how often at most the same thing is logged: the same kind of
	// event, for the same operation on the same tables and for the same reason. What was held back in
	// between is counted in the next line's "held_back". If zero, one minute; if
	// negative, every event is logged.
	Every time.Duration
}

// NewSlogObserver returns an observer that logs events: flips, rejects and
// bypasses at level Warn, everything else at level Info. A line of a statement names the
// label of its context, and one of a reject that looks like a page failing for want of a [Skip] rule says so. It remembers at
// most 1,024 kinds of lines at a time.
func NewSlogObserver(cfg SlogConfig) Observer {
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	return &slogObserver{logger: cfg.Logger, every: cfg.Every, now: time.Now}
}

type slogObserver struct {
	logger *slog.Logger
	every  time.Duration
	now    func() time.Time

	seen struct {
		sync.Mutex
		lines map[lineKey]*line
	}
}

// lineKey tells which events are the same line.
type lineKey struct {
	kind    Kind
	dialect string
	op      Op
	tables  string
	reason  string
}

type line struct {
	last     time.Time
	heldBack int
}

// maxLines bounds what the observer remembers.
const maxLines = 1024

func (o *slogObserver) Observe(ctx context.Context, e Event) {
	logger := o.logger
	if logger == nil {
		logger = slog.Default()
	}
	if e.Kind == Flipped {
		logger.LogAttrs(ctx, slog.LevelWarn, "quiesce: mode changed", flipAttrs(e)...)
		return
	}
	if e.Kind == Drained {
		logger.LogAttrs(ctx, slog.LevelInfo, "quiesce: drained",
			slog.Uint64("epoch", e.Epoch), slog.Int("waited", e.Drain.Waited), slog.Duration("took", e.Drain.Took),
			slog.Int("open", len(e.Drain.Open)), slog.Int("unknown", len(e.Drain.Unknown)))
		return
	}
	tables, hint := tableList(e.Tables), hint(ctx, e.Kind)
	heldBack, ok := o.admit(lineKey{e.Kind, e.Dialect, e.Op, tables, e.Why + "\x00" + e.Reason + "\x00" + hint})
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.String("mode", e.Mode.String()), slog.Uint64("epoch", e.Epoch),
		slog.String("dialect", e.Dialect), slog.String("class", e.Class.String()),
		slog.String("op", string(e.Op)), slog.String("tables", tables), slog.String("why", e.Why),
	}
	if e.Reason != "" {
		attrs = append(attrs, slog.String("reason", e.Reason))
	}
	if label := LabelFrom(ctx); label != "" {
		attrs = append(attrs, slog.String("label", label))
	}
	if hint != "" {
		attrs = append(attrs, slog.String("hint", hint))
	}
	if heldBack > 0 {
		attrs = append(attrs, slog.Int("held_back", heldBack))
	}
	level := slog.LevelInfo
	if e.Kind == Rejected || e.Kind == Bypassed {
		level = slog.LevelWarn
	}
	logger.LogAttrs(ctx, level, "quiesce: statement "+e.Kind.String(), attrs...)
}

// hint says what to do about a refusal that takes a page from visitors which they
// expect to see, or that no middleware knows of.
func hint(ctx context.Context, k Kind) string {
	switch {
	case k != Rejected:
	case labelOf(ctx).reads:
		return "a route that should only read was refused a write: if nobody would miss it, such as a session's " +
			"last use, name its table in a Skip rule"
	case ctx == context.Background() || ctx == context.TODO():
		return "it ran without a context of a request, so no middleware knows that it was refused: if a page fails " +
			"by it, give it the request's context, or name its table in a Skip rule"
	}
	return ""
}

// flipAttrs says what has changed; when something begins only if it is announced.
func flipAttrs(e Event) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("mode", e.Mode.String()), slog.Bool("anonymous", e.State.Anonymous),
		slog.Bool("get_only", e.State.GetOnly), slog.Uint64("epoch", e.Epoch),
		slog.String("reason", e.State.Reason), slog.String("by", e.State.By),
		slog.Any("holders", holders(e.State)),
	}
	if !e.State.Announced.IsZero() {
		attrs = append(attrs, slog.Time("announced", e.State.Announced))
	}
	return attrs
}

// admit reports whether a line is due, and how many like it were held back.
func (o *slogObserver) admit(key lineKey) (heldBack int, ok bool) {
	if o.every < 0 {
		return 0, true
	}
	now := o.now()
	o.seen.Lock()
	defer o.seen.Unlock()
	l, known := o.seen.lines[key]
	if known && now.Sub(l.last) < o.every {
		l.heldBack++
		return 0, false
	}
	if !known {
		if o.seen.lines == nil || len(o.seen.lines) >= maxLines {
			o.seen.lines = make(map[lineKey]*line)
		}
		l = &line{}
		o.seen.lines[key] = l
	}
	heldBack, l.heldBack, l.last = l.heldBack, 0, now
	return heldBack, true
}

func holders(s State) []string {
	names := make([]string, len(s.Holds))
	for i, h := range s.Holds {
		names[i] = h.Name
	}
	return names
}
