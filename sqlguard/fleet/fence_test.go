package fleet

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// fencing returns a record of an operation whose processes take the fence.
func fencing(m Mode, op string) Mode {
	m.Op, m.Fence = op, true
	return m
}

func TestAMemberThatTakesTheFence(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(j *joined)
	}{
		{"asks its guard for it while the fleet is armed or closed", func(j *joined) {
			j.enabled()
			j.want("not while it is open", !j.guard.State().Fence)
			j.store.set(j.t, fencing(armed, "op"))
			j.settle()
			j.want("while it is armed", j.guard.State().Fence && j.writes() && j.report().Bound == "op")
			j.store.set(j.t, fencing(closed, "op"))
			j.settle()
			j.want("while it is closed", j.guard.State().Fence && j.report().Bound == "op")
			j.store.set(j.t, Mode{State: Open, Fence: true})
			j.settle()
			j.want("no more afterwards", !j.guard.State().Fence && j.writes())
		}},
		{"is not bound while a transaction without it is open", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, fencing(armed, "op"))
			for range 5 {
				j.settle()
				j.want("it is bound to nothing, and says so of this record", j.report().Bound == "" && j.report().Epoch == 2)
			}
			j.want("it writes on", j.writes() && !j.conn.Cut())
			j.conn.End()
			j.settle()
			j.want("it is bound", j.report().Bound == "op")
		}},
		{"expects it while the record asks for it", func(j *joined) {
			j.want("not before", !j.conn.FenceExpected())
			j.store.set(j.t, Mode{State: Open, Fence: true})
			j.settle()
			j.want("from then on", j.conn.FenceExpected())
			j.store.set(j.t, Mode{State: Open})
			j.settle()
			j.want("not afterwards", !j.conn.FenceExpected())
		}},
		{"is not bound while a session that it has lost cannot be ended, and raises an alarm", func(j *joined) {
			j.conn.End()
			db := &unreachable{err: errors.New("nobody answers")}
			j.lose(db)
			j.store.set(j.t, fencing(armed, "op"))
			for range 5 {
				j.settle()
			}
			const why = "it is not bound yet: sqlguard: drain: nobody answers"
			j.want("it says why", j.report().Bound == "" && j.report().Alarm == why && j.Status().Alarm == why)
			db.set(nil)
			j.settle()
			j.settle()
			j.want("it is bound", j.report().Bound == "op" && j.report().Alarm == "")
		}},
		{"raises no alarm any more when the operation is another", func(j *joined) {
			j.conn.End()
			j.lose(&unreachable{err: errors.New("nobody answers")})
			j.store.set(j.t, fencing(armed, "op"))
			j.settle()
			j.settle()
			j.settle()
			j.want("there is one", j.report().Alarm != "")
			j.store.set(j.t, Mode{State: Open, Fence: true})
			j.settle()
			j.settle()
			j.want("there is none", j.report().Alarm == "")
		}},
		{"ends what it has lost before it leaves, though the fleet is open", func(j *joined) {
			j.enabled()
			db := &unreachable{err: errors.New("nobody answers")}
			j.lose(db)
			left := make(chan error)
			go func() { left <- j.Leave(context.Background()) }()
			j.settle()
			j.settle()
			_, there := j.store.record("web-1")
			j.want("it is there as long as it cannot", there && db.asked() > 1)
			db.set(nil)
			j.want("it leaves", <-left == nil)
			_, there = j.store.record("web-1")
			asked := db.asked()
			j.guard.DrainUnfenced(context.Background())
			j.want("nothing is left, and it writes no more", !there && db.asked() == asked && !j.writes())
		}},
		{"drains in a closed fleet whatever became of what a bypass has lost", func(j *joined) {
			j.store.set(j.t, fencing(armed, "op"))
			j.conn.End()
			j.settle()
			j.conn.Begin(context.Background())
			j.conn.Fence(true)
			j.store.set(j.t, fencing(closed, "op"))
			j.settle()
			j.want("it waits", j.report().Epoch == 3 && j.report().Drained == 0)
			db := &unreachable{err: errors.New("nobody answers")}
			j.lose(db)
			j.conn.End()
			j.settle()
			j.settle()
			j.settle()
			j.want("it has drained", j.report().Drained == 3 && db.asked() == 0)
		}},
		{"stays on record when it cannot end in time what it has lost", func(j *joined) {
			j.enabled()
			j.lose(&unreachable{err: errors.New("nobody answers")})
			err := j.Leave(context.Background())
			const why = "fleet: leave: not all that was lost on its way to the database has ended: sqlguard: drain: nobody answers"
			j.want("it says why", err != nil && err.Error() == why)
			_, there := j.store.record("web-1")
			j.want("it is there", there)
		}},
		{"leaves what it has lost to itself where the record asks for no fence any more", func(j *joined) {
			j.enabled()
			db := &unreachable{err: errors.New("nobody answers")}
			j.lose(db)
			j.store.set(j.t, opened)
			j.settle()
			j.want("it leaves", j.Leave(context.Background()) == nil && db.asked() == 0)
		}},
		{"hears while it leaves that the record asks for none any more", func(j *joined) {
			j.enabled()
			j.lose(&unreachable{err: errors.New("nobody answers")})
			left := make(chan error)
			go func() { left <- j.Leave(context.Background()) }()
			j.settle()
			j.settle()
			j.store.set(j.t, opened)
			j.want("it leaves", <-left == nil)
		}},
		{"is bound while one with it is open", func(j *joined) {
			j.store.set(j.t, fencing(armed, "op"))
			j.conn.End()
			j.settle()
			j.conn.Begin(context.Background())
			j.conn.Fence(true)
			j.settle()
			j.want("it is bound", j.report().Bound == "op")
		}},
		{"is bound at once where the record asks for none", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, armed)
			j.settle()
			j.want("it is bound", j.report().Bound == "op")
		}},
		{"waits anew when the operation is another", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, fencing(armed, "first"))
			j.settle()
			j.store.set(j.t, Mode{State: Open, Fence: true})
			j.settle()
			j.store.set(j.t, fencing(armed, "second"))
			j.settle()
			j.want("it is bound to nothing", j.report().Bound == "")
			j.conn.End()
			j.settle()
			j.want("it is bound to the second", j.report().Bound == "second")
		}},
		{"is not bound to the next operation by what it waited for in the last", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, fencing(armed, "first"))
			j.settle()
			j.want("it is bound to the first", j.report().Bound == "first")
			j.store.set(j.t, Mode{State: Open, Fence: true})
			j.settle()
			j.conn.Begin(context.Background())
			j.store.set(j.t, fencing(armed, "second"))
			j.settle()
			j.want("it is bound to nothing", j.report().Bound == "")
		}},
		{"waits on when somebody else closes the guard, and opens it", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, fencing(armed, "op"))
			j.settle()
			if err := j.guard.Hold("kim", sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "by hand"}); err != nil {
				j.t.Fatal(err)
			}
			j.settle()
			j.want("it is bound to nothing while that holds", j.report().Bound == "")
			j.guard.Release("kim")
			j.settle()
			j.want("nor after that", j.report().Bound == "")
			j.conn.End()
			j.settle()
			j.want("it is bound", j.report().Bound == "op")
		}},
		{"is not kept by what it waits for from leaving", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, fencing(armed, "op"))
			j.settle()
			j.conn.End()
			j.want("it leaves", j.Leave(within(j, time.Minute)) == nil)
			_, there := j.store.record("web-1")
			j.want("its record is gone", !there)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { inFleet(t, tt.test) })
	}
}

