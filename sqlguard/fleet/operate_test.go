package fleet

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// operated runs a test in virtual time on a fleet of one process, with an operator.
func operated(t *testing.T, test func(j *joined, o *Operator)) {
	inFleet(t, func(j *joined) {
		j.conn.End()
		o, err := NewOperator(j.store, OperatorConfig{Actor: "kim"})
		if err != nil {
			j.t.Fatal(err)
		}
		test(j, o)
	})
}

// within returns a context that ends after a time.
func within(j *joined, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// last returns the last entry of the audit log.
func (w *wire) last() Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.entries) == 0 {
		return Entry{}
	}
	return w.entries[len(w.entries)-1]
}

var move = sqlguard.Change{Reason: "moving"}

func TestAnOperator(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(j *joined, o *Operator)
	}{
		{"closes, waits and opens", func(j *joined, o *Operator) {
			m, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil && m.State == Closed && m.Change.By == "kim" && m.Change.Reason == "moving")
			s, err := o.Wait(within(j, time.Minute), m, Terms{})
			j.want("it is quiet", err == nil && s.Instances[0].Drained == m.Epoch && !j.writes())
			m, err = o.Open(within(j, time.Minute), m.Epoch, "moved")
			j.want("it is open", err == nil && m.State == Open)
			j.settle()
			j.want("it writes", j.writes())
			j.want("all is on record", len(j.store.entries) == 3 && j.store.last().Action == "open" && j.store.last().Reason == "moved")
		}},
		{"does not close what is closed", func(j *joined, o *Operator) {
			m, _ := o.Close(within(j, time.Minute), 0, move, Terms{})
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			var conflict *ConflictError
			j.want("it is a conflict", errors.As(err, &conflict) && conflict.Current.same(m))
			j.want("the attempt is on record", j.store.last().Action == "arm" && strings.Contains(j.store.last().Result, "closed already"))
		}},
		{"does not close at another epoch than the one expected", func(j *joined, o *Operator) {
			_, err := o.Close(within(j, time.Minute), 99, move, Terms{})
			var conflict *ConflictError
			j.want("it is a conflict", errors.As(err, &conflict) && conflict.Expected == 99 && j.store.now().State == Open)
		}},
		{"does not close with too few processes", func(j *joined, o *Operator) {
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{MinInstances: 3})
			var incomplete *IncompleteError
			j.want("it is incomplete", errors.As(err, &incomplete) && incomplete.Assessment.Missing == 2)
			j.want("nothing was changed", j.store.now().Epoch == 1)
			j.want("the attempt is on record", strings.Contains(j.store.last().Result, "2 processes too few"))
		}},
		{"does not close with a process that is lost", func(j *joined, o *Operator) {
			j.store.register(Instance{ID: "web-2", Lease: "x", Service: "web", Protocol: Protocol, TTL: time.Second})
			time.Sleep(time.Minute)
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			var incomplete *IncompleteError
			j.want("it is incomplete", errors.As(err, &incomplete) && strings.Contains(err.Error(), "web-2 (silent for 1m0s"))
			j.want("nothing was changed", j.store.now().Epoch == 1)
		}},
		{"opens again when a process falls silent while it arms", func(j *joined, o *Operator) {
			j.store.register(Instance{ID: "web-2", Lease: "x", Service: "web", Protocol: Protocol, TTL: 10 * time.Second})
			m, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			var incomplete *IncompleteError
			j.want("it is incomplete", errors.As(err, &incomplete))
			j.want("it is open", m.State == Open && j.store.now().State == Open)
			j.settle()
			j.want("it writes", j.writes())
		}},
		{"opens again when its time is over while it arms", func(j *joined, o *Operator) {
			j.store.register(Instance{ID: "web-2", Lease: "x", Service: "web", Protocol: Protocol, TTL: time.Hour})
			_, err := o.Close(within(j, 20*time.Second), 0, move, Terms{})
			var late *WaitError
			j.want("it is late", errors.As(err, &late) && errors.Is(err, context.DeadlineExceeded))
			j.want("it names who", strings.Contains(err.Error(), "1 of 2 processes are ready; web-2 (has not answered yet)"))
			j.want("it is open", j.store.now().State == Open)
		}},
		{"says so when it cannot open again", func(j *joined, o *Operator) {
			j.store.register(Instance{ID: "web-2", Lease: "x", Service: "web", Protocol: Protocol, TTL: time.Hour})
			time.AfterFunc(5*time.Second, func() { j.store.fail(down) })
			_, err := o.Close(within(j, 20*time.Second), 0, move, Terms{})
			var failed *RollbackError
			j.want("it says so", errors.As(err, &failed) && failed.Left.State == Armed && errors.Is(err, errDown))
		}},
		{"takes a change for its own whose answer was lost", func(j *joined, o *Operator) {
			lost := func() error { return errDown }
			j.store.lose("Swap", lost)
			m, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil && m.State == Closed && j.store.now().same(m))
			j.store.lose("Swap", lost)
			m, err = o.Cut(within(j, time.Minute), m)
			j.want("it is cut", err == nil && m.Cut && j.store.now().same(m))
			j.store.lose("Swap", lost)
			m, err = o.Open(within(j, time.Minute), m.Epoch, "moved")
			j.want("it is open", err == nil && m.State == Open && j.store.now().same(m))
			j.want("all is on record", len(j.store.entries) == 4 && j.store.last().Result == "ok")
		}},
		{"is not overtaken by its own arming, which the store gets to late", func(j *joined, o *Operator) {
			from := j.store.now()
			late := errors.Join(context.DeadlineExceeded, errDown)
			var asked Mode
			j.store.fail(func(method string) error {
				if method != "Swap" || asked.Epoch != 0 {
					return nil
				}
				asked = from
				return late
			})
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it fails", errors.Is(err, errDown))
			_, err = j.store.swap(from.Epoch, armed)
			j.want("what comes late is refused", err != nil && j.store.now().State == Open)
		}},
		{"does not take another's change for its own", func(j *joined, o *Operator) {
			m, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil)
			j.store.fail(func(method string) error {
				if method != "Swap" || j.store.now().State == Open {
					return nil
				}
				j.store.set(j.t, Mode{State: Open, Change: sqlguard.Change{Reason: "mine", By: "another"}})
				return errDown
			})
			_, err = o.Open(within(j, time.Minute), m.Epoch, "moved")
			j.want("it fails", errors.Is(err, errDown))
		}},
		{"waits in vain for a transaction, and names it", func(j *joined, o *Operator) {
			j.conn.Begin(context.Background())
			m, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil)
			_, err = o.Wait(within(j, 30*time.Second), m, Terms{})
			j.want("it names it", errors.Is(err, context.DeadlineExceeded) && strings.Contains(err.Error(), "web-1 (1 open, the oldest for"))
			j.want("it is closed still", j.store.now().State == Closed)
			m, err = o.Cut(within(j, time.Minute), m)
			j.want("it is cut", err == nil && m.Cut)
			_, err = o.Wait(within(j, 30*time.Second), m, Terms{})
			j.want("it is quiet", err == nil && j.conn.Cut())
		}},
		{"waits until the lease of a process and the tail are over", func(j *joined, o *Operator) {
			m, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil)
			j.store.register(Instance{ID: "web-2", Lease: "x", Service: "web", Protocol: Protocol, TTL: 10 * time.Second, Report: Report{Bound: m.Op}})
			began := time.Now()
			_, err = o.Wait(within(j, time.Minute), m, Terms{Tail: 7 * time.Second})
			took := time.Since(began).Round(time.Second)
			j.want("it took 17 seconds", err == nil && took == 17*time.Second)
		}},
		{"does not wait for a fleet that was opened", func(j *joined, o *Operator) {
			j.conn.Begin(context.Background())
			m, _ := o.Close(within(j, time.Minute), 0, move, Terms{})
			time.AfterFunc(5*time.Second, func() { o.Open(context.Background(), 0, "no more") })
			_, err := o.Wait(within(j, time.Minute), m, Terms{})
			var conflict *ConflictError
			j.want("it is a conflict", errors.As(err, &conflict) && conflict.Current.State == Open)
		}},
		{"goes on when the store fails for a while", func(j *joined, o *Operator) {
			m, _ := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.store.fail(func(method string) error {
				if method == "List" {
					return errDown
				}
				return nil
			})
			time.AfterFunc(10*time.Second, func() { j.store.fail(nil) })
			_, err := o.Wait(within(j, time.Minute), m, Terms{})
			j.want("it is quiet", err == nil)
		}},
		{"does not open at another epoch than the one expected", func(j *joined, o *Operator) {
			m, _ := o.Close(within(j, time.Minute), 0, move, Terms{})
			_, err := o.Open(within(j, time.Minute), m.Epoch-1, "mistake")
			var conflict *ConflictError
			j.want("it is a conflict", errors.As(err, &conflict) && j.store.now().State == Closed)
			j.want("the attempt is on record", j.store.last().Action == "open" && j.store.last().Before == j.store.last().After)
		}},
		{"finds nothing to open in an open fleet", func(j *joined, o *Operator) {
			m, err := o.Open(within(j, time.Minute), 0, "again")
			j.want("nothing happens", err == nil && m.Epoch == 1)
		}},
		{"opens processes that are stricter than a store which has forgotten", func(j *joined, o *Operator) {
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil)
			j.settle()
			j.store.failOver(2)
			j.settle()
			j.want("the store says open, and the process does not write", j.store.now().State == Open && !j.writes())
			m, err := o.Open(within(j, time.Minute), 0, "it has gone back")
			j.settle()
			j.want("it writes", err == nil && m.Epoch == 4 && j.writes())
		}},
		{"refuses what no process could follow", func(j *joined, o *Operator) {
			soon := time.Now().Add(time.Hour)
			_, err := o.Ask(within(j, time.Minute), 0, sqlguard.Change{Announced: soon, Until: soon.Add(-time.Minute)})
			j.want("an end before the beginning", err != nil && strings.Contains(err.Error(), "Change.Until must be after"))
			_, err = o.Close(within(j, time.Minute), 0, sqlguard.Change{Message: strings.Repeat("x", 4096)}, Terms{})
			j.want("too long a message", err != nil && strings.Contains(err.Error(), "Change.Message"))
			j.want("nothing was changed", j.store.now().Epoch == 1)
		}},
		{"has an open fleet observe, and ends it", func(j *joined, o *Operator) {
			_, err := o.Ask(within(j, time.Minute), 0, sqlguard.Change{Mode: sqlguard.Observe, Reason: "rehearsal"})
			j.settle()
			j.want("it observes", err == nil && j.guard.Mode() == sqlguard.Observe)
			_, err = o.Open(within(j, time.Minute), 0, "enough")
			j.settle()
			j.want("it does no more", err == nil && j.guard.Mode() == sqlguard.Off)
		}},
		{"announces nothing to a closed fleet", func(j *joined, o *Operator) {
			o.Close(within(j, time.Minute), 0, move, Terms{})
			_, err := o.Ask(within(j, time.Minute), 0, sqlguard.Change{Announced: time.Now().Add(time.Hour)})
			var conflict *ConflictError
			j.want("it is a conflict", errors.As(err, &conflict))
		}},
		{"does nothing that it cannot put on record", func(j *joined, o *Operator) {
			j.store.fail(func(method string) error {
				if method == "Audit" {
					return errDown
				}
				return nil
			})
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it fails, and it is open", errors.Is(err, errDown) && j.store.now().State == Open)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { operated(t, tt.test) })
	}
}

func TestAnOperatorWhoIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name  string
		store Coordinator
		cfg   OperatorConfig
		says  string
	}{
		{"no store", nil, OperatorConfig{Actor: "kim"}, "needs a store"},
		{"nobody", newWire(), OperatorConfig{}, "OperatorConfig.Actor"},
		{"too long a name", newWire(), OperatorConfig{Actor: strings.Repeat("x", 129)}, "OperatorConfig.Actor"},
		{"a negative time", newWire(), OperatorConfig{Actor: "kim", Poll: -1}, "OperatorConfig.Poll"},
	} {
		if _, err := NewOperator(tt.store, tt.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: the error is %v", tt.name, err)
		}
	}
}
