package sqlguard

import "context"

type labelKey struct{}

// label is under what a context's statements are reported.
type label struct {
	name  func() string // nil if there is none
	reads bool          // it is of a route that should only read
}

// WithLabel returns a context whose statements are reported under a label:
// what a drain waits for, and what observe mode sees. It should be one of few, such as a
// route or the name of a job, and hold nothing of a visitor's.
func WithLabel(ctx context.Context, name string) context.Context {
	return WithLabelFunc(ctx, func() string { return name })
}

// WithLabelFunc is WithLabel for a label that takes some work to make, or is known
// only later. f is called when a report is made, or when a statement of the context is
// observed, possibly by several goroutines.
func WithLabelFunc(ctx context.Context, f func() string) context.Context {
	return context.WithValue(ctx, labelKey{}, label{f, labelOf(ctx).reads})
}

// WithRoute is WithLabelFunc for a request, whose label is its route. Where reads is
// set the route is taken for one that only reads, and the report of observe mode lists
// what it writes all the same. That stays so where the context is given another
// label.
func WithRoute(ctx context.Context, f func() string, reads bool) context.Context {
	return context.WithValue(ctx, labelKey{}, label{f, reads})
}

// LabelFrom returns the label that a context carries, or "". So it is where a
// label's function panics: a report must not fail for a name.
func LabelFrom(ctx context.Context) string { return labelOf(ctx).String() }

func labelOf(ctx context.Context) label {
	l, _ := ctx.Value(labelKey{}).(label)
	return l
}

func (l label) String() (name string) {
	if l.name == nil {
		return ""
	}
	defer func() {
		if recover() != nil {
			name = ""
		}
	}()
	return l.name()
}