func TestAnOperatorOfTheFence(t *testing.T) {
	conflicts := func(j *joined, o *Operator, epoch uint64, state State) {
		before := j.store.now()
		for _, on := range []bool{true, false} {
			_, err := o.Fence(within(j, time.Minute), epoch, on, "mistake")
			var conflict *ConflictError
			j.want("it is a conflict", errors.As(err, &conflict) && conflict.Current.State == state && conflict.Expected == epoch)
			last := j.store.last()
			j.want("the attempt is on record", last.Action == map[bool]string{true: "fence", false: "unfence"}[on] && last.Before == last.After && last.Result != "ok")
		}
		j.want("nothing was changed", j.store.now().same(before))
	}
	for _, tt := range []struct {
		name string
		test func(j *joined, o *Operator)
	}{
		{"has an open fleet take it, and not", func(j *joined, o *Operator) {
			m, err := o.Fence(within(j, time.Minute), 1, true, "a move")
			j.want("it is asked for", err == nil && m.Fence && m.State == Open && m.Epoch == 2 && j.store.now().same(m))
			j.want("it is on record", j.store.last().Action == "fence" && j.store.last().Before == 1 && j.store.last().After == 2)
			m, err = o.Fence(within(j, time.Minute), 2, false, "moved")
			j.want("it is not any more", err == nil && !m.Fence && m.Epoch == 3 && j.store.last().Action == "unfence")
		}},
		{"changes nothing where it is asked for already", func(j *joined, o *Operator) {
			m, _ := o.Fence(within(j, time.Minute), 0, true, "a move")
			again, err := o.Fence(within(j, time.Minute), 0, true, "a move")
			j.want("it is the same", err == nil && again.same(m) && len(j.store.entries) == 1)
		}},
		{"keeps what the fleet was asked for besides", func(j *joined, o *Operator) {
			at := time.Now().Add(time.Hour)
			_, err := o.Ask(within(j, time.Minute), 0, sqlguard.Change{Mode: sqlguard.Observe, Announced: at, Reason: "a rehearsal"})
			j.want("it is asked", err == nil)
			m, err := o.Fence(within(j, time.Minute), 0, true, "a move")
			c := m.Change
			j.want("it observes, and announces", err == nil && c.Mode == sqlguard.Observe && c.Announced.Equal(at) && c.Reason == "a rehearsal")
		}},
		{"refuses at another epoch than the one expected", func(j *joined, o *Operator) { conflicts(j, o, 99, Open) }},
		{"refuses in a closed fleet", func(j *joined, o *Operator) {
			_, err := o.Close(within(j, time.Minute), 0, move, Terms{})
			j.want("it is closed", err == nil)
			conflicts(j, o, 0, Closed)
		}},
		{"is carried over from step to step", func(j *joined, o *Operator) {
			for _, on := range []bool{true, false} {
				now, err := o.Fence(within(j, time.Minute), 0, on, "a move")
				for _, step := range []func() (Mode, error){
					func() (Mode, error) { return o.Close(within(j, time.Minute), now.Epoch, move, Terms{}) },
					func() (Mode, error) { return o.Cut(within(j, time.Minute), now) },
					func() (Mode, error) { return o.Open(within(j, time.Minute), now.Epoch, "moved") },
					func() (Mode, error) {
						return o.Ask(within(j, time.Minute), now.Epoch, sqlguard.Change{Mode: sqlguard.Observe, Reason: "what else?"})
					},
				} {
					if err == nil {
						now, err = step()
					}
					j.want("it is as it was asked for", err == nil && now.Fence == on && j.store.now().Fence == on)
				}
			}
		}},
		{"is kept where a closing is undone", func(j *joined, o *Operator) {
			o.Fence(within(j, time.Minute), 0, true, "a move")
			j.settle()
			j.conn.Begin(context.Background())
			m, err := o.Close(within(j, 20*time.Second), 0, move, Terms{})
			j.want("it was not bound in time", errors.Is(err, context.DeadlineExceeded))
			j.want("it is open, and asked for still", m.State == Open && m.Fence && j.store.now().same(m))
			j.conn.End()
			j.settle()
			j.want("it writes, without it", j.writes() && !j.guard.State().Fence)
		}},
		{"does not take another's change for its own", func(j *joined, o *Operator) {
			j.store.fail(func(method string) error {
				if method == "Swap" && j.store.now().Epoch == 1 {
					j.store.set(j.t, Mode{State: Open})
					return errDown
				}
				return nil
			})
			_, err := o.Fence(within(j, time.Minute), 0, true, "a move")
			j.want("it fails", errors.Is(err, errDown) && !j.store.now().Fence)
		}},
		{"takes a change for its own whose answer was lost", func(j *joined, o *Operator) {
			j.store.lose("Swap", func() error { return errDown })
			m, err := o.Fence(within(j, time.Minute), 0, true, "a move")
			j.want("it is asked for", err == nil && m.Fence && j.store.now().same(m) && j.store.last().Result == "ok")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { operated(t, tt.test) })
	}
}

// enabled has the record ask for the fence while the fleet is open, and nothing is.
func (j *joined) enabled() {
	j.conn.End()
	j.store.set(j.t, Mode{State: Open, Fence: true})
	j.settle()
}

// lose loses a connection to a database in the middle of a statement.
func (j *joined) lose(db *unreachable) {
	var c sqlguard.Conn
	j.guard.Attach(&c, simDialect{})
	c.Session("7", db)
	c.Enter(context.Background(), "INSERT")
	c.Detach()
}

// unreachable is a database that ends no session as long as it has an error.
type unreachable struct {
	mu    sync.Mutex
	err   error
	times int
}

// asked returns how often it was asked to.
func (u *unreachable) asked() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.times
}

func (u *unreachable) set(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
}

func (u *unreachable) EndSessions(context.Context, []sqlguard.LostSession) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.times++
	return u.err
}
