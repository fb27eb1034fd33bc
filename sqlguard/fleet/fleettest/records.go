package fleettest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

var recordTests = []test{
	{"register returns the mode", func(t *testing.T, c fleet.Coordinator) {
		want := swap(t, c, closed("op"))
		same(t, "what register returns", must[fleet.Mode](t)(c.Register(t.Context(), instance("a"))), want)
	}},
	{"register writes the record with the store's time", func(t *testing.T, c fleet.Coordinator) {
		given := instance("a")
		given.Registered, given.Seen, given.ExpiresIn = time.Unix(1, 0), time.Unix(2, 0), 3
		before, _ := list(t, c, "a")
		must[fleet.Mode](t)(c.Register(t.Context(), given))
		all, r := list(t, c, "a")
		if r == nil {
			t.Fatal("there is no record")
		}
		if r.Registered.Before(before.Now) || r.Registered.After(all.Now) || !r.Seen.Equal(r.Registered) {
			t.Errorf("registered %s and seen %s, want the same time between %s and %s",
				r.Registered, r.Seen, before.Now, all.Now)
		}
		given.Registered, given.Seen, given.ExpiresIn = r.Registered, r.Seen, r.ExpiresIn
		same(t, "the record", *r, given)
	}},
	{"register refuses a record that is not valid", func(t *testing.T, c fleet.Coordinator) {
		broken := instance("a")
		broken.TTL = 0
		if _, err := c.Register(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "Instance.TTL") {
			t.Errorf("register: %v, want an error that names the field", err)
		}
		if all, _ := list(t, c, "a"); len(all.Instances) != 0 {
			t.Errorf("the fleet is %+v, want nobody", all.Instances)
		}
	}},
	{"register replaces the record of the same id, and its lease", func(t *testing.T, c fleet.Coordinator) {
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		second := instance("a")
		second.Lease, second.Version, second.TTL = "another", "v2", 2*time.Hour
		must[fleet.Mode](t)(c.Register(t.Context(), second))
		all, r := list(t, c, "a")
		if len(all.Instances) != 1 || r.Lease != "another" || r.Version != "v2" || r.TTL != 2*time.Hour {
			t.Errorf("the fleet is %+v, want the second record alone", all.Instances)
		}
		refused(t, c, "a", "lease of a")
		must[fleet.Mode](t)(c.Heartbeat(t.Context(), "a", "another", fleet.Report{}))
	}},
	{"register twice leaves one record", func(t *testing.T, c fleet.Coordinator) {
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		if all, _ := list(t, c, "a"); len(all.Instances) != 1 {
			t.Errorf("there are %d records, want 1", len(all.Instances))
		}
	}},
	{"a heartbeat replaces the report, and returns the mode", func(t *testing.T, c fleet.Coordinator) {
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		_, registered := list(t, c, "a")
		want := swap(t, c, closed("op"))
		report := fleet.Report{Epoch: want.Epoch, Bound: "op", Drained: want.Epoch}
		for range 2 { // the same call twice does the same
			same(t, "what the heartbeat returns",
				must[fleet.Mode](t)(c.Heartbeat(t.Context(), "a", "lease of a", report)), want)
		}
		_, r := list(t, c, "a")
		same(t, "the report", r.Report, report)
		if !r.Registered.Equal(registered.Registered) || r.Seen.Before(registered.Seen) {
			t.Errorf("registered %s and seen %s, want %s and later", r.Registered, r.Seen, registered.Registered)
		}
	}},
	{"a heartbeat without a record is refused", func(t *testing.T, c fleet.Coordinator) {
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		refused(t, c, "nobody", "lease of a")
		refused(t, c, "a", "another lease")
		refused(t, c, "A", "lease of a")
		refused(t, c, "a", "LEASE OF A")
		refused(t, c, "a ", "lease of a")
		refused(t, c, "a", "lease of a ")
		refused(t, c, "", "")
	}},
	{"leave removes the record of that lease only", func(t *testing.T, c fleet.Coordinator) {
		must[fleet.Mode](t)(c.Register(t.Context(), instance("a")))
		must[fleet.Mode](t)(c.Register(t.Context(), instance("b")))
		succeed(t, c.Leave(t.Context(), "a", "another lease"))
		succeed(t, c.Leave(t.Context(), "nobody", "lease of a"))
		if all, _ := list(t, c, "a"); len(all.Instances) != 2 {
			t.Fatalf("there are %d records, want both", len(all.Instances))
		}
		for range 2 { // the second time there is none
			succeed(t, c.Leave(t.Context(), "a", "lease of a"))
		}
		refused(t, c, "a", "lease of a")
		if all, b := list(t, c, "b"); len(all.Instances) != 1 || b == nil {
			t.Errorf("the fleet is %+v, want b alone", all.Instances)
		}
	}},
	{"ids and leases are told apart by each byte", func(t *testing.T, c fleet.Coordinator) {
		ids := []string{"a", "A", "ä", "a\u0308", "a ", "a\x00", "a\\x00", "🙂", "\xff", "'", `"`, "%", "web/é", strings.Repeat("\x00", 128)}
		for _, id := range ids {
			i := instance(id)
			i.Lease = id
			must[fleet.Mode](t)(c.Register(t.Context(), i))
		}
		all, _ := list(t, c, "")
		if len(all.Instances) != len(ids) {
			t.Fatalf("there are %d records, want %d", len(all.Instances), len(ids))
		}
		for i, id := range ids {
			if _, r := list(t, c, id); r == nil || r.Lease != id {
				t.Errorf("the record of %q is %+v", id, r)
			}
			refused(t, c, id, ids[(i+1)%len(ids)])
			must[fleet.Mode](t)(c.Heartbeat(t.Context(), id, id, fleet.Report{}))
		}
	}},
	{"texts of a record come back as they were", func(t *testing.T, c fleet.Coordinator) {
		i := instance("a")
		i.Service, i.Host, i.Version = "wéb\x00", "🙂 ' \" \\", "\u2028 % ? $1"
		i.Work = strings.Repeat("INSERT bücher\x00 🙂", 1000)
		i.PID, i.Protocol, i.Tail = 1<<31-1, 7, 0
		must[fleet.Mode](t)(c.Register(t.Context(), i))
		_, r := list(t, c, "a")
		i.Registered, i.Seen, i.ExpiresIn = r.Registered, r.Seen, r.ExpiresIn
		same(t, "the record", *r, i)
	}},
}

