package sqlguard

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"
)

// anything is a dialect that takes every text for a write.
type anything struct{}

func (anything) Name() string            { return "anything" }
func (anything) Classify(string) Verdict { return Verdict{Class: Write, Op: OpInsert} }

func attached(t *testing.T, cfg Config) (*Guard, *Conn) {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := &Conn{}
	g.Attach(c, anything{})
	return g, c
}

// Drain may have read the marks before this one was set. So if somebody flips while a transaction is
// marked, it is one of those that began afterwards: it gets no grace.
func TestATransactionThatIsMarkedDuringTheFlipBeganAfterIt(t *testing.T) {
	g, c := attached(t, Config{})
	c.word.Store(bitAsked) // so that the mark is set, and then waits for who inspects it
	c.inspecting.Lock()
	var begun sync.WaitGroup
	begun.Go(func() { c.Begin(context.Background()) })
	for c.word.Load()&bitTx == 0 {
		runtime.Gosched()
	}
	if err := g.Hold("test", Change{Mode: ReadOnly, Grace: time.Hour}); err != nil {
		t.Fatal(err)
	}
	c.inspecting.Unlock()
	begun.Wait()
	v := Verdict{Class: Write, Op: OpInsert}
	if d, _ := c.Decide(context.Background(), &v); d != Refuse || !c.InTx() {
		t.Error("it is taken for one that began before the flip")
	}
}

// large is what the context of a request may carry.
type large struct{ _ [1 << 20]byte }

type largeKey struct{}

func TestTheContextIsNotKeptLongerThanTheMark(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  func(c *Conn, ctx context.Context)
	}{
		{"of a statement", func(c *Conn, ctx context.Context) { c.Enter(ctx, "a"); c.Leave() }},
		{"of a statement that was stamped", func(c *Conn, ctx context.Context) { c.Enter(ctx, "a"); c.Stamp(); c.Leave() }},
		{"of two statements", func(c *Conn, ctx context.Context) {
			c.Enter(ctx, "a")
			c.Enter(ctx, "b")
			c.Leave()
			c.Leave()
		}},
		{"of a statement that was lost", func(c *Conn, ctx context.Context) {
			c.Enter(WithLabel(ctx, "label"), "a")
			c.Lost()
		}},
		{"of a transaction", func(c *Conn, ctx context.Context) { c.Begin(ctx); c.End() }},
		{"of a transaction's statements", func(c *Conn, ctx context.Context) {
			c.Begin(ctx)
			for range 3 {
				c.Enter(ctx, "a")
				c.Stamp()
				c.Leave()
			}
			c.End()
		}},
		{"of a commit", func(c *Conn, ctx context.Context) { c.Begin(ctx); c.Committing(); c.Committed() }},
		{"of rows that outlived their transaction", func(c *Conn, ctx context.Context) {
			c.Begin(ctx)
			c.Enter(ctx, "a")
			c.Committing()
			c.Committed()
			c.Leave()
		}},
		{"of what was open when the connection was closed", func(c *Conn, ctx context.Context) {
			c.Begin(ctx)
			c.Enter(ctx, "a")
			c.Detach()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, c := attached(t, Config{})
			value := new(large)
			kept := weak.Make(value)
			tt.use(c, context.WithValue(context.Background(), largeKey{}, value))
			value = nil
			runtime.GC()
			if kept.Value() != nil {
				t.Error("it is kept")
			}
			runtime.KeepAlive(g)
			runtime.KeepAlive(c)
		})
	}
}

func TestTheMemoryOfUnknownOutcomesIsBounded(t *testing.T) {
	g, c := attached(t, Config{})
	long := strings.Repeat("x", maxKept+1)
	for i := range 3*len(g.unknown.seen) + 1 {
		text := "INSERT"
		if i%2 == 1 {
			text = long
		}
		c.Enter(WithLabel(context.Background(), "job"), text)
		c.Lost()
	}
	for _, seen := range g.unknown.seen {
		if len(seen.text) > maxKept {
			t.Fatalf("a text of %d bytes is kept", len(seen.text))
		}
	}
	if err := g.Hold("test", Change{Mode: ReadOnly}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, err := g.Drain(ctx)
	if err == nil || len(report.Unknown) != len(g.unknown.seen) {
		t.Errorf("%d unknown outcomes are reported (%v), want the last %d", len(report.Unknown), err, len(g.unknown.seen))
	}
	for _, w := range report.Unknown {
		if w.Class != Write || w.Label != "job" || w.Transaction {
			t.Fatalf("one is reported as %+v", w)
		}
	}
}

func TestATextThatIsTooLongToKeepIsReportedAsNotUnderstood(t *testing.T) {
	g, c := attached(t, Config{})
	c.Begin(context.Background())
	c.Enter(WithLabel(context.Background(), "load"), strings.Repeat("x", maxKept+1))
	c.Lost()
	c.End()
	if err := g.Hold("test", Change{Mode: ReadOnly}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, _ := g.Drain(ctx)
	if len(report.Unknown) != 1 || report.Unknown[0].String() != "transaction, last UNKNOWN, load" {
		t.Errorf("the report is %+v", report)
	}
}

func TestManyConnectionsLeaveNothingBehind(t *testing.T) {
	g, c := attached(t, Config{})
	for range 1000 {
		c := &Conn{}
		g.Attach(c, anything{})
		c.Enter(context.Background(), "a")
		c.Leave()
		c.Detach()
	}
	c.Detach()
	if n := len(g.conns.all); n != 0 {
		t.Errorf("%d closed connections are kept", n)
	}
	if err := g.Hold("test", Change{Mode: ReadOnly}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := g.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(g.conns.waiting) + len(g.flip.subscribers); n != 0 {
		t.Errorf("%d drains that are over are told of changes still", n)
	}
}
