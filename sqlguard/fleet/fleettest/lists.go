package fleettest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

var listTests = []test{
	{"a list of nobody has the mode and the time", func(t *testing.T, c fleet.Coordinator) {
		all, _ := list(t, c, "")
		if len(all.Instances) != 0 || all.Mode.Epoch != 1 || all.Now.IsZero() {
			t.Errorf("the fleet is %+v, want epoch 1, the time, and nobody", all)
		}
	}},
	{"a list is sorted by id", func(t *testing.T, c fleet.Coordinator) {
		ids := []string{"b", "a", "B", "_", "ä", "10", "9", "a1", "a-1"}
		for _, id := range ids {
			must[fleet.Mode](t)(c.Register(t.Context(), instance(id)))
		}
		slices.Sort(ids)
		all, _ := list(t, c, "")
		var got []string
		for _, i := range all.Instances {
			got = append(got, i.ID)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("the ids are %q, want %q", got, ids)
		}
	}},
	{"the store's clock does not go back, and knows parts of a second", func(t *testing.T, c fleet.Coordinator) {
		var last time.Time
		var parts bool
		for range 50 {
			all, _ := list(t, c, "")
			if all.Now.Before(last) {
				t.Fatalf("it is %s after %s", all.Now, last)
			}
			parts = parts || all.Now.Nanosecond() != 0
			last = all.Now
		}
		if !parts {
			t.Error("the clock counts whole seconds")
		}
	}},
}

// entry returns one for the audit log.
func entry(action string) fleet.Entry {
	return fleet.Entry{
		Op: "op", Action: action, Actor: "ada@ops-1", Reason: "ticket 4711",
		Before: 3, After: 4, Result: "ok", Details: json.RawMessage(`{"lsn":"0/16B3748"}`),
	}
}

var logTests = []test{
	{"an empty log has no entries", func(t *testing.T, c fleet.Coordinator) {
		if got := must[[]fleet.Entry](t)(c.Log(t.Context(), 10)); len(got) != 0 {
			t.Errorf("the log is %+v, want nothing", got)
		}
	}},
	{"audit keeps an entry with the store's time", func(t *testing.T, c fleet.Coordinator) {
		before, _ := list(t, c, "")
		given := entry("close")
		given.Time = time.Unix(1, 0)
		succeed(t, c.Audit(t.Context(), given))
		after, _ := list(t, c, "")
		got := must[[]fleet.Entry](t)(c.Log(t.Context(), 10))
		if len(got) != 1 || got[0].Time.Before(before.Now) || got[0].Time.After(after.Now) {
			t.Fatalf("the log is %+v, want one entry between %s and %s", got, before.Now, after.Now)
		}
		given.Time = got[0].Time
		same(t, "the entry", got[0], given)
	}},
	{"the log returns the latest entries, the oldest of them first", func(t *testing.T, c fleet.Coordinator) {
		for i := range 7 {
			succeed(t, c.Audit(t.Context(), entry(fmt.Sprint(i))))
		}
		for limit, want := range map[int]string{-1: "", 0: "", 1: "6", 3: "456", 7: "0123456", 100: "0123456"} {
			var got string
			for _, e := range must[[]fleet.Entry](t)(c.Log(t.Context(), limit)) {
				got += e.Action
			}
			if got != want {
				t.Errorf("the log with limit %d is %s, want %s", limit, got, want)
			}
		}
	}},
	{"texts of an entry come back as they were", func(t *testing.T, c fleet.Coordinator) {
		given := entry("wait")
		given.Reason = strings.Repeat("zurück \x00 🙂 ' \" \\ ", 3000)
		given.Result, given.Op, given.Details = "timeout: 2\u2028 of 3", "", nil
		given.Before, given.After = 1<<63+1, 1<<64-1
		succeed(t, c.Audit(t.Context(), given))
		got := must[[]fleet.Entry](t)(c.Log(t.Context(), 1))
		given.Time = got[0].Time
		same(t, "the entry", got[0], given)
	}},
}

