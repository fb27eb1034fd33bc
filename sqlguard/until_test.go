package sqlguard_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestAnEndFarAwayIsAPositiveTime(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := sqlguard.State{Until: time.Date(2900, 1, 1, 0, 0, 0, 0, time.UTC)}
	if after := s.RetryAfter(now); after <= 0 {
		t.Errorf("the end is %v away", after)
	}
}

func TestAnEndThatJSONCannotHoldIsAnError(t *testing.T) {
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Hold("test", sqlguard.Change{Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("it is accepted")
	}
	if _, err := json.Marshal(g.State()); err != nil {
		t.Error(err)
	}
}

func TestTheSameEndInAnotherZoneIsNoChange(t *testing.T) {
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		until, err := time.Parse(time.RFC3339, "2030-01-01T00:00:00+05:45") // a zone of its own each time
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Hold("file", sqlguard.Change{Mode: sqlguard.ReadOnly, Until: until}); err != nil {
			t.Fatal(err)
		}
	}
	if epoch := g.State().Epoch; epoch != 1 {
		t.Errorf("the epoch is %d, want 1", epoch)
	}
}
