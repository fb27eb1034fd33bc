package sqlguard_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestCutEndsTheWaitForTransactionsInWhichNothingRuns(t *testing.T) {
	for _, tt := range []struct{ name, marks, until string }{
		{"one in which nothing runs", "begin; INSERT a; leave", ""},
		{"one that a text began", "BEGIN; began; leave", ""},
		{"not one whose statement runs", "begin; INSERT a", "leave"},
		{"not one that commits already", "begin; committing", "committed"},
		{"not a statement outside of one", "INSERT a", "leave"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
				c := attach(t, g)
				hold(t, g, "test", sqlguard.Change{Mode: sqlguard.Observe})
				mark(t, c, tt.marks)
				hold(t, g, "test", closed)
				d := drain(t.Context(), g)
				cut := func() {
					if err := g.Cut(); err != nil {
						t.Fatal(err)
					}
				}
				if tt.until == "" {
					d.until(t, "Cut", cut)
					return
				}
				cut()
				synctest.Wait()
				d.until(t, tt.until, func() { mark(t, c, tt.until) })
			})
		})
	}
}

func TestATransactionThatIsOpenAtACutStaysCut(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	c, later := attach(t, g), attach(t, g)
	mark(t, c, "begin")
	hold(t, g, "test", closed)
	for range 2 { // a second one changes nothing for it
		if err := g.Cut(); err != nil {
			t.Fatal(err)
		}
		if !c.Cut() {
			t.Fatal("it is not cut")
		}
	}
	if epoch := g.State().Epoch; epoch != 3 {
		t.Errorf("the epoch is %d: each Cut is a change of the state", epoch)
	}
	mark(t, later, "begin")
	g.Release("test")
	if !c.Cut() || c.Off() {
		t.Error("it is not cut any more, when the mode is off")
	}
	if later.Cut() || !later.Off() {
		t.Error("one that began after it is cut too")
	}
	mark(t, c, "end; begin")
	if c.Cut() || !c.Off() {
		t.Error("the next one on its connection is cut too")
	}
}

func TestACutWithNothingOpenChangesNothingForOthers(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	c := attach(t, g)
	hold(t, g, "test", closed)
	if err := g.Cut(); err != nil {
		t.Fatal(err)
	}
	if report, err := g.Drain(t.Context()); err != nil || report.Waited != 0 {
		t.Errorf("Drain says %v, %+v", err, report)
	}
	g.Release("test")
	mark(t, c, "INSERT a; leave; begin")
	if c.Cut() || !c.Off() {
		t.Error("what began later is cut")
	}
}

