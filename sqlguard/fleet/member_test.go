package fleet

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// joined is a process that is a member, with one connection.
type joined struct {
	*Member
	t     *testing.T
	store *wire
	guard *sqlguard.Guard
	conn  *sqlguard.Conn
}

// inFleet runs a test in virtual time on a process that has joined a fleet.
func inFleet(t *testing.T, test func(j *joined)) {
	synctest.Test(t, func(t *testing.T) {
		j := newJoined(t, newWire())
		j.settle()
		test(j)
		j.conn.Detach()
		j.store.fail(nil)
		j.Member.stop()
		<-j.stopped
	})
}

func newJoined(t *testing.T, store *wire) *joined {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	j := &joined{t: t, store: store, guard: guard, conn: new(sqlguard.Conn)}
	guard.Attach(j.conn, simDialect{})
	j.conn.Begin(context.Background())
	j.Member, err = Join(context.Background(), guard, store, Config{
		Service: "web", Instance: "web-1", Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// settle lets all go on that can go on within a heartbeat.
func (j *joined) settle() {
	time.Sleep(DefaultHeartbeat + time.Millisecond)
	synctest.Wait()
}

// writes reports whether a write would be let through now.
func (j *joined) writes() bool { return (&process{guard: j.guard}).admitted(j.conn) }

func (j *joined) want(what string, ok bool) {
	j.t.Helper()
	if !ok {
		r, _ := j.store.record("web-1")
		j.t.Errorf("%s: not so; the guard is %+v, the record %+v", what, j.guard.State(), r)
	}
}

func (j *joined) report() Report {
	r, _ := j.store.record("web-1")
	return r.Report
}

var errDown = errors.New("the store is down")

func down(string) error { return errDown }

func TestAMember(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(j *joined)
	}{
		{"writes once it has registered with an open fleet", func(j *joined) {
			j.conn.End()
			j.want("it writes", j.writes() && j.guard.Mode() == sqlguard.Off)
			j.want("it is bound to nothing", j.report().Bound == "" && j.report().Epoch == 1)
			j.want("it is ready", j.Ready(j.t.Context()) == nil)
		}},
		{"does not commit what was open before it joined", func(j *joined) {
			j.want("it is cut", j.conn.Cut())
		}},
		{"writes under a lease while the fleet is armed, and says that it is bound", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			j.want("it writes", j.writes())
			j.want("it is bound", j.report().Bound == "op" && j.report().Epoch == 2)
			left := j.Status().LeaseLeft
			j.want("it has a lease of less than the TTL", left > 0 && left <= DefaultTTL-DefaultMargin)
		}},
		{"shows visitors nothing while the fleet is armed", func(j *joined) {
			j.store.set(j.t, armed)
			j.settle()
			s := j.guard.State()
			j.want("no mode is on", !s.On() && s.Message == "")
		}},
		{"closes, and acknowledges only when all has ended", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, armed)
			j.settle()
			m := j.store.set(j.t, closed)
			j.settle()
			j.want("it writes no more", !j.writes() && j.guard.State().Message == "Back soon.")
			j.want("it tells what is open", j.report().Drained == 0 && j.report().Open == 1 && j.report().Work != "")
			j.want("what was open may commit", !j.conn.Cut())
			j.conn.End()
			j.settle()
			j.want("it has drained", j.report().Drained == m.Epoch && j.report().Open == 0)
		}},
		{"cuts off what is open when it is asked to", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.set(j.t, armed)
			j.settle()
			j.store.set(j.t, closed)
			j.settle()
			m := j.store.set(j.t, cutOff)
			j.settle()
			j.want("it is cut off", j.conn.Cut())
			j.want("it has drained", j.report().Drained == m.Epoch)
		}},
		{"writes on while the store is down and the fleet open", func(j *joined) {
			j.conn.End()
			j.store.fail(down)
			time.Sleep(time.Hour)
			j.want("it writes", j.writes() && errors.Is(j.Status().Err, errDown))
			j.store.fail(nil)
			before, _ := j.store.record("web-1")
			j.settle()
			after, _ := j.store.record("web-1")
			j.want("it has registered anew", before.Lease != after.Lease && j.Status().Err == nil)
		}},
		{"closes by itself when the store is down while the fleet is armed", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			j.conn.Begin(context.Background())
			j.store.fail(down)
			time.Sleep(DefaultTTL - DefaultMargin - time.Second - 10*time.Millisecond)
			j.want("it writes for the time of its lease", j.writes())
			time.Sleep(time.Second + 10*time.Millisecond)
			j.want("it writes no more", !j.writes())
			j.want("what was open may not commit", j.conn.Cut())
		}},
		{"does not revive what a lapsed lease has left", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			j.conn.Begin(context.Background())
			before, _ := j.store.record("web-1")
			j.store.fail(down)
			time.Sleep(DefaultTTL)
			j.store.fail(nil)
			j.settle()
			after, _ := j.store.record("web-1")
			j.want("it has registered anew", before.Lease != after.Lease && after.Bound == "op")
			j.want("what was open may not commit", j.conn.Cut())
			j.want("it writes no more in this operation", !j.writes())
			j.store.set(j.t, opened)
			j.settle()
			j.want("nor may that commit afterwards", j.conn.Cut())
			j.conn.End()
			j.conn.Begin(context.Background())
			j.want("what is new may", j.writes() && !j.conn.Cut())
		}},
		{"is not opened by a fleet that is armed when it starts", func(j *joined) {
			store := newWire()
			store.set(j.t, armed)
			young := newJoined(j.t, store)
			young.conn.End()
			young.settle()
			young.want("it is bound, and does not write", young.report().Bound == "op" && !young.writes())
			store.set(j.t, opened)
			young.settle()
			young.want("it writes", young.writes())
			young.conn.Detach()
			young.Member.stop()
			<-young.stopped
		}},
		{"ends its lease when the store says that it has expired", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			j.conn.Begin(context.Background())
			j.store.fail(func(method string) error {
				if method == "Heartbeat" {
					return ErrExpired
				}
				return errDown
			})
			time.Sleep(time.Second)
			j.want("what was open may not commit", j.conn.Cut())
			j.want("it writes no more", !j.writes())
		}},
		{"keeps the stricter state when the store goes back", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			j.store.set(j.t, closed)
			j.settle()
			j.store.failOver(1)
			j.settle()
			j.settle()
			j.want("it writes no more", !j.writes())
			j.want("it raises an alarm", strings.Contains(j.Status().Alarm, "gone back") && strings.Contains(j.report().Alarm, "gone back"))
			m := j.store.set(j.t, opened)
			j.want("the next epoch is greater than any", m.Epoch == 4)
			j.settle()
			j.want("it writes again", j.writes() && j.Status().Alarm == "")
		}},
		{"takes the stricter state from a store that has gone back", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.store.set(j.t, closed)
			j.store.set(j.t, opened)
			j.settle()
			j.store.failOver(1)
			j.settle()
			j.want("it writes no more", !j.writes() && j.Status().Alarm != "")
		}},
		{"raises an alarm when the expected end has passed, and stays closed", func(j *joined) {
			late := closed
			late.Change.Until = time.Now().Add(time.Minute)
			j.store.set(j.t, late)
			j.settle()
			j.want("there is no alarm yet", j.report().Alarm == "")
			time.Sleep(time.Minute)
			j.settle()
			j.want("there is one", strings.Contains(j.report().Alarm, "the end was expected at"))
			j.want("it is closed", !j.writes())
		}},
		{"is bound by nothing while it writes on after an answer that came too late", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			j.store.lose("Heartbeat", func() error { // it was suspended, or its clock was set
				time.Sleep(DefaultTTL)
				return nil
			})
			j.store.set(j.t, armed)
			time.Sleep(DefaultHeartbeat)
			j.store.lose("Register", func() error {
				j.store.fail(down)
				return errDown
			})
			time.Sleep(2 * DefaultTTL)
			j.want("it is bound", j.report().Bound == "op")
			j.want("what was open may not commit", j.conn.Cut())
			j.want("it writes no more", !j.writes())
		}},
		{"drains anew when the store forgets that the fleet was opened", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			m := j.store.set(j.t, closed)
			j.settle()
			j.want("it has drained", j.report().Drained == m.Epoch)
			j.store.set(j.t, opened)
			j.settle()
			j.conn.Begin(context.Background())
			j.store.failOver(1)
			j.settle()
			j.want("it does not say so of what it began since", j.report().Drained == 0 && !j.writes() && !j.conn.Cut())
			j.conn.End()
			j.settle()
			j.want("it has drained again", j.report().Drained == m.Epoch)
		}},
		{"saves what it has observed once the store answers again", func(j *joined) {
			j.store.set(j.t, Mode{State: Open, Change: sqlguard.Change{Mode: sqlguard.Observe}})
			j.store.fail(func(method string) error {
				if method == "SaveReport" {
					return errDown
				}
				return nil
			})
			j.settle()
			j.want("it observes", j.guard.Mode() == sqlguard.Observe)
			j.store.set(j.t, opened)
			j.settle()
			j.store.fail(nil)
			j.settle()
			j.store.mu.Lock()
			_, ok := j.store.reports["web-1"]
			j.store.mu.Unlock()
			j.want("it has saved", ok)
		}},
		{"saves what it observes", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, Mode{State: Open, Change: sqlguard.Change{Mode: sqlguard.Observe}})
			j.settle()
			j.want("it observes", j.guard.Mode() == sqlguard.Observe)
			time.Sleep(2 * reportEvery)
			j.store.mu.Lock()
			r, ok := j.store.reports["web-1"]
			j.store.mu.Unlock()
			j.want("it has saved", ok && r.Observing)
			j.store.set(j.t, opened)
			j.settle()
			j.store.mu.Lock()
			r = j.store.reports["web-1"]
			j.store.mu.Unlock()
			j.want("it has saved once more at the end", !r.Observing)
		}},
		{"leaves when nothing is open any more", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			left := make(chan error)
			go func() { left <- j.Leave(context.Background()) }()
			time.Sleep(10 * time.Second)
			_, there := j.store.record("web-1")
			j.want("it writes no more, and is there", !j.writes() && there)
			j.conn.End()
			j.want("it leaves without an error", <-left == nil)
			_, there = j.store.record("web-1")
			j.want("its record is gone, and it writes no more", !there && !j.writes())
		}},
		{"stays on record when it cannot leave in time", func(j *joined) {
			j.conn.End()
			j.conn.Begin(context.Background())
			err := j.Leave(context.Background())
			j.want("it says why", err != nil && strings.Contains(err.Error(), "not all that was admitted has ended"))
			_, there := j.store.record("web-1")
			j.want("it is there", there)
		}},
		{"stays closed when the fleet is opened while it leaves", func(j *joined) {
			j.conn.End()
			j.store.set(j.t, armed)
			j.settle()
			j.conn.Begin(context.Background())
			j.Member.stop()
			synctest.Wait()
			j.store.set(j.t, opened)
			j.settle()
			j.want("it writes no more", !j.writes())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFleet(t, tt.test)
		})
	}
}

