package sqlguard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

var closed = sqlguard.Change{Mode: sqlguard.ReadOnly}

// draining is a drain that runs by itself.
type draining struct {
	report sqlguard.DrainReport
	err    error
	done   bool
}

// drain drains in a goroutine of the bubble.
func drain(ctx context.Context, g *sqlguard.Guard) *draining {
	d := &draining{}
	go func() {
		d.report, d.err = g.Drain(ctx)
		d.done = true
	}()
	synctest.Wait()
	return d
}

// until demands that it waits still, and has an end after do.
func (d *draining) until(t *testing.T, what string, do func()) {
	t.Helper()
	if d.done {
		t.Fatalf("it did not wait until %s: %v, %v", what, d.report, d.err)
	}
	do()
	synctest.Wait()
	if !d.done || d.err != nil {
		t.Fatalf("it waits after %s (%v)", what, d.err)
	}
}

// bubble runs a test in which time passes when everybody waits.
func bubble(t *testing.T, cfg sqlguard.Config, test func(*testing.T, *sqlguard.Guard)) {
	synctest.Test(t, func(t *testing.T) { test(t, newGuard(t, cfg)) })
}

func TestWhatDrainWaitsFor(t *testing.T) {
	const nobody = "" // it returns at once
	for _, tt := range []struct{ name, before, after, until string }{
		{"nothing, where nothing is open", "", "", nobody},
		{"a statement", "INSERT a", "", "leave"},
		{"the last of two statements", "INSERT a; INSERT b", "leave", "leave"},
		{"a transaction", "begin; INSERT a; leave", "", "end"},
		{"a commit", "begin; committing", "", "committed"},
		{"the commit of a transaction", "begin; INSERT a; leave", "committing", "committed"},
		{"rows that outlive their transaction", "begin; INSERT a; end", "", "leave"},
		{"a transaction that a text began in observe mode", "observe; BEGIN; began; leave", "", "end"},
		{"a statement that began in observe mode", "observe; INSERT a", "", "leave"},
		{"a transaction that a text begins which was let through before", "observe; BEGIN", "began; leave", "end"},
		{"the closing of its connection", "begin; INSERT a; leave", "", "detach"},
		{"a transaction, not for what follows it", "begin", "end; begin", nobody},
		{"not for a transaction that began when writing was closed", "", "begin", nobody},
		{"not for a text's that began when writing was closed", "", "BEGIN; began; leave", nobody},
		{"not for a read that was left early", "SELECT a; leave", "", nobody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
				c := attach(t, g)
				before, observe := strings.CutPrefix(tt.before, "observe; ")
				if observe {
					hold(t, g, "test", sqlguard.Change{Mode: sqlguard.Observe})
				}
				mark(t, c, before)
				hold(t, g, "test", closed)
				if tt.until == nobody {
					mark(t, c, tt.after)
					if report, err := g.Drain(over()); err != nil {
						t.Errorf("it waits for %s", state(report))
					}
					return
				}
				d := drain(t.Context(), g)
				mark(t, c, tt.after)
				synctest.Wait()
				d.until(t, tt.until, func() { mark(t, c, tt.until) })
				if d.report.Waited != 1 || len(d.report.Open) != 0 {
					t.Errorf("the report is %+v", d.report)
				}
			})
		})
	}
}

func TestDrainDoesNotWaitForWhatBeganAfterIt(t *testing.T) {
	bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
		old, young := attach(t, g), attach(t, g)
		mark(t, old, "INSERT a")
		hold(t, g, "test", closed)
		d := drain(t.Context(), g)
		mark(t, young, "SELECT b")
		d.until(t, "the statement before it was left", func() { mark(t, old, "leave; SELECT c") })
	})
}

func TestDrainWaitsForManyConnections(t *testing.T) {
	bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
		var conns []*sqlguard.Conn
		for i := range 60 {
			c := attach(t, g)
			mark(t, c, []string{"INSERT a", "begin; INSERT a; leave", "SELECT a; leave"}[i%3])
			conns = append(conns, c)
		}
		hold(t, g, "test", closed)
		d := drain(t.Context(), g)
		for i, c := range conns[:57] {
			mark(t, c, []string{"leave", "committing; committed", ""}[i%3])
			synctest.Wait()
		}
		mark(t, conns[57], "leave")
		d.until(t, "the last transaction was ended", func() { mark(t, conns[58], "end") })
		if d.report.Waited != 40 {
			t.Errorf("40 were open, but it waited for %d", d.report.Waited)
		}
	})
}

