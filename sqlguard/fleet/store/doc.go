// Package store opens a fleet's store by its DSN, with the drivers that it brings along. It has these forms:
//
//	postgres://user:password@host:5432/database   PostgreSQL, as pgx takes it; also postgresql://
//	mysql://user:password@host:3306/database      MySQL or MariaDB; also mariadb://
//	mysql:user:password@tcp(host:3306)/database   the same, as go-sql-driver/mysql takes it, for sockets and the like
//	sqlite:/var/lib/quiesce/fleet.db              a SQLite file, for processes of one host; also file:, and a path that begins with / or .
//
// A text without any of these beginnings is refused, because a misspelt one may hold a password, and would make a file's name.
//
// The store uses one connection, which no guard looks at, and on PostgreSQL a second one to LISTEN, from the first call of
// Changed on. That needs a session of its own, so not a pooler by transactions; without it a change is
// heard of with the next heartbeat.
//
// Connecting may take 10 seconds, and goes on when the call that began it has no more time: the next call has the connection, and one that
// nobody wants is closed 10 seconds later. At most two attempts are under way, so that a server that is slow to accept connections can
// catch up with a fleet. If both hang at an address that is dead, a store that has moved meanwhile is not tried before one of them has ended:
// connect_timeout in the DSN, which is timeout for MySQL, has them end sooner.
package store