func TestAProcessStartsClosed(t *testing.T) {
	for _, tt := range []struct {
		name string
		mode Mode
	}{{"while the store is down", opened}, {"in a closed fleet", closed}, {"in an armed fleet, whose store goes down", armed}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newWire()
				store.set(t, tt.mode)
				store.fail(func(method string) error {
					if tt.mode.State == Open || tt.mode.State == Armed && method != "Mode" {
						return errDown
					}
					return nil
				})
				j := newJoined(t, store)
				j.conn.End()
				j.settle()
				j.want("it does not write", !j.writes())
				if tt.mode.State != Closed {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					err := j.Ready(ctx)
					j.want("it says why it is not ready", errors.Is(err, errDown) && errors.Is(err, context.DeadlineExceeded))
				} else {
					r := j.report()
					j.want("it is bound and drained", r.Bound == "op" && r.Drained == 2)
				}
				j.conn.Detach()
				j.Member.stop()
				<-j.stopped
			})
		})
	}
}

func TestAConfigThatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		says string
	}{
		{"no service", Config{}, "Config.Service"},
		{"a margin of the whole TTL", Config{Service: "web", TTL: time.Second, Margin: time.Second}, "Config.Margin"},
		{"a negative margin", Config{Service: "web", Margin: -1}, "Config.Margin"},
		{"one heartbeat in the TTL", Config{Service: "web", TTL: 15 * time.Second, Heartbeat: 8 * time.Second}, "Config.Heartbeat"},
		{"a negative heartbeat", Config{Service: "web", Heartbeat: -1}, "Config.Heartbeat"},
		{"a negative TTL", Config{Service: "web", TTL: -1}, "TTL"},
		{"a name of a hold that is too long", Config{Service: "web", Hold: strings.Repeat("x", 65)}, "Config.Hold"},
		{"an instance with too long a name", Config{Service: "web", Instance: strings.Repeat("x", 129)}, "Instance.ID"},
		{"a service with too long a name", Config{Service: strings.Repeat("x", 129)}, "Instance.Service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			guard, err := sqlguard.New(sqlguard.Config{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = Join(t.Context(), guard, newWire(), tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %v", err)
			}
			if guard.Mode() != sqlguard.Off {
				t.Error("the guard was closed all the same")
			}
		})
	}
	if _, err := Join(t.Context(), nil, nil, Config{Service: "web"}); err == nil {
		t.Error("without a guard there is no error")
	}
}

// observes is a function that observes a guard.
type observes func(sqlguard.Event)

func (o observes) Observe(_ context.Context, e sqlguard.Event) { o(e) }

// TestWhoWaitsForReadyMayWrite has the flip to open find that nobody was told before.
func TestWhoWaitsForReadyMayWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newWire()
		store.fail(func(string) error { return errors.New("not yet") })
		j := newJoined(t, store)
		opened := 0
		j.guard.AddObserver(observes(func(e sqlguard.Event) {
			if e.Kind != sqlguard.Flipped || e.Mode != sqlguard.Off {
				return
			}
			opened++
			select {
			case <-j.ready:
				t.Error("it was ready before it could write")
			default:
			}
		}))
		store.fail(nil)
		j.settle()
		j.want("it is ready", j.Ready(t.Context()) == nil)
		j.want("it has opened once", opened == 1)
		j.conn.Detach()
		j.Member.stop()
		<-j.stopped
	})
}
