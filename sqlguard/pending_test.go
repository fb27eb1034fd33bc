package sqlguard_test

import (
	"context"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestWhatIsPendingIsWhatDrainWouldWaitFor(t *testing.T) {
	var told drains
	g := newGuard(t, sqlguard.Config{Observer: &told})
	c := openTx(g)
	defer c.Detach()
	if p := g.Pending(); len(p.Open) != 1 || !p.Open[0].Transaction || p.Open[0].Age > time.Minute {
		t.Errorf("with the mode off, pending is %+v", p)
	}
	if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	if p := g.Pending(); len(p.Open) != 1 || !p.Open[0].AtLeast || p.Waited != 1 {
		t.Errorf("in read-only mode, pending is %+v", p)
	}
	c.End()
	if p := g.Pending(); len(p.Open) != 0 || p.Waited != 0 {
		t.Errorf("at its end, pending is %+v", p)
	}
	if told != 0 {
		t.Error("the observer was told of draining")
	}
}

// drains counts how often it is told of draining.
type drains int

func (n *drains) Observe(_ context.Context, e sqlguard.Event) {
	if e.Kind == sqlguard.Drained {
		*n++
	}
}
