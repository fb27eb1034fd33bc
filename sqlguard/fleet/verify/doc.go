// Package verify proves by the database itself that writing is over, and names who still
// writes. It is the level "verified" of the fleet's protocol: what processes
// acknowledge says nothing of those that have no guard, such as psql, cron jobs, and old builds.
//
// [Verifier.Verify] looks twice at a database, some seconds apart, and reports; [Verifier.Wait]
// goes on until the database is quiet. Both only read, without a transaction id, in read-only
// transactions on PostgreSQL.
//
// # What quiet means
//
// At both looks no session and no prepared transaction is a writer, and between them nothing
// was written. A writer is, by the server's own lists,
//
//   - PostgreSQL: a session of the database with a transaction id, or with a lock as taken to
//     write (INSERT takes it before the id); a prepared transaction; a
//     session that hides its activity; a transaction that began before the close, whether
//     running or idle. That of a logical replication's apply worker is one too.
//   - MySQL, MariaDB: an InnoDB transaction that has modified or locked rows, on the whole server;
//     a prepared one (XA); a running statement that writes by its first word; a statement,
//     or a transaction that is not READ ONLY, that began before the close.
//   - SQLite: whoever holds the write lock. SQLite does not tell who.
//
// A transaction that has only read is no writer if it began after the close, idle or not. One that
// is older may have been begun by a process that did not know of the close, and write next;
// neither server tells that it will not, so a long report or a dump that began
// before the close holds up the proof until it ends or its role is left out.
//
// That nothing was written in between is shown by one of two things:
//
//   - The server's mark stood still. PostgreSQL's next transaction id, MySQL's Handler_write,
//     _update and _delete, SQLite's data_version: they move at once, for the whole server.
//   - The mark moved, because of the store's heartbeats or another database, and the counters
//     of all tables but those left out stood still; on PostgreSQL also those of the catalog (DDL, large objects)
//     and the sequences, on MySQL also the counts of DDL statements.
//
// Then comes the position of the log. It is taken after the proof: at an earlier
// one transactions may be open that commit after it.
//
// # What it does not prove
//
//   - Who begins to write after the second look is not seen. That takes a fence in the database.
//   - Who writes, commits and sleeps for longer than [Config.Still] may be missed. Everything that it
//     has committed lies before the position, so that nothing is lost by it; but it will write again.
//   - On MySQL, a statement that calls a function which writes shows with its first row only.
//   - track_counts (PostgreSQL, for superusers) and a change of the performance schema's set-up
//     (MySQL) can hide counts from the second kind of proof, not from the first.
//
// # Why some seconds
//
// PostgreSQL's sessions tell what they have written when they become idle, at most once a
// second (PGSTAT_MIN_INTERVAL); what they hold back they tell after ten seconds of idling at the latest (PostgreSQL
// 15 and later; PGSTAT_IDLE_INTERVAL), or at their end. So one that writes every few seconds is seen every few seconds, which is
// why Still is at least a second and 3 s if not set; and what was written just before the close may
// be told up to ten seconds later. If the mark stood still such news is named as late statistics and
// does not count; otherwise it counts, and Wait takes the longer. Each look is a
// transaction of its own, as statistics are frozen within one (stats_fetch_consistency).
//
// # What is left out
//
// Autovacuum, the senders of replication and the slots they read from; and the
// store's tables, roles and applications, by [LeaveOut]. All are named in the report. Nobody
// is left out who holds a transaction id, or on PostgreSQL a lock, for more than what is left out.
//
// # Privileges
//
// A missing one is a [*PrivilegeError] that names the GRANT, never a shorter list:
//
//   - PostgreSQL 13 or later: pg_read_all_stats, and SELECT on the sequences.
//   - MariaDB 10.5 or later: PROCESS, SELECT on the guarded databases, BINLOG MONITOR if the binary log is on, and
//     SELECT on performance_schema if that is on.
//   - MySQL 8.0 or later: PROCESS, SELECT on the guarded databases and on performance_schema,
//     and REPLICATION CLIENT if the binary log is on. SELECT has to be granted to the account itself, not by a role.
//
// On MariaDB without the performance schema, InnoDB's tables are told apart by their
// modified-row counters and times of last update. Tables of other engines then cannot be told from each other: while the mark
// moves they hold up the proof, so keep the store on another server or set performance_schema=ON.
package verify
