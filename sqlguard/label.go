package sqlguard

import "context"

type labelKey struct{}

// WithLabel returns a context whose statements are reported under a label:
// what a drain waits for, and what observe mode sees. It should be one of few, such as a
// route or the name of a job, and hold nothing of a visitor's.
func WithLabel(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, labelKey{}, func() string { return label })
}

// WithLabelFunc is WithLabel for a label that is known only later: a router finds
// the route after its middleware has run. f is called when a report is made, or when
// a statement of the context is observed, possibly by another goroutine.
func WithLabelFunc(ctx context.Context, f func() string) context.Context {
	return context.WithValue(ctx, labelKey{}, f)
}

// LabelFrom returns the label that a context carries, or "". So it is where a
// label's function panics: a report must not fail for a name.
func LabelFrom(ctx context.Context) (label string) {
	f, ok := ctx.Value(labelKey{}).(func() string)
	if !ok || f == nil {
		return ""
	}
	defer func() {
		if recover() != nil {
			label = ""
		}
	}()
	return f()
}
