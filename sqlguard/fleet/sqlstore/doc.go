// Package sqlstore keeps a fleet's records in a SQL database: PostgreSQL from version 10 on, MySQL from 5.7, MariaDB
// from 10.2, SQLite from 3.42. [Store] is a [fleet.Coordinator] over a *sql.DB with any driver; package store opens one by its DSN.
//
// # Four tables
//
//	quiesce_mode      the record of the fleet: one row, which also has the version of these tables
//	quiesce_instance  a row for each process
//	quiesce_audit     the audit log
//	quiesce_report    what processes have found in observe mode
//
// What people write is JSON in ASCII, so neither the encoding of a database nor that of a connection
// can change it, and ids are quoted as in Go, so that each byte counts, whatever the collation. Times are microseconds since 1970 in UTC,
// taken from the server's clock inside of each statement, and never from the client's. SQLite's clock, which is that of the host,
// counts milliseconds; a TTL is rounded up to what the clock can tell.
//
// # What it costs
//
// A heartbeat is one statement, and so are all else that processes do often: on PostgreSQL and SQLite the UPDATE returns the mode. MySQL cannot, and
// MariaDB neither (it has RETURNING for INSERT and DELETE alone), so there the UPDATE is conditional on the mode being the one that this
// process read last; only if it is not, a transaction of five statements reads it.
//
// # What time a list has
//
// A record counts as expired only if its process can have renewed it no more. So the time of a list
// is taken before its snapshot, never after it: a server that stalls between the two then makes records look younger, not older.
package sqlstore