func TestAnUnknownOutcomeIsWaitedForUntilItIsOlderThanTheTail(t *testing.T) {
	for _, tt := range []struct {
		name  string
		tail  time.Duration
		again time.Duration // when a second statement is lost, if that is not 0
		took  time.Duration
	}{
		{"the default", 0, 0, sqlguard.DefaultTail},
		{"one of the configuration's own", time.Minute, 0, time.Minute},
		{"a second one during the wait makes it longer", time.Minute, 20 * time.Second, 80 * time.Second},
		{"a negative one is no wait", -1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{Tail: tt.tail}, func(t *testing.T, g *sqlguard.Guard) {
				c := attach(t, g)
				hold(t, g, "test", closed)
				mark(t, c, "SELECT a; lost")
				if tt.again > 0 {
					go func() {
						time.Sleep(tt.again) // the bubble's time: the event that Drain must notice
						mark(t, c, "SELECT b; lost")
					}()
				}
				report, err := g.Drain(t.Context())
				if err != nil || report.Took != tt.took {
					t.Errorf("it took %s, want %s (%v)", report.Took, tt.took, err)
				}
				if tt.tail >= 0 && len(report.Unknown) == 0 {
					t.Errorf("an unknown outcome is not reported: %+v", report)
				}
			})
		})
	}
}

func TestAnOutcomeThatBecameUnknownBeforeWritingWasClosedIsWaitedForToo(t *testing.T) {
	bubble(t, sqlguard.Config{Tail: time.Minute}, func(t *testing.T, g *sqlguard.Guard) {
		c := attach(t, g)
		mark(t, c, "INSERT old; lost")
		time.Sleep(50 * time.Second)
		mark(t, c, "INSERT a; lost")
		time.Sleep(20 * time.Second)
		hold(t, g, "test", closed)
		report, err := g.Drain(t.Context())
		if err != nil || report.Took != 40*time.Second || report.Waited != 1 {
			t.Errorf("it waited for %d and took %s, want 40s for 1 (%v)", report.Waited, report.Took, err)
		}
		time.Sleep(time.Nanosecond)
		if report, err = g.Drain(t.Context()); err != nil || report.Took != 0 || report.Waited != 0 {
			t.Errorf("a second drain waited for %d and took %s (%v)", report.Waited, report.Took, err)
		}
	})
}