func TestWhatMayWriteUnderGrace(t *testing.T) {
	const grace = time.Minute
	closedWith := func(d time.Duration) sqlguard.Change {
		return sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: d}
	}
	type holds []sqlguard.Change
	for _, tt := range []struct {
		name  string
		holds holds
		marks string // before the flip
		later string // after it
		after time.Duration
		text  string
		want  sqlguard.Decision
	}{
		{"a transaction that was open", holds{closedWith(grace)}, "begin", "", 0, "INSERT a", sqlguard.Pass},
		{"one that a text began in observe mode", holds{closedWith(grace)}, "BEGIN; began; leave", "", 0, "INSERT a", sqlguard.Pass},
		{"until the deadline", holds{closedWith(grace)}, "begin", "", grace - 1, "INSERT a", sqlguard.Pass},
		{"not from the deadline on", holds{closedWith(grace)}, "begin", "", grace, "INSERT a", sqlguard.Refuse},
		{"not without grace", holds{closedWith(0)}, "begin", "", 0, "INSERT a", sqlguard.Refuse},
		{"not a statement outside of a transaction", holds{closedWith(grace)}, "INSERT a; leave", "", 0, "INSERT a", sqlguard.Refuse},
		{"not the next transaction", holds{closedWith(grace)}, "begin", "end; begin", 0, "INSERT a", sqlguard.Refuse},
		{"not one that began when writing was closed", holds{closedWith(grace)}, "", "BEGIN; began; leave", 0, "INSERT a", sqlguard.Refuse},
		{"of two holders the shorter one counts", holds{closedWith(time.Hour), closedWith(grace)}, "begin", "", grace, "INSERT a", sqlguard.Refuse},
		{"of two holders one may give none", holds{closedWith(time.Hour), closedWith(0)}, "begin", "", 0, "INSERT a", sqlguard.Refuse},
		{"a holder who observes has no say", holds{closedWith(grace), {Mode: sqlguard.Observe}}, "begin", "", 0, "INSERT a", sqlguard.Pass},
		{"not what would lift a read-only setting", holds{closedWith(grace)}, "begin", "", 0, "ESCAPE", sqlguard.Refuse},
		{"not what commits in passing", holds{closedWith(grace)}, "begin", "", 0, "CREATE a", sqlguard.Refuse},
		{"a read passes after it too", holds{closedWith(grace)}, "begin", "", grace, "SELECT a", sqlguard.Pass},
		{"a commit passes after it too", holds{closedWith(grace)}, "begin", "", grace, "COMMIT", sqlguard.Pass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
				c := attach(t, g)
				hold(t, g, "observer", sqlguard.Change{Mode: sqlguard.Observe})
				mark(t, c, tt.marks)
				for i, change := range tt.holds {
					hold(t, g, string(rune('a'+i)), change)
				}
				mark(t, c, tt.later)
				time.Sleep(tt.after)
				c.Enter(t.Context(), tt.text)
				v := verbs{}.Classify(tt.text)
				refuses := c.RefusesWrites(t.Context())
				if got, err := c.Decide(t.Context(), &v); got != tt.want || (err == nil) != (tt.want == sqlguard.Pass) {
					t.Errorf("the decision is %d, want %d (%v)", got, tt.want, err)
				}
				if v.Class == sqlguard.Write && refuses != (tt.want == sqlguard.Refuse) {
					t.Errorf("it reports that every write is refused: %v", refuses)
				}
			})
		})
	}
}

func TestWhatIsGracedIsToldAndCounted(t *testing.T) {
	var log eventLog
	g := newGuard(t, sqlguard.Config{})
	c := attach(t, g)
	mark(t, c, "begin")
	hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: time.Hour})
	g.SetObserver(&log)
	mark(t, c, "INSERT a; leave; SELECT b; leave")
	if n := g.Counts().Graced; n != 1 || strings.Join(log.kinds(), " ") != "graced" {
		t.Fatalf("%d were counted, and told %v; want one write", n, log.kinds())
	}
	e := log.events[0]
	if e.Would != sqlguard.Refuse || e.Op != "INSERT" || e.Tables[0].Name != "a" || e.Mode != sqlguard.ReadOnly || e.Dialect != "verbs" {
		t.Errorf("it was told %+v", e)
	}
	if err := g.Cut(); err != nil {
		t.Fatal(err)
	}
	v := verbs{}.Classify("INSERT a")
	if d, _ := c.Decide(t.Context(), &v); d != sqlguard.Refuse {
		t.Error("there is grace after Cut")
	}
}

func TestTheStateSaysUntilWhenThereIsGrace(t *testing.T) {
	bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
		hold(t, g, "observer", sqlguard.Change{Mode: sqlguard.Observe, Grace: time.Hour})
		if until := g.State().GraceUntil; !until.IsZero() {
			t.Errorf("in observe mode it is %s", until)
		}
		flip := time.Now()
		hold(t, g, "a", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: time.Hour})
		time.Sleep(time.Minute)
		hold(t, g, "b", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: 10 * time.Minute})
		if until := g.State().GraceUntil; !until.Equal(flip.Add(10 * time.Minute)) {
			t.Errorf("it is %s, want ten minutes from the flip at %s", until, flip)
		}
		if err := g.Hold("c", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: -1}); err == nil || !strings.Contains(err.Error(), "Change.Grace") {
			t.Errorf("a negative one is held: %v", err)
		}
	})
}
