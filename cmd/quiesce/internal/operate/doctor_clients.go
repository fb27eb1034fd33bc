package operate

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// hosts are the places from which the processes of a fleet come.
type hosts struct {
	addresses map[string]bool
	here      bool // one is on this host
}

// hostsOf looks up where the processes of a fleet are.
func hostsOf(ctx context.Context, instances []fleet.Instance) hosts {
	h := hosts{addresses: map[string]bool{}}
	here, _ := os.Hostname()
	for _, i := range instances {
		if i.Host == "" || h.addresses[i.Host] {
			continue
		}
		h.addresses[i.Host] = true
		h.here = h.here || i.Host == here
		found, _ := net.DefaultResolver.LookupHost(ctx, i.Host) // what is not found is known by its name alone
		for _, address := range found {
			h.addresses[address] = true
		}
	}
	return h
}

// has reports whether a process of the fleet may be where a session comes from. Who comes by a socket, or by the
// loopback, is on the host of the database, which is this one where self, the session of this command, comes so as well.
func (h hosts) has(host, self string) bool {
	if near(host) {
		return h.here && near(self)
	}
	return h.addresses[host]
}

func near(host string) bool {
	ip := net.ParseIP(host)
	return host == "local" || host == "localhost" || ip != nil && ip.IsLoopback()
}

// clients names the sessions that no process of the fleet can have. What guards a session is not seen from the
// database; where it comes from is.
func (o *DoctorOut) clients(clients []verify.Client, h hosts, self string) {
	strangers := map[string]int{}
	known := 0
	for _, c := range clients {
		if h.has(c.Host, self) {
			known++
			continue
		}
		name := fmt.Sprintf("role %s from %s", c.User, c.Host)
		if c.Application != "" {
			name += fmt.Sprintf(" (application %s)", c.Application)
		}
		strangers[name]++
	}
	for _, name := range sorted(strangers) {
		o.add(false, fmt.Sprintf("%d sessions are not guarded, for all that is known: %s, where no process of the fleet is registered", strangers[name], name),
			"nobody keeps them from writing: guard that program and have it join the fleet, or stop it for the night; if a pooler or a proxy stands there, look who connects through it")
	}
	if known > 0 {
		o.add(true, fmt.Sprintf("%d sessions come from hosts of the fleet; the database cannot tell which of them have a guard", known), "")
	}
}

func sorted(counts map[string]int) (names []string) {
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// users are the roles that are connected, in order.
func users(clients []verify.Client) (all []string) {
	for _, c := range clients {
		all = append(all, c.User)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