func TestDrainSaysWhatIsOpenWhenItsContextEnds(t *testing.T) {
	secret := "'a visitor''s name'"
	var log eventLog
	var lines bytes.Buffer
	slogged := sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: slog.New(slog.NewTextHandler(&lines, nil)), Every: -1})
	bubble(t, sqlguard.Config{Observer: sqlguard.Observers(&log, slogged)}, func(t *testing.T, g *sqlguard.Guard) {
		enter := func(c *sqlguard.Conn, text, label string) {
			c.Enter(sqlguard.WithLabel(t.Context(), label), text)
			v := verbs{}.Classify(text)
			c.Decide(t.Context(), &v)
		}
		unseen, young, old, lost := attach(t, g), attach(t, g), attach(t, g), attach(t, g)
		unseen.Begin(sqlguard.WithLabel(t.Context(), "nightly job")) // while the mode is off
		hold(t, g, "test", sqlguard.Change{Mode: sqlguard.Observe})
		old.Begin(t.Context())
		time.Sleep(time.Hour)
		enter(old, "UPDATE orders SET name = "+secret, "GET /orders")
		old.Stamp()
		old.Leave()
		time.Sleep(time.Minute)
		enter(young, "INSERT carts VALUES ("+secret+")", "POST /cart")
		young.Stamp()
		time.Sleep(time.Second)
		hold(t, g, "test", closed)
		enter(lost, "SELECT "+secret, "GET /name")
		lost.Lost()
		time.Sleep(time.Second)
		enter(unseen, "SELECT "+secret, "") // a statement is younger than its transaction
		unseen.Stamp()
		time.Sleep(time.Second)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		report, err := g.Drain(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sqlguard.ErrNotClosed) {
			t.Errorf("the error is %v", err)
		}
		if want := (sqlguard.DrainReport{Epoch: 2, Waited: 4, Took: time.Second}); report.Epoch != want.Epoch || report.Waited != want.Waited || report.Took != want.Took {
			t.Errorf("the report is %+v, want %+v", report, want)
		}
		var got []string
		for _, w := range append(report.Open, report.Unknown...) {
			got = append(got, fmt.Sprintf("%s at least=%v running=%v %s %s %s", w.Age, w.AtLeast, w.Running, w.Dialect, w.Class, w))
		}
		want := []string{
			"1h1m4s at least=false running=false verbs write transaction, last UPDATE (orders), GET /orders",
			"4s at least=false running=true verbs write statement, INSERT (carts), POST /cart",
			"3s at least=true running=true verbs read transaction, last SELECT",
			"3s at least=false running=false verbs read statement, SELECT, GET /name",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("open is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		wantText := "sqlguard: drain: of 4 statements and transactions 3 are still open after 1s, the oldest for 1h1m4s " +
			"(transaction, last UPDATE (orders), GET /orders); the outcome of 1 is unknown: context deadline exceeded"
		if err.Error() != wantText {
			t.Errorf("the error says %q\nwant %q", err, wantText)
		}
		asJSON, jsonErr := json.Marshal(report)
		if jsonErr != nil || !bytes.Contains(asJSON, []byte(`"op":"UPDATE"`)) {
			t.Errorf("as JSON it is %s (%v)", asJSON, jsonErr)
		}
		for where, text := range map[string]string{"error": err.Error(), "JSON": string(asJSON), "log": lines.String(), "event": fmt.Sprintf("%+v", log.events)} {
			if strings.Contains(text, "visitor") {
				t.Errorf("the %s holds a text's literal: %s", where, text)
			}
		}
		last := log.events[len(log.events)-1]
		if last.Kind != sqlguard.Drained || last.Mode != sqlguard.ReadOnly || last.Epoch != 2 || last.Drain.Waited != 4 {
			t.Errorf("the observer was told %+v", last)
		}
		if !strings.Contains(lines.String(), `level=INFO msg="quiesce: drained" epoch=2 waited=4 took=1s open=3 unknown=1`) {
			t.Errorf("the log is %s", lines.String())
		}

		mark(t, unseen, "leave; end")
		mark(t, old, "end")
		mark(t, young, "leave")
		if report, err := g.Drain(t.Context()); err != nil || report.Took != 2*time.Second || report.Waited != 1 {
			t.Errorf("a drain after a failed one waited for %d and took %s (%v)", report.Waited, report.Took, err)
		}
	})
}

func TestATransactionWithoutAStatementIsReportedUnderItsOwnLabel(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	c := attach(t, g)
	c.Begin(sqlguard.WithLabel(t.Context(), "nightly job"))
	hold(t, g, "test", closed)
	report, _ := g.Drain(over())
	if got := state(report); got != "transaction, last BEGIN, nightly job" {
		t.Errorf("open is %q", got)
	}
}

func TestDrainFailsWhereWritingIsNotClosed(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
		var log eventLog
		g := newGuard(t, sqlguard.Config{})
		hold(t, g, "test", sqlguard.Change{Mode: mode})
		g.SetObserver(&log)
		report, err := g.Drain(t.Context())
		if !errors.Is(err, sqlguard.ErrNotClosed) || !strings.Contains(err.Error(), mode.String()) || report.Epoch != 1 {
			t.Errorf("in mode %s the error is %v, the report %+v", mode, err, report)
		}
		if err := g.Cut(); !errors.Is(err, sqlguard.ErrNotClosed) || !strings.Contains(err.Error(), mode.String()) {
			t.Errorf("in mode %s the error of Cut is %v", mode, err)
		}
		if g.State().Epoch != 1 || len(log.events) != 0 {
			t.Errorf("in mode %s something was changed or told: %+v", mode, log.events)
		}
	}
}

