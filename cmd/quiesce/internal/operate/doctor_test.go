package operate

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// examine returns what doctor finds with a store and an account of the database.
func (s *site) examine(target Target, account string) string {
	s.Helper()
	out, err := Doctor(s.Context(), s.deps, Examining{Target: target, Databases: []string{s.as(account)}})
	well := true
	for _, c := range out.Checks {
		well = well && c.OK
	}
	if (ExitCode(err) == ExitOK) != well || len(out.Checks) == 0 {
		s.Errorf("exit code %d of\n%s", ExitCode(err), out)
	}
	return out.String()
}

// as is the DSN of the database for an account; "" for the administrator's.
func (s *site) as(account string) string {
	if account == "" {
		return s.dsn
	}
	return strings.Replace(strings.Replace(s.dsn, "root@", account+"@", 1), "postgres@", account+"@", 1)
}

// account makes one that has these grants alone.
func (s *site) account(name string, grants ...string) {
	s.Helper()
	create, drop := "CREATE ROLE "+name+" LOGIN", []string{"DROP OWNED BY " + name, "DROP ROLE " + name}
	if s.prefix != "" {
		create, drop = "CREATE USER "+name+"@localhost", []string{"DROP USER " + name + "@localhost"}
	}
	for _, text := range append([]string{create}, grants...) {
		if _, err := s.bare.Exec(text); err != nil {
			s.Fatalf("%s: %v", text, err)
		}
	}
	s.Cleanup(func() {
		for _, text := range drop {
			if _, err := s.bare.Exec(text); err != nil {
				s.Error(err)
			}
		}
	})
}

// connect opens a session of an account, which is open until the test is over.
func (s *site) connect(account string) {
	s.Helper()
	databases, err := openDatabases([]string{s.as(account)})
	s.must(nil, err)
	s.Cleanup(func() { closeDatabases(databases) })
	s.must(nil, databases[0].db.PingContext(s.Context()))
}

// elsewhere is a fleet whose only process is on another host.
func (s *site) elsewhere() Target {
	s.Helper()
	target := Target{Store: "sqlite:" + filepath.Join(s.TempDir(), "elsewhere.db"), Actor: "kim"}
	s.must(Init(s.Context(), s.deps, target))
	st, err := store.Open(s.Context(), target.Store)
	s.must(nil, err)
	defer st.Close()
	_, err = st.Register(s.Context(), fleet.Instance{ID: "far", Lease: "x", Service: "web", Host: "192.0.2.7", Protocol: fleet.Protocol, TTL: 3600e9})
	s.must(nil, err)
	return target
}

func (s *site) says(when, text string, lines ...string) {
	s.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line) {
			s.Errorf("%s doctor does not say %q, but\n%s", when, line, text)
		}
	}
}

// grants are what the doctor's accounts are given on a server, and what they lack.
var grants = map[string]struct {
	look   []string // what verify needs, and no more
	rest   []string // what the level strict needs besides
	revoke string   // the right of app to take the fence
	passes string   // what is said of the administrator's account
	lacks  []string // what is said to somebody who has look alone
	only   []string // what is said on this server alone, to an administrator
}{
	"PostgreSQL": {
		look:   []string{"GRANT pg_read_all_stats TO op"},
		rest:   []string{"GRANT pg_signal_backend TO op", "GRANT EXECUTE ON FUNCTION quiesce.fence_set TO op", "GRANT DELETE ON quiesce_open.fence TO op"},
		revoke: "REVOKE ALL ON quiesce_open.fence FROM PUBLIC",
		passes: "note  the role postgres, which is connected, is a superuser",
		lacks:  []string{"GRANT pg_signal_backend TO op", "CHECK this command may not close the fence\n      GRANT EXECUTE ON FUNCTION quiesce.fence_set TO op; GRANT DELETE ON quiesce_open.fence TO op"},
		only: []string{"note  this command connects as postgres, a superuser",
			"CHECK client_connection_check_interval is off: a statement goes on after its process was killed"},
	},
	"MariaDB": {
		look:   []string{"GRANT PROCESS, BINLOG MONITOR ON *.* TO op@localhost", "GRANT SELECT ON *.* TO op@localhost"},
		rest:   []string{"GRANT CONNECTION ADMIN ON *.* TO op@localhost", "GRANT SELECT, UPDATE ON quiesce_fence TO op@localhost"},
		revoke: "SELECT 1", // app was given nothing on the fence
		passes: "note  the account root, which is connected, has a privilege that passes read_only",
		lacks:  []string{"GRANT CONNECTION ADMIN ON *.* TO 'op'@'localhost'", "CHECK this command may not close the fence"},
	},
}

