package sqlguard

import (
	"context"
	"strings"
)

type (
	bypassKey     struct{}
	bestEffortKey struct{}
	recorderKey   struct{}
)

// WithBypass returns a context whose statements pass although the mode is
// read-only, for migrations and emergencies. Each statement that would have been
// refused or skipped is reported with the reason. Without a reason nothing is
// bypassed, and the refusal says so.
//
// A bypass does not lift what is an [Escape]: that would change the connection
// for whoever uses it next. Run such statements on a pool without a guard.
func WithBypass(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, bypassKey{}, strings.TrimSpace(reason))
}

// BypassFrom returns the reason that a context has from [WithBypass], and whether it bypasses anything: one without
// a reason does not.
func BypassFrom(ctx context.Context) (reason string, ok bool) {
	reason, _ = bypass(ctx)
	return reason, reason != ""
}

// bypass returns the reason of a bypass, and whether one was asked for.
func bypass(ctx context.Context) (reason string, asked bool) {
	reason, asked = ctx.Value(bypassKey{}).(string)
	return reason, asked
}

// WithBestEffort returns a context whose writes may be skipped while the mode is
// read-only: last seen, counters. An INSERT, UPDATE, DELETE, MERGE or REPLACE
// that no rule of the policy decides is then dropped and counted, rather than
// refused. Everything else is treated as without it.
func WithBestEffort(ctx context.Context) context.Context {
	return context.WithValue(ctx, bestEffortKey{}, true)
}

func bestEffort(ctx context.Context) bool { return ctx.Value(bestEffortKey{}) != nil }