// findings returns a report of which nothing is the zero value.
func findings(label string) sqlguard.Report {
	at := time.Date(2026, 3, 29, 2, 30, 0, 123456789, time.UTC)
	tables := []sqlguard.Table{{Schema: "shop", Name: "ord\x00ers", Op: sqlguard.OpInsert}}
	return sqlguard.Report{
		Since: at, Observing: true, Dropped: 1<<63 + 1,
		Statements: []sqlguard.ObservedStatement{{
			Fingerprint: "INSERT INTO shop.orders VALUES (?) -- " + strings.Repeat("ü🙂", 100), Dialect: "postgres",
			Class: sqlguard.Write, Op: sqlguard.OpInsert, Tables: tables, Why: "it writes", Would: sqlguard.Ask,
			Bypassed: true, Label: label, ReadRoute: true, Count: 3, NoContext: 2, First: at, Last: at.Add(time.Second),
			Caller: "main.save (shop.go:12)", Groups: []sqlguard.Group{sqlguard.GroupReadRoute},
		}},
		Transactions: []sqlguard.ObservedTransaction{{
			Took: time.Minute, Open: true, Began: at, Dialect: "mysql", Op: sqlguard.OpInsert, Tables: tables, Label: label, Caller: "main.pay",
		}},
	}
}

var reportTests = []test{
	{"reports are kept, one a process, and come back as they were", func(t *testing.T, c fleet.Coordinator) {
		before, _ := list(t, c, "")
		succeed(t, c.SaveReport(t.Context(), "b", "web", findings("first")))
		succeed(t, c.SaveReport(t.Context(), "a\x00", "wörker", findings("second")))
		succeed(t, c.SaveReport(t.Context(), "b", "web", findings("third")))
		after, _ := list(t, c, "")
		got := must[[]fleet.InstanceReport](t)(c.Reports(t.Context(), time.Time{}))
		if len(got) != 2 {
			t.Fatalf("there are %d reports, want 2", len(got))
		}
		for _, r := range got {
			if r.Saved.Before(before.Now) || r.Saved.After(after.Now) {
				t.Errorf("saved %s, want between %s and %s", r.Saved, before.Now, after.Now)
			}
		}
		same(t, "what was found", got, []fleet.InstanceReport{
			{Instance: "a\x00", Service: "wörker", Saved: got[0].Saved, Report: findings("second")},
			{Instance: "b", Service: "web", Saved: got[1].Saved, Report: findings("third")},
		})
	}},
	{"reports are those since a time", func(t *testing.T, c fleet.Coordinator) {
		succeed(t, c.SaveReport(t.Context(), "a", "web", findings("a")))
		saved := must[[]fleet.InstanceReport](t)(c.Reports(t.Context(), time.Time{}))[0].Saved
		for since, want := range map[time.Time]int{saved.Add(-time.Hour): 1, saved: 1, saved.Add(time.Hour): 0} {
			if got := must[[]fleet.InstanceReport](t)(c.Reports(t.Context(), since)); len(got) != want {
				t.Errorf("since %s there are %d reports, want %d", since.Sub(saved), len(got), want)
			}
		}
	}},
	{"a report outlives the record of its process", func(t *testing.T, c fleet.Coordinator) {
		brief := instance("brief")
		brief.TTL = time.Millisecond
		for _, i := range []fleet.Instance{instance("left"), brief} {
			must[fleet.Mode](t)(c.Register(t.Context(), i))
			succeed(t, c.SaveReport(t.Context(), i.ID, "web", findings("kept")))
		}
		succeed(t, c.Leave(t.Context(), "left", "lease of left"))
		awaitExpired(t, c, "brief")
		must[bool](t)(c.Forget(t.Context(), "brief"))
		if got := must[[]fleet.InstanceReport](t)(c.Reports(t.Context(), time.Time{})); len(got) != 2 {
			t.Errorf("there are %d reports, want both", len(got))
		}
	}},
	{"drop reports removes all of them", func(t *testing.T, c fleet.Coordinator) {
		succeed(t, c.SaveReport(t.Context(), "a", "web", findings("a")))
		succeed(t, c.SaveReport(t.Context(), "b", "web", findings("b")))
		for range 2 {
			succeed(t, c.DropReports(t.Context()))
		}
		if got := must[[]fleet.InstanceReport](t)(c.Reports(t.Context(), time.Time{})); len(got) != 0 {
			t.Errorf("there are %d reports, want none", len(got))
		}
	}},
	{"a report of nobody is refused", func(t *testing.T, c fleet.Coordinator) {
		if err := c.SaveReport(t.Context(), "", "web", findings("a")); err == nil {
			t.Error("the report was saved")
		}
	}},
}
