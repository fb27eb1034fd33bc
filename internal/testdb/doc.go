// Package testdb starts private, throwaway PostgreSQL and MariaDB servers for tests.
//
// A server is started from the programs installed on this machine by the first test
// that asks for it, and is shared by all tests of that process; each test takes a
// database of its own with [Server.Database]. A server that is already running is
// never used, and nothing listens on the network: a server is reached through a
// socket in a temporary folder that only its own account may enter. When run as
// root, the server runs as an unprivileged account.
//
// # Nothing is left behind
//
// A server is not the child of the test process but of a supervisor, a shell script
// in a session of its own, whose standard input is a pipe held open by the test
// process. The kernel closes that pipe however the process ends (a panic, os.Exit, a
// timeout, SIGKILL, Ctrl-C); the supervisor then stops the server and removes its
// folder. There is nothing to call at the end of a test run. Only a SIGKILL of the
// supervisor itself defeats this.
//
// # Environment
//
//   - QUIESCE_TEST_SERVERS: if "required", a test that needs a server whose programs
//     are not installed fails; if empty, it is skipped.
//   - QUIESCE_POSTGRES_BIN: the folder that holds initdb, postgres and pg_dump. If
//     empty, PATH and the usual folders are searched, newest version first.
//   - QUIESCE_MARIADB_BIN: the folder that holds mariadb-install-db; mariadbd and
//     mariadb-dump are there too, or in a sbin, libexec or scripts folder beside it.
package testdb
