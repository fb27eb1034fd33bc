package testdb

import (
	"strings"
	"testing"
)

// PostgresWith starts a PostgreSQL server as [Postgres] does, with command-line flags of its
// own, such as "-c", "wal_level=logical". No other test shares it, and it stops with this one.
// A flag must hold nothing that a shell would read as more than a word.
func PostgresWith(t testing.TB, flags ...string) *Server {
	t.Helper()
	return sharedPostgres.with(t, flags)
}

// MariaDBWith does for [MariaDB] what [PostgresWith] does for PostgreSQL.
func MariaDBWith(t testing.TB, flags ...string) *Server {
	t.Helper()
	return sharedMariaDB.with(t, flags)
}

func (s *shared) with(t testing.TB, flags []string) *Server {
	t.Helper()
	found := s.get(t).programs // skips where there are none
	engine := *s.engine
	engine.script = "flags='" + strings.Join(flags, " ") + "'\n" + engine.script
	server, err := start(&engine, found)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.process.stop(stopTimeout) })
	return server
}
