package fleettest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// calls are all methods that take a context, with arguments with which they succeed
// in a store that knows the instance "a".
var calls = []struct {
	method string
	call   func(context.Context, fleet.Coordinator) error
}{
	{"Mode", func(ctx context.Context, c fleet.Coordinator) error { return second(c.Mode(ctx)) }},
	{"Register", func(ctx context.Context, c fleet.Coordinator) error { return second(c.Register(ctx, instance("b"))) }},
	{"Heartbeat", func(ctx context.Context, c fleet.Coordinator) error {
		return second(c.Heartbeat(ctx, "a", "lease of a", fleet.Report{Epoch: 17}))
	}},
	{"Leave", func(ctx context.Context, c fleet.Coordinator) error { return c.Leave(ctx, "a", "lease of a") }},
	{"Forget", func(ctx context.Context, c fleet.Coordinator) error { return second(c.Forget(ctx, "a")) }},
	{"List", func(ctx context.Context, c fleet.Coordinator) error { return second(c.List(ctx)) }},
	{"Swap", func(ctx context.Context, c fleet.Coordinator) error { return second(c.Swap(ctx, 1, armed("op"))) }},
	{"Audit", func(ctx context.Context, c fleet.Coordinator) error { return c.Audit(ctx, entry("arm")) }},
	{"Log", func(ctx context.Context, c fleet.Coordinator) error { return second(c.Log(ctx, 10)) }},
	{"SaveReport", func(ctx context.Context, c fleet.Coordinator) error {
		return c.SaveReport(ctx, "b", "web", findings("b"))
	}},
	{"Reports", func(ctx context.Context, c fleet.Coordinator) error { return second(c.Reports(ctx, time.Time{})) }},
	{"DropReports", func(ctx context.Context, c fleet.Coordinator) error { return c.DropReports(ctx) }},
}

func second[T any](_ T, err error) error { return err }

var deadlineTests = []test{
	{"a context that is over ends each call before it changes anything", func(t *testing.T, c fleet.Coordinator) {
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		succeed(t, c.SaveReport(t.Context(), "a", "web", findings("a")))
		before := everything(t, c)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		for _, one := range calls {
			if err := one.call(cancelled, c); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want context.Canceled", one.method, err)
			}
			if err := one.call(late, c); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want context.DeadlineExceeded", one.method, err)
			}
		}
		same(t, "the store", everything(t, c), before)
	}},
	{"each call can be made twice", func(t *testing.T, c fleet.Coordinator) {
		for _, one := range calls {
			must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
			for range 2 {
				err := one.call(t.Context(), c)
				var conflict *fleet.ConflictError
				if err != nil && !(errors.As(err, &conflict) && one.method == "Swap") {
					t.Errorf("%s: %v", one.method, err)
				}
			}
		}
	}},
}

// everything returns what is in the store, but for what the clock alone changes.
func everything(t testing.TB, c fleet.Coordinator) []any {
	t.Helper()
	all, _ := list(t, c, "")
	all.Now = time.Time{}
	for i := range all.Instances {
		all.Instances[i].ExpiresIn = 0
	}
	return []any{all, must[[]fleet.Entry](t)(c.Log(t.Context(), 100)),
		must[[]fleet.InstanceReport](t)(c.Reports(t.Context(), time.Time{}))}
}