func TestDoctorLooksAtADatabase(t *testing.T) {
	onServers(t, func(s *site) {
		g := grants[s.name]
		s.must(nil, s.db.PingContext(s.Context())) // a guarded session
		s.says("without a fence", s.examine(s.target, ""), append(g.only, g.passes,
			"note  the fence is not installed", "come from hosts of the fleet; the database cannot tell which of them have a guard")...)
		s.says("to another fleet", s.examine(s.elsewhere(), ""), "sessions are not guarded, for all that is known: role", "from local", "where no process of the fleet is registered")

		s.must(s.fenced(Install))
		s.account("app")
		if s.prefix != "" {
			_, err := s.bare.Exec("GRANT SELECT ON w TO app@localhost")
			s.must(nil, err)
		}
		s.account("op", g.look...)
		s.connect("app")
		s.must(s.fenced(Enable))
		_, err := s.bare.Exec(g.revoke)
		s.must(nil, err)
		s.says("to an administrator", s.examine(s.target, ""), "ok    the fence is there, open, and the fleet takes it", "app may not take the fence")
		s.says("to who may only look", s.examine(s.target, "op"), append(g.lacks, "CHECK this command may not")...)
		for _, text := range g.rest {
			_, err := s.bare.Exec(text)
			s.must(nil, err)
		}
		text := s.examine(s.target, "op")
		if strings.Contains(text, "may not close the fence") {
			s.Errorf("with the grants that it has named doctor says\n%s", text)
		}
		if s.prefix != "" {
			s.says("with the grants that it has named", text, "ok    this command may end the sessions")
		} else {
			s.says("where superusers are connected", text, "sessions of superusers are ended by superusers alone")
		}
	})
}

func TestDoctorLooksAtTheFence(t *testing.T) {
	onServers(t, func(s *site) {
		install := func() error { return s.fence.Install(s.Context()) }
		for _, tt := range []struct {
			name   string
			before func() error
			mode   fleet.Mode
			says   string
			there  bool
		}{
			{"none, and none is taken", nil, fleet.Mode{State: fleet.Open}, "note  the fence is not installed", false},
			{"none, where the fleet takes it", nil, fleet.Mode{State: fleet.Open, Fence: true}, "CHECK the fleet takes the fence of its databases, and there is none in this one", false},
			{"one that is not taken", install, fleet.Mode{State: fleet.Open}, "note  the fence is there, and the fleet takes none", true},
			{"one that is taken", nil, fleet.Mode{State: fleet.Open, Fence: true}, "ok    the fence is there, open, and the fleet takes it", true},
			{"one of a closed fleet that is open", nil, fleet.Mode{State: fleet.Closed, Fence: true}, "ok    the fence is there, and open", true},
		} {
			if tt.before != nil {
				s.must(nil, tt.before())
			}
			s.looksAt(tt.name, tt.mode, tt.says, tt.there)
		}
		lock, err := s.fence.Close(s.Context(), nil)
		s.must(nil, err)
		s.must(nil, lock.Release())
		s.looksAt("one that is closed at night", fleet.Mode{State: fleet.Closed, Fence: true}, "ok    the fence is there, and closed", true)
		s.looksAt("one that is closed by day", fleet.Mode{State: fleet.Open, Fence: true}, "closed by the last operation, which harms nobody while the fleet is open", true)
		s.must(nil, s.fence.Remove(s.Context()))
	})
}

func (s *site) looksAt(name string, mode fleet.Mode, says string, there bool) {
	s.Helper()
	var out DoctorOut
	is := out.fence(s.Context(), mode, Database{s.bare, s.dialect})
	if is != there || !strings.Contains(out.String(), says) {
		s.Errorf("%s: there is %t, and doctor says\n%s", name, is, out)
	}
}

func TestDoctorKnowsWhereAFleetIs(t *testing.T) {
	h := hosts{addresses: map[string]bool{"web-1": true, "192.0.2.1": true, "2001:db8::1": true}, here: true}
	away := h
	away.here = false
	for _, tt := range []struct {
		name       string
		hosts      hosts
		host, self string
		known      bool
	}{
		{"an address of one of its hosts", h, "192.0.2.1", "192.0.2.9", true},
		{"another address", h, "192.0.2.2", "192.0.2.9", false},
		{"one of IPv6", h, "2001:db8::1", "192.0.2.9", true},
		{"a name, where the server looks names up", h, "web-1", "192.0.2.9", true},
		{"a socket, on the host of both", h, "local", "127.0.0.1", true},
		{"the loopback, on the host of both", h, "::1", "local", true},
		{"a socket on the host of a database that is elsewhere", h, "local", "192.0.2.9", false},
		{"a socket, where the fleet is on other hosts", away, "local", "local", false},
	} {
		if got := tt.hosts.has(tt.host, tt.self); got != tt.known {
			t.Errorf("%s: known is %t", tt.name, got)
		}
	}
	var out DoctorOut
	out.clients([]verify.Client{
		{PID: 1, User: "app", Host: "192.0.2.1"}, {PID: 2, User: "cron", Application: "psql", Host: "192.0.2.2"}, {PID: 3, User: "cron", Application: "psql", Host: "192.0.2.2"},
	}, h, "local")
	text := out.String()
	for _, want := range []string{
		"CHECK 2 sessions are not guarded, for all that is known: role cron from 192.0.2.2 (application psql), where no process of the fleet is registered\n",
		"ok    1 sessions come from hosts of the fleet",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q, but\n%s", want, text)
		}
	}
}
