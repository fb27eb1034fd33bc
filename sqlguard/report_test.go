package sqlguard_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// sqliteNamed is a dialect that knows nothing but its name.
type sqliteNamed struct{}

func (sqliteNamed) Name() string                     { return "sqlite" }
func (sqliteNamed) Classify(string) sqlguard.Verdict { return sqlguard.NotUnderstood("by a test") }

func observing(t testing.TB, policy sqlguard.Policy) *sqlguard.Guard {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Config{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	change(t, g, sqlguard.Observe)
	return g
}

func change(t testing.TB, g *sqlguard.Guard, mode sqlguard.Mode) {
	t.Helper()
	if err := g.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
		t.Fatal(err)
	}
}

func attachNamed(t testing.TB, g *sqlguard.Guard) *sqlguard.Conn {
	var c sqlguard.Conn
	g.Attach(&c, sqliteNamed{})
	t.Cleanup(c.Detach)
	return &c
}

// run runs a statement as a guarded driver does.
func run(ctx context.Context, c *sqlguard.Conn, text string, v sqlguard.Verdict) {
	c.Enter(ctx, text)
	c.Decide(ctx, &v)
	c.Leave()
}

func TestTheReportTellsWhatReadOnlyModeWouldNotLetPass(t *testing.T) {
	request, cancel := context.WithCancel(context.Background())
	defer cancel()
	route := func(name string, reads bool) context.Context {
		return sqlguard.WithRoute(request, func() string { return name }, reads)
	}
	policy := sqlguard.Policy{Rules: []sqlguard.Rule{
		{Tables: []string{"hits"}, Action: sqlguard.Skip}, {Tables: []string{"outbox"}, Action: sqlguard.Allow},
	}}
	unproven := sqlguard.Verdict{Class: sqlguard.Unproven, Op: sqlguard.OpSelect, Calls: []string{"f"}, Complete: true}
	for _, tt := range []struct {
		says    string
		ctx     context.Context
		text    string
		verdict sqlguard.Verdict
		want    string // fingerprint, class, what would be done, label; empty if nothing is reported
		groups  []sqlguard.Group
	}{
		{"a write", request, "INSERT INTO t VALUES (1)", writes(sqlguard.OpInsert, "t"), "INSERT INTO t VALUES (?), write, refuse, ", nil},
		{"a write by a form", route("POST /t", false), "INSERT INTO t VALUES (1)", writes(sqlguard.OpInsert, "t"), "INSERT INTO t VALUES (?), write, refuse, POST /t", nil},
		{"a write by a page", route("GET /t", true), "INSERT INTO t VALUES (1)", writes(sqlguard.OpInsert, "t"), "INSERT INTO t VALUES (?), write, refuse, GET /t", []sqlguard.Group{sqlguard.GroupReadRoute}},
		{"by a page with a label of its own", sqlguard.WithLabel(route("GET /t", true), "hits"), "INSERT INTO t VALUES (1)", writes(sqlguard.OpInsert, "t"), "INSERT INTO t VALUES (?), write, refuse, hits", []sqlguard.Group{sqlguard.GroupReadRoute}},
		{"a row lock by a page", route("GET /t", true), "SELECT 1 FROM t FOR UPDATE", sqlguard.Verdict{Class: sqlguard.Lock, Op: sqlguard.OpLock, Tables: []sqlguard.Table{{Name: "t"}}}, "SELECT ? FROM t FOR UPDATE, lock, refuse, GET /t", []sqlguard.Group{sqlguard.GroupReadRoute}},
		{"a write without a context", context.Background(), "DELETE FROM t", writes(sqlguard.OpDelete, "t"), "DELETE FROM t, write, refuse, ", []sqlguard.Group{sqlguard.GroupNoContext}},
		{"or with one still to be made", context.TODO(), "DELETE FROM t", writes(sqlguard.OpDelete, "t"), "DELETE FROM t, write, refuse, ", []sqlguard.Group{sqlguard.GroupNoContext}},
		{"an unproven query", route("GET /t", true), "SELECT f(1)", unproven, "SELECT f(?), unproven, ask, GET /t", []sqlguard.Group{sqlguard.GroupUnproven}},
		{"what would be skipped", request, "INSERT INTO hits VALUES (1)", writes(sqlguard.OpInsert, "hits"), "INSERT INTO hits VALUES (?), write, drop, ", nil},
		{"a bypass by a page", sqlguard.WithBypass(route("GET /t", true), "repair"), "DELETE FROM t", writes(sqlguard.OpDelete, "t"), "DELETE FROM t, write, refuse (bypassed), GET /t", nil},
		{"what is not understood", request, "DELETE 'secret' 1", sqlguard.NotUnderstood("test"), "UNKNOWN #49d897aedb71d922, write, refuse, ", []sqlguard.Group{sqlguard.GroupNotUnderstood}},
		{"a text in which values may look like names", request, "DELETE FROM t WHERE a = 'secret", writes(sqlguard.OpDelete, "t"), "DELETE (t) #3d68a33a8756dabd, write, refuse, ", nil},
		{"a verdict without a text", request, "", writes(sqlguard.OpDelete, "t"), "DELETE (t), write, refuse, ", nil},
		{"an escape", request, "PRAGMA query_only = 0", sqlguard.Verdict{Class: sqlguard.Escape, Op: "PRAGMA"}, "PRAGMA query_only = ?, escape, refuse, ", nil},
		{"a read", context.Background(), "SELECT 1", class(sqlguard.Read), "", nil},
		{"a write that a rule allows", context.Background(), "INSERT INTO outbox VALUES (1)", writes(sqlguard.OpInsert, "outbox"), "", nil},
	} {
		t.Run(tt.says, func(t *testing.T) {
			g := observing(t, policy)
			c := attachNamed(t, g)
			run(tt.ctx, c, tt.text, tt.verdict)
			r := g.Report()
			if tt.want == "" {
				if len(r.Statements) != 0 {
					t.Errorf("reported: %+v", r.Statements)
				}
				return
			}
			if len(r.Statements) != 1 {
				t.Fatalf("%d statements, want 1", len(r.Statements))
			}
			s := r.Statements[0]
			would := s.Would.String()
			if s.Bypassed {
				would += " (bypassed)"
			}
			if got := fmt.Sprintf("%s, %s, %s, %s", s.Fingerprint, s.Class, would, s.Label); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !slices.Equal(s.Groups, tt.groups) {
				t.Errorf("groups %v, want %v", s.Groups, tt.groups)
			}
			for _, group := range []sqlguard.Group{sqlguard.GroupReadRoute, sqlguard.GroupNoContext, sqlguard.GroupUnproven, sqlguard.GroupNotUnderstood} {
				if got, want := len(r.In(group)) == 1, slices.Contains(tt.groups, group); got != want {
					t.Errorf("in %s: %t, want %t", group, got, want)
				}
			}
			if s.Count != 1 || s.Op != tt.verdict.Op || s.Why != tt.verdict.Why || len(s.Tables) != len(tt.verdict.Tables) || s.Dialect != "sqlite" {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestStatementsThatDifferInValuesAloneAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := observing(t, sqlguard.Policy{})
		c := attachNamed(t, g)
		began := time.Now()
		ctx := sqlguard.WithLabel(t.Context(), "job")
		for i := range 10 {
			run(ctx, c, fmt.Sprintf("UPDATE t SET a = %d WHERE b IN (%s1)", i%5, strings.Repeat("1, ", i)), writes(sqlguard.OpUpdate, "t"))
			time.Sleep(time.Second)
		}
		run(context.Background(), c, "UPDATE t SET a = 1 WHERE b IN (1)", writes(sqlguard.OpUpdate, "t"))
		r := g.Report()
		if len(r.Statements) != 2 || r.Dropped != 0 || !r.Observing || !r.Since.Equal(began) {
			t.Fatalf("got %+v", r)
		}
		s := r.Statements[0]
		if s.Count != 10 || s.NoContext != 0 || s.Label != "job" || !s.First.Equal(began) || !s.Last.Equal(began.Add(9*time.Second)) {
			t.Errorf("with a label: %+v", s)
		}
		if s := r.Statements[1]; s.Count != 1 || s.NoContext != 1 || s.Label != "" {
			t.Errorf("without: %+v", s)
		}
	})
}

func TestWhatIsNotUnderstoodIsOneByWhatCannotBeAValue(t *testing.T) {
	g := observing(t, sqlguard.Policy{})
	c := attachNamed(t, g)
	for _, text := range []string{"DELETE 'secret' 1", "DELETE 'hidden'  /* by hand */ 2", "DELETE FROM 'secret' 1"} {
		run(t.Context(), c, text, sqlguard.NotUnderstood("test"))
	}
	s := g.Report().Statements
	if len(s) != 2 || s[0].Count != 2 || s[1].Count != 1 || s[0].Fingerprint == s[1].Fingerprint {
		t.Errorf("got %+v", s)
	}
}

func TestAStatementInATransactionHasItsLabel(t *testing.T) {
	g := observing(t, sqlguard.Policy{})
	c := attachNamed(t, g)
	c.Begin(sqlguard.WithRoute(t.Context(), func() string { return "GET /t" }, true))
	run(context.Background(), c, "DELETE FROM t", writes(sqlguard.OpDelete, "t"))
	c.End()
	s := g.Report().Statements
	if len(s) != 1 || s[0].Label != "GET /t" || !s[0].ReadRoute || s[0].NoContext != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestTheReportIsKeptUntilObservingBeginsAnew(t *testing.T) {
	for _, tt := range []struct {
		says  string
		modes []sqlguard.Mode
		kept  bool
	}{
		{"still observing", nil, true},
		{"observing is over", []sqlguard.Mode{sqlguard.Off}, true},
		{"writing is closed", []sqlguard.Mode{sqlguard.ReadOnly}, true},
		{"observing goes on after writing was closed", []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.Observe}, true},
		{"observing begins anew", []sqlguard.Mode{sqlguard.Off, sqlguard.Observe}, false},
	} {
		g := observing(t, sqlguard.Policy{})
		c := attachNamed(t, g)
		run(t.Context(), c, "DELETE FROM t", writes(sqlguard.OpDelete, "t"))
		c.Begin(t.Context())
		run(t.Context(), c, "DELETE FROM t", writes(sqlguard.OpDelete, "t"))
		c.End()
		for _, mode := range tt.modes {
			change(t, g, mode)
		}
		r := g.Report()
		if kept := len(r.Statements) == 1 && len(r.Transactions) == 1; kept != tt.kept || r.Since.IsZero() {
			t.Errorf("%s: kept: %t, want %t; %+v", tt.says, kept, tt.kept, r)
		}
		if r.Observing != (g.Mode() == sqlguard.Observe) {
			t.Errorf("%s: observing: %t", tt.says, r.Observing)
		}
	}
}

func TestOnlyObserveModeReports(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly} {
		g, err := sqlguard.New(sqlguard.Config{})
		if err != nil {
			t.Fatal(err)
		}
		change(t, g, mode)
		c := attachNamed(t, g)
		c.Begin(t.Context())
		run(t.Context(), c, "DELETE FROM t", writes(sqlguard.OpDelete, "t"))
		if r := g.Report(); !reflect.DeepEqual(r, sqlguard.Report{Statements: []sqlguard.ObservedStatement{}, Transactions: []sqlguard.ObservedTransaction{}}) {
			t.Errorf("%s: an open transaction is reported: %+v", mode, r)
		}
		c.End()
		if r := g.Report(); len(r.Transactions) != 0 {
			t.Errorf("%s: reported: %+v", mode, r)
		}
	}
}

func TestTheReportComesBackFromJSON(t *testing.T) {
	g := observing(t, sqlguard.Policy{})
	c := attachNamed(t, g)
	c.Begin(t.Context())
	run(context.Background(), c, "SELECT f()", sqlguard.Verdict{Class: sqlguard.Unproven, Op: sqlguard.OpSelect, Why: "calls f"})
	run(t.Context(), c, "DELETE FROM t", writes(sqlguard.OpDelete, "t"))
	text, err := json.Marshal(g.Report())
	if err != nil {
		t.Fatal(err)
	}
	var r sqlguard.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(r)
	if err != nil || string(again) != string(text) {
		t.Errorf("%v\n%s\n%s", err, text, again)
	}
}

// Whatever is sent, what is kept is bounded.
func TestTheReportTakesBoundedMemory(t *testing.T) {
	g := observing(t, sqlguard.Policy{})
	c := attachNamed(t, g)
	const sent = 100_000
	long := strings.Repeat("x", 1000)
	wide := make([]sqlguard.Table, 100)
	for i := range wide {
		wide[i].Name = long
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range sent {
		text := fmt.Sprintf("UPDATE t%d SET a = '%s'", i, long)
		v := writes(sqlguard.OpUpdate, fmt.Sprintf("t%d_%s", i, long))
		if i < 2000 {
			v.Tables = append(v.Tables, wide...)
		}
		v.Why = fmt.Sprint(long, i)
		label := fmt.Sprint(i, long)
		if i < 1000 { // a short label, in the memory of a long text
			label = fmt.Sprint(i, strings.Repeat(long, 20))[:20]
		}
		ctx := sqlguard.WithLabel(t.Context(), label)
		c.Begin(ctx)
		run(ctx, c, text, v)
		c.End()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	r := g.Report()
	if len(r.Statements) != 1000 || r.Dropped != sent-1000 || len(r.Transactions) != 20 {
		t.Errorf("%d statements, %d dropped, %d transactions", len(r.Statements), r.Dropped, len(r.Transactions))
	}
	for _, s := range r.Statements {
		if len(s.Fingerprint) > 512 || len(s.Label) > 128 || len(s.Tables) > 8 || len(s.Tables[0].Name) > 128 || len(s.Why) > 256 || len(s.Caller) > 256 {
			t.Fatalf("too long: %+v", s)
		}
	}
	const most = 8 << 20
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > most {
		t.Errorf("%d bytes are kept, want at most %d", kept, most)
	}
}

// The race detector watches this.
func TestManyReportAtOnce(t *testing.T) {
	g := observing(t, sqlguard.Policy{})
	var all sync.WaitGroup
	const goroutines, each = 8, 500
	for n := range goroutines {
		all.Go(func() {
			c := attachNamed(t, g)
			for i := range each {
				ctx := sqlguard.WithLabel(t.Context(), fmt.Sprint("job ", n%4))
				c.Begin(ctx)
				run(ctx, c, fmt.Sprintf("UPDATE t%d SET a = %d", i%10, i), writes(sqlguard.OpUpdate, "t"))
				c.End()
				if i%50 == n {
					g.Report()
				}
			}
		})
	}
	all.Wait()
	r := g.Report()
	var count uint64
	for _, s := range r.Statements {
		count += s.Count
	}
	if len(r.Statements) != 40 || count != goroutines*each || r.Dropped != 0 || len(r.Transactions) != 4 {
		t.Errorf("%d statements, run %d times, %d dropped, %d transactions", len(r.Statements), count, r.Dropped, len(r.Transactions))
	}
}
