package sqlguard_test

import (
	"context"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheLabelOfAContext(t *testing.T) {
	background := context.Background()
	named := func(name string) func() string { return func() string { return name } }
	for _, tt := range []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"is empty where none was given", background, ""},
		{"is the one that was given", sqlguard.WithLabel(background, "GET /"), "GET /"},
		{"is the last of two", sqlguard.WithLabel(sqlguard.WithLabel(background, "a"), "b"), "b"},
		{"is what a function returns", sqlguard.WithLabelFunc(background, named("GET /")), "GET /"},
		{"is empty where the function is nil", sqlguard.WithLabelFunc(background, nil), ""},
		{"is hidden by a function that is nil", sqlguard.WithLabelFunc(sqlguard.WithLabel(background, "a"), nil), ""},
		{"is empty where the function panics", sqlguard.WithLabelFunc(background, func() string { panic("no route") }), ""},
	} {
		if got := sqlguard.LabelFrom(tt.ctx); got != tt.want {
			t.Errorf("the label %s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestALabelsFunctionIsCalledWhenAReportIsMade(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	c := attach(t, g)
	calls, route := 0, "no route yet"
	ctx := sqlguard.WithLabelFunc(t.Context(), func() string { calls++; return route })
	c.Enter(ctx, "INSERT a")
	route = "POST /cart"
	hold(t, g, "test", closed)
	if calls != 0 {
		t.Errorf("it was called %d times for a statement that only ran", calls)
	}
	if report, _ := g.Drain(over()); state(report) != "running statement, INSERT (a), POST /cart" {
		t.Errorf("open is %s", state(report))
	}
	c.Leave()
	if calls == 0 {
		t.Error("it was not called for the report")
	}
}

// The mark must go, or Drain would wait for it for ever.
func TestALabelThatPanicsDoesNotKeepAStatementOpen(t *testing.T) {
	g := newGuard(t, sqlguard.Config{Tail: -1})
	c := attach(t, g)
	c.Enter(sqlguard.WithLabelFunc(t.Context(), func() string { panic("no route") }), "INSERT a")
	c.Lost()
	hold(t, g, "test", closed)
	if report, err := g.Drain(over()); err != nil {
		t.Errorf("open is %s", state(report))
	}
}
