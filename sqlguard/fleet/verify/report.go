package verify

import (
	"time"
)

// A Report is what two looks at a database have shown. Its JSON names are stable.
type Report struct {
	Dialect   string   `json:"dialect"`
	Databases []string `json:"databases"`

	// Quiet says that nobody was seen writing, and that nothing was written between the
	// looks. Everything else of the report says why, or why not.
	Quiet bool `json:"quiet"`

	// At is when the second look began, by the server's clock. With SQLite it is this
	// process's.
	At time.Time `json:"at"`
	// StillSeconds is how long lay between the looks. Zero: there was one look so far.
	StillSeconds float64 `json:"still_seconds"`
	// Proof is a sentence on what stood still. It is empty unless Quiet.
	Proof string `json:"proof,omitempty"`

	// Writers are who held up the proof at one of the looks.
	Writers []Writer `json:"writers,omitempty"`
	// Moved are the tables and sequences that were written between the looks.
	Moved []Moved `json:"moved,omitempty"`
	// LeftOut is what was seen and does not count.
	LeftOut []LeftOutItem `json:"left_out,omitempty"`

	// Position is where the log stood after the proof. It is set only if Quiet.
	Position *Position `json:"position,omitempty"`
}

// A Hold is why a session, or a transaction without one, counts as a writer.
type Hold string

// The holds, as they are in JSON.
const (
	// HoldsTransaction is an open transaction that has written: it has a transaction id
	// (PostgreSQL) or modified rows (MySQL). On PostgreSQL writing to temporary tables and
	// locking rows take an id too.
	HoldsTransaction Hold = "transaction"
	// HoldsLock is a lock on a table, as taken before the first row is written, or, on MySQL,
	// on rows.
	HoldsLock Hold = "lock"
	// HoldsPrepared is a prepared transaction, which can commit without its session.
	HoldsPrepared Hold = "prepared"
	// HoldsOld is a transaction or a statement that began before writing was closed, and
	// could still write.
	HoldsOld Hold = "older-than-close"
	// HoldsStatement is a running statement that writes by its first word. MySQL only.
	HoldsStatement Hold = "statement"
	// HoldsHidden is a session that does not tell what it does (track_activities is off).
	HoldsHidden Hold = "hidden"
)

// A Writer is one session, or one prepared transaction. What is not known is empty.
type Writer struct {
	// PID is the server's: of the process on PostgreSQL, of the connection on MySQL. It
	// is zero for a prepared transaction that has no session, and for SQLite.
	PID         int64  `json:"pid,omitempty"`
	User        string `json:"user,omitempty"`
	Application string `json:"application,omitempty"`
	// Database is the session's current one. On MySQL it may write to others.
	Database string `json:"database,omitempty"`
	// Client is the address it is connected from, or "local" for a Unix socket.
	Client string `json:"client,omitempty"`
	// AgeSeconds is how old the transaction is, or the statement.
	AgeSeconds float64 `json:"age_seconds"`
	// Hold is the most telling of its holds; Detail says it in words, with the tables.
	Hold   Hold   `json:"hold"`
	Detail string `json:"detail"`
	// Ended says that it was there at the first look and no longer at the second.
	Ended bool `json:"ended,omitempty"`
}

// Moved is a table or a sequence that was written.
type Moved struct {
	Table string `json:"table"`
	// What says how it moved, where rows do not: "created", "dropped", "truncated or rewritten", …
	What     string `json:"what,omitempty"`
	Inserted int64  `json:"inserted,omitempty"`
	Updated  int64  `json:"updated,omitempty"`
	Deleted  int64  `json:"deleted,omitempty"`
}

// A LeftOutItem is something that was seen, and does not count as writing.
type LeftOutItem struct {
	// Kind is "autovacuum", "replication", "replication slot", "session", "table" or
	// "late statistics".
	Kind string `json:"kind"`
	// Name is the table, the slot, or the session in words.
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
}

// A Position is a place in the server's log that lies after all that was written.
type Position struct {
	// LSN is PostgreSQL's insert position: unlike the written and the flushed one, it is
	// after every commit, those with synchronous_commit off too.
	LSN string `json:"lsn,omitempty"`
	// File and Offset are of the binary log, and GTID is its set: MariaDB's
	// gtid_binlog_pos, MySQL's Executed_Gtid_Set.
	File   string `json:"file,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	GTID   string `json:"gtid,omitempty"`
	// Note says why there is none.
	Note string `json:"note,omitempty"`
}
