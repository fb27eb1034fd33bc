package operate

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheFenceCommands(t *testing.T) {
	onServers(t, func(s *site) {
		on := func() error { _, err := On(s.Context(), s.deps, s.closing()); return err }
		off := func() error { s.off(); return nil }
		wait := func() error { _, err := Wait(s.Context(), s.deps, s.waiting()); return err }
		late := func() error { return openFences(s.Context(), []string{s.dsn}, 2) }
		for _, step := range []struct {
			name   string
			action string
			do     func() error // instead of the action
			code   int
			says   string
			closed bool // afterwards, unless there is none
		}{
			{name: "what is not there is not found", action: Verify, code: ExitUnexpected, says: "not installed in this database: quiesce fence install makes it"},
			{name: "nor is it taken", action: Enable, code: ExitUnexpected, says: "quiesce fence install makes it"},
			{name: "it is made, open", action: Install, says: "database 1 (" + s.dialect + "): the fence is there, and open"},
			{name: "making it again changes nothing", action: Install, says: "and open"},
			{name: "the level strict needs a fleet that takes it", do: s.runs, code: ExitUsage, says: "before anything was closed: --level strict needs a fleet that takes the fence"},
			{name: "the fleet takes it", action: Enable, says: "from the next quiesce on, processes take the fence (epoch 2)"},
			{name: "which is no change the second time", action: Enable, says: "(epoch 2)"},
			{name: "what is taken is not removed", action: Remove, code: ExitUsage, says: "quiesce fence disable, while it is open"},
			{name: "the fleet is closed", do: on},
			{name: "and writing is over", do: wait, closed: true},
			{name: "an operator who was stopped before that does not open it", do: late, code: ExitConflict, says: "quiesce status says whether another operator is at work", closed: true},
			{name: "taking it does not open it", action: Enable, code: ExitConflict, says: "closed already", closed: true},
			{name: "nor does making it", action: Install, says: "and closed", closed: true},
			{name: "a closed fleet takes it on", action: Disable, code: ExitConflict, closed: true},
			{name: "opening the fleet leaves it closed", do: off, closed: true},
			{name: "it is found closed", action: Verify, says: "and closed", closed: true},
			{name: "closing the fleet opens it", do: on},
			{name: "the fleet is open again", do: off},
			{name: "the fleet takes none", action: Disable, says: "processes take no fence"},
			{name: "a fleet that takes none is closed without it", do: on},
			{name: "and cannot be waited for with it", do: wait, code: ExitUsage, says: "quiesce fence enable, before quiesce on"},
			{name: "that fleet is open again", do: off},
			{name: "it is removed", action: Remove, says: "the fences are removed"},
		} {
			var text string
			var err error
			if step.do != nil {
				err = step.do()
			} else {
				var out FenceOut
				out, err = s.fenced(step.action)
				text = out.String()
			}
			if err != nil {
				text = err.Error()
			}
			if ExitCode(err) != step.code || !strings.Contains(text, step.says) {
				s.Errorf("%s: exit code %d, and it says\n%s", step.name, ExitCode(err), text)
			}
			if closed, err := s.fence.Closed(s.Context()); err == nil && closed != step.closed {
				s.Errorf("%s: then closed is %t", step.name, closed)
			}
		}
		if _, err := s.fence.Closed(s.Context()); err == nil {
			s.Error("it is there still")
		}
	})
}

// runs runs a command that must not be reached.
func (s *site) runs() error {
	before := s.mode().Epoch
	_, err := Run(s.Context(), s.deps, Running{Closing: s.closing(), Waiting: s.waiting(), Command: []string{"true"}})
	if now := s.mode().Epoch; now != before {
		s.Errorf("the epoch is %d, and was %d", now, before)
	}
	return err
}

func TestAFleetThatTakesTheFenceIsNotClosedWithoutItsDatabase(t *testing.T) {
	d := Deps{Notes: new(strings.Builder), Now: time.Now}
	target := Target{Store: "sqlite:" + filepath.Join(t.TempDir(), "fleet.db"), Actor: "kim"}
	if _, err := Init(t.Context(), d, target); err != nil {
		t.Fatal(err)
	}
	s, o, err := d.open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := o.Fence(t.Context(), 0, true, "a test"); err != nil {
		t.Fatal(err)
	}
	in := Closing{Target: target, Timeout: time.Minute}
	in.Change.Reason = "a test"
	_, err = On(t.Context(), d, in)
	if ExitCode(err) != ExitUsage || !strings.Contains(err.Error(), "name them by --database, or QUIESCE_DATABASE in the environment") {
		t.Errorf("exit code %d, %v", ExitCode(err), err)
	}
	if m, err := s.Mode(t.Context()); err != nil || m.Epoch != 2 {
		t.Errorf("then the fleet is %+v, %v", m, err)
	}
	for _, action := range []string{Install, Enable, Verify, Remove} {
		if _, err := Fence(t.Context(), d, Fencing{Target: target, Action: action}); ExitCode(err) != ExitUsage || !strings.Contains(err.Error(), "--database is required") {
			t.Errorf("%s without a database: %v", action, err)
		}
		sqlite := []string{"sqlite:" + filepath.Join(t.TempDir(), "site.db")}
		if _, err := Fence(t.Context(), d, Fencing{Target: target, Action: action, Databases: sqlite}); ExitCode(err) != ExitUsage {
			t.Errorf("%s on SQLite, which has none: %v", action, err)
		}
	}
}
