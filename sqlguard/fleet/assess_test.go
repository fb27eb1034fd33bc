package fleet

import (
	"strings"
	"testing"
	"time"
)

func TestWhereAProcessStands(t *testing.T) {
	const op = "op1"
	closed := Mode{State: Closed, Op: op, Epoch: 7}
	armed := Mode{State: Armed, Op: op, Epoch: 6}
	for _, tt := range []struct {
		name     string
		mode     Mode
		instance Instance
		standing Standing
		says     string
	}{
		{"armed, alive, and not heard yet", armed, Instance{ExpiresIn: time.Second}, Waiting, "has not answered"},
		{"armed and bound", armed, Instance{ExpiresIn: time.Second, Report: Report{Bound: op}}, Bound, "bound"},
		{"armed, bound and silent", armed, Instance{ExpiresIn: -time.Hour, Report: Report{Bound: op}}, Bound, "bound"},
		{"armed, and bound to an operation before", armed, Instance{ExpiresIn: time.Second, Report: Report{Bound: "op0"}}, Waiting, "has not answered"},
		{"armed, silent, never bound", armed, Instance{ExpiresIn: 0}, Lost, "never heard"},
		{"closed and drained", closed, Instance{ExpiresIn: time.Second, Report: Report{Bound: op, Drained: 7}}, Drained, "drained"},
		{"closed, drained and silent", closed, Instance{ExpiresIn: -time.Hour, Report: Report{Bound: op, Drained: 7}}, Drained, "drained"},
		{"closed, and drained at an epoch before", closed, Instance{ExpiresIn: time.Second, Report: Report{Bound: op, Drained: 5}}, Waiting, "has not answered"},
		{"closed, and draining", closed, Instance{ExpiresIn: time.Second, Report: Report{
			Bound: op, Open: 2, Oldest: 8100 * time.Millisecond, Work: "transaction, last UPDATE (orders)",
		}}, Waiting, "2 open, the oldest for 8.1s: transaction, last UPDATE (orders)"},
		{"closed, bound, silent for less than the tail", closed, Instance{ExpiresIn: -4 * time.Second, Report: Report{Bound: op}}, Lapsing, "over in 1s"},
		{"closed, bound, silent for the tail", closed, Instance{ExpiresIn: -5 * time.Second, Report: Report{Bound: op}}, Lapsed, "lapsed"},
		{"closed, bound, silent for less than a tail of its own", closed, Instance{
			Tail: 20 * time.Second, ExpiresIn: -5 * time.Second, Report: Report{Bound: op},
		}, Lapsing, "over in 15s"},
		{"closed, silent, bound to an operation before", closed, Instance{ExpiresIn: -time.Hour, Report: Report{Bound: "op0"}}, Lost, "never heard"},
		{"closed, silent, never bound", closed, Instance{TTL: time.Second, ExpiresIn: -time.Second}, Lost, "silent for 2s"},
		{"closed, of another version", closed, Instance{Protocol: 9, ExpiresIn: time.Second, Report: Report{Drained: 7}}, Foreign, "version 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := tt.instance
			i.ID = "web-1"
			if i.Protocol == 0 {
				i.Protocol = Protocol
			}
			s := Snapshot{Mode: tt.mode, Instances: []Instance{i}}
			a := s.AssessClosed(op, Terms{})
			if tt.mode.State == Armed {
				a = s.AssessArmed(op, Terms{})
			}
			p := a.Positions[0]
			if p.Standing != tt.standing || !strings.Contains(p.String(), tt.says) || !strings.HasPrefix(p.String(), "web-1 (") {
				t.Errorf("it is %s: %s; want %s, and %q in it", p.Standing, p, tt.standing, tt.says)
			}
			done := tt.standing == Drained || tt.standing == Bound || tt.standing == Lapsed
			if a.Reached != done || (len(a.Stragglers()) == 0) != done {
				t.Errorf("reached is %v, with %d stragglers", a.Reached, len(a.Stragglers()))
			}
			if hopeless := tt.standing == Lost || tt.standing == Foreign; a.Hopeless != hopeless {
				t.Errorf("hopeless is %v", a.Hopeless)
			}
		})
	}
}

func TestAFleetIsNotReached(t *testing.T) {
	ready := Instance{ID: "web-1", Protocol: Protocol, Report: Report{Bound: "op", Drained: 7}}
	closed := Mode{State: Closed, Op: "op", Epoch: 7}
	for _, tt := range []struct {
		name    string
		s       Snapshot
		terms   Terms
		missing int
	}{
		{"without any process", Snapshot{Mode: closed}, Terms{}, 1},
		{"with too few", Snapshot{Mode: closed, Instances: []Instance{ready}}, Terms{MinInstances: 3}, 2},
		{"while it is armed", Snapshot{Mode: Mode{State: Armed, Op: "op", Epoch: 7}, Instances: []Instance{ready}}, Terms{}, 0},
		{"by another operation", Snapshot{Mode: Mode{State: Closed, Op: "other", Epoch: 7}, Instances: []Instance{ready}}, Terms{}, 0},
		{"while one of two is open", Snapshot{Mode: closed, Instances: []Instance{ready, {ID: "web-2", Protocol: Protocol, ExpiresIn: 1}}}, Terms{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if a := tt.s.AssessClosed("op", tt.terms); a.Reached || a.Missing != tt.missing {
				t.Errorf("reached is %v, %d are missing", a.Reached, a.Missing)
			}
		})
	}
	s := Snapshot{Mode: closed, Instances: []Instance{ready}}
	if a := s.AssessClosed("", Terms{}); a.Reached {
		t.Error("an operation without a name was reached")
	}
	if a := s.AssessClosed("op", Terms{MinInstances: 1}); !a.Reached {
		t.Error("what is drained was not reached")
	}
}
