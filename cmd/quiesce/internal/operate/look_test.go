package operate

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

func TestAProcessWhoseTailIsAwaitedIsNotForgotten(t *testing.T) {
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "fleet.db")
	d := Deps{Notes: io.Discard, Now: time.Now}
	if _, err := Init(t.Context(), d, Target{Store: dsn}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	change := sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "moving"}
	for n, state := range []fleet.State{fleet.Armed, fleet.Closed} {
		if _, err := s.Swap(t.Context(), uint64(n+1), fleet.Mode{State: state, Op: "op", Change: change}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Register(t.Context(), fleet.Instance{
		ID: "web-1", Lease: "x", Service: "web", Protocol: fleet.Protocol, TTL: time.Millisecond, Tail: time.Hour,
		Report: fleet.Report{Bound: "op"},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := Forgetting{Target: Target{Store: dsn, Actor: "kim"}, Instance: "web-1", Reason: "it was killed"}
	for err = errLives; strings.Contains(err.Error(), errLives.Error()); {
		if _, err = Forget(t.Context(), d, in); err == nil {
			t.Fatal("it was removed, and what it has sent is waited for no more")
		}
	}
	if !strings.Contains(err.Error(), "its lease and the tail are over in") {
		t.Error(err)
	}
	if list, err := s.List(t.Context()); err != nil || len(list.Instances) != 1 {
		t.Errorf("the fleet is %+v (%v)", list, err)
	}
}