func TestDrainFailsWhenWritingIsOpenedMeanwhile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		during func(*testing.T, *sqlguard.Guard)
		fails  bool
	}{
		{"the hold is released", func(_ *testing.T, g *sqlguard.Guard) { g.Release("test") }, true},
		{"the mode becomes observe", func(t *testing.T, g *sqlguard.Guard) {
			hold(t, g, "test", sqlguard.Change{Mode: sqlguard.Observe})
		}, true},
		{"writing is opened, and closed again before anybody looks", func(t *testing.T, g *sqlguard.Guard) {
			g.Release("test")
			hold(t, g, "test", closed)
		}, true},
		{"writing is observed, and closed again", func(t *testing.T, g *sqlguard.Guard) {
			hold(t, g, "test", sqlguard.Change{Mode: sqlguard.Observe})
			hold(t, g, "test", closed)
		}, true},
		{"another holder closes it too", func(t *testing.T, g *sqlguard.Guard) { hold(t, g, "another", closed) }, false},
		{"another holder takes over", func(t *testing.T, g *sqlguard.Guard) {
			hold(t, g, "another", closed)
			g.Release("test")
		}, false},
		{"the hold says something else", func(t *testing.T, g *sqlguard.Guard) {
			hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "soon", Anonymous: true})
		}, false},
		{"another holder observes", func(t *testing.T, g *sqlguard.Guard) {
			hold(t, g, "another", sqlguard.Change{Mode: sqlguard.Observe})
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
				c := attach(t, g)
				mark(t, c, "INSERT a")
				hold(t, g, "test", closed)
				d := drain(t.Context(), g)
				tt.during(t, g)
				synctest.Wait()
				if !tt.fails {
					d.until(t, "the statement was left", func() { mark(t, c, "leave") })
					return
				}
				if !d.done || !errors.Is(d.err, sqlguard.ErrNotClosed) {
					t.Fatalf("the error is %v", d.err)
				}
				if len(d.report.Open) != 1 {
					t.Errorf("the report is %+v", d.report)
				}
				mark(t, c, "leave")
			})
		})
	}
}

func TestWhatIsOpenIsWaitedForInTheModeThatFollows(t *testing.T) {
	for _, tt := range []struct {
		name  string
		modes []sqlguard.Mode
	}{
		{"observe, read-only", []sqlguard.Mode{sqlguard.Observe, sqlguard.ReadOnly}},
		{"read-only, observe, read-only", []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.Observe, sqlguard.ReadOnly}},
		{"read-only, off, read-only", []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.Off, sqlguard.ReadOnly}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
				var conns []*sqlguard.Conn
				for _, mode := range tt.modes { // a transaction is begun in each of them
					hold(t, g, "test", sqlguard.Change{Mode: mode})
					c := attach(t, g)
					mark(t, c, "BEGIN; began; leave")
					conns = append(conns, c)
				}
				d := drain(t.Context(), g)
				for _, c := range conns[:len(conns)-2] {
					mark(t, c, "end")
					synctest.Wait()
				}
				d.until(t, "the last one from before was ended", func() { mark(t, conns[len(conns)-2], "end") })
				if d.report.Waited != len(conns)-1 {
					t.Errorf("it waited for %d", d.report.Waited)
				}
			})
		})
	}
}

func TestSeveralDrainAtOnce(t *testing.T) {
	bubble(t, sqlguard.Config{}, func(t *testing.T, g *sqlguard.Guard) {
		c := attach(t, g)
		mark(t, c, "begin; INSERT a")
		hold(t, g, "test", closed)
		ctx, cancel := context.WithCancel(t.Context())
		var waits []*draining
		for range 8 {
			waits = append(waits, drain(t.Context(), g))
		}
		impatient := drain(ctx, g)
		cancel()
		synctest.Wait()
		if !impatient.done || !errors.Is(impatient.err, context.Canceled) || state(impatient.report) != "running transaction, last INSERT (a)" {
			t.Errorf("the impatient one says %v", impatient.err)
		}
		mark(t, c, "leave; committing")
		synctest.Wait()
		for _, d := range waits {
			if d.done {
				t.Fatalf("one did not wait: %v", d.err)
			}
		}
		mark(t, c, "committed")
		synctest.Wait()
		for _, d := range waits {
			if !d.done || d.err != nil || d.report.Waited != 1 {
				t.Errorf("one says %v, %+v", d.err, d.report)
			}
		}
	})
}

func TestADrainWhoseContextHasEndedSucceedsWhereNothingIsOpen(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	hold(t, g, "test", closed)
	report, err := g.Drain(over())
	if err != nil || report.Waited != 0 || report.Epoch != 1 {
		t.Errorf("it says %v, %+v", err, report)
	}
	if got := report.String(); !strings.HasPrefix(got, "0 statements and transactions were waited for, and all are over after") {
		t.Errorf("in words: %q", got)
	}
}