// refused fails the test unless a heartbeat is refused.
func refused(t testing.TB, c fleet.Coordinator, id, lease string) {
	t.Helper()
	if _, err := c.Heartbeat(t.Context(), id, lease, fleet.Report{}); !errors.Is(err, fleet.ErrExpired) {
		t.Errorf("the heartbeat of %q with lease %q: %v, want ErrExpired", id, lease, err)
	}
}

var expiryTests = []test{
	{"an expired record is refused, and stays expired", func(t *testing.T, c fleet.Coordinator) {
		brief := instance("brief")
		brief.TTL = time.Millisecond
		must[fleet.Mode](t)(c.Register(t.Context(), brief))
		awaitExpired(t, c, "brief")
		_, before := list(t, c, "brief")
		refused(t, c, "brief", brief.Lease)
		_, after := list(t, c, "brief")
		if after == nil || after.ExpiresIn > before.ExpiresIn || !after.Seen.Equal(before.Seen) {
			t.Errorf("the record is %+v, want it as it was: %+v", after, before)
		}
		must[fleet.Mode](t)(c.Register(t.Context(), brief)) // anew
		if _, again := list(t, c, "brief"); !again.Registered.After(before.Registered) {
			t.Errorf("registered at %s, want later than %s", again.Registered, before.Registered)
		}
	}},
	{"a heartbeat makes the record valid for its TTL from then on", func(t *testing.T, c fleet.Coordinator) {
		i := instance("a")
		must[fleet.Mode](t)(c.Register(t.Context(), i))
		before, _ := list(t, c, "a")
		for before.Now.Equal(must[fleet.Snapshot](t)(c.List(t.Context())).Now) {
			time.Sleep(time.Millisecond) // until the store's clock has moved
		}
		must[fleet.Mode](t)(c.Heartbeat(t.Context(), "a", i.Lease, fleet.Report{}))
		all, r := list(t, c, "a")
		if !r.Seen.After(before.Now) {
			t.Errorf("seen %s, want later than %s", r.Seen, before.Now)
		}
		if got, want := r.ExpiresIn, r.Seen.Add(i.TTL).Sub(all.Now); got != want {
			t.Errorf("it expires in %s, want %s, which is its TTL after it was seen", got, want)
		}
	}},
	{"forget removes an expired record only", func(t *testing.T, c fleet.Coordinator) {
		brief := instance("brief")
		brief.TTL = time.Millisecond
		must[fleet.Mode](t)(c.Register(t.Context(), brief))
		must[fleet.Mode](t)(c.Register(t.Context(), instance("valid")))
		awaitExpired(t, c, "brief")
		for _, call := range []struct {
			id   string
			want bool
		}{{"valid", false}, {"nobody", false}, {"brief", true}, {"brief", false}} {
			if got := must[bool](t)(c.Forget(t.Context(), call.id)); got != call.want {
				t.Errorf("forget %s: %t, want %t", call.id, got, call.want)
			}
		}
		if all, valid := list(t, c, "valid"); len(all.Instances) != 1 || valid == nil {
			t.Errorf("the fleet is %+v, want the valid one alone", all.Instances)
		}
	}},
}
