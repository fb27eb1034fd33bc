package sqlguard

import (
	"fmt"
	"slices"
	"strings"
)

// Op is what a statement does, as the engine calls it, in upper case: INSERT,
// CREATE TABLE, LOCK TABLE. It is never text of the statement itself, so it may be
// logged and counted. The constants are the ones that a [Rule] is likely to
// name; a dialect may return others.
type Op string

const (
	OpSelect   Op = "SELECT"
	OpInsert   Op = "INSERT"
	OpUpdate   Op = "UPDATE"
	OpDelete   Op = "DELETE"
	OpMerge    Op = "MERGE"
	OpReplace  Op = "REPLACE"
	OpCopy     Op = "COPY"
	OpTruncate Op = "TRUNCATE"

	// OpLock takes row or table locks: SELECT … FOR UPDATE, LOCK TABLE.
	OpLock Op = "LOCK"
	// OpAdvisoryLock takes an advisory or named lock: pg_advisory_lock, GET_LOCK.
	OpAdvisoryLock Op = "ADVISORY LOCK"
	// OpUnlock releases locks of either kind.
	OpUnlock Op = "UNLOCK"

	// OpUnknown belongs to a text that is not understood.
	OpUnknown Op = "UNKNOWN"
)

// Table is a table, or another relation, that a statement writes or locks.
type Table struct {
	// Schema is the schema (PostgreSQL, SQLite) or database (MySQL) that the
	// statement names before the table; empty if it names none.
	Schema string `json:"schema,omitempty"`
	// Name is the table's name as the engine resolves it: unquoted, and folded to
	// lower case where the engine does so (PostgreSQL's unquoted names, all of SQLite's).
	Name string `json:"name"`
	// Op is what is done to this table. It differs from the verdict's Op in a
	// statement such as WITH d AS (DELETE …) INSERT ….
	Op Op `json:"op,omitempty"`
}

// String returns schema.name, or the name alone.
func (t Table) String() string {
	if t.Schema == "" {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

// Tx says what a statement does to the transaction it runs in.
type Tx uint8

const (
	TxNone       Tx = iota // leaves the transaction alone
	TxBegin                // BEGIN, START TRANSACTION; MySQL's SET autocommit = 0
	TxCommit               // COMMIT, END
	TxRollback             // ROLLBACK, ABORT
	TxSavepoint            // SAVEPOINT
	TxRelease              // RELEASE SAVEPOINT; SQLite commits with it where the savepoint began the transaction
	TxRollbackTo           // ROLLBACK TO SAVEPOINT
)

// Verdict is what a [Dialect] says of one text. It holds no part of the text
// but names of tables and functions, and it is never changed once it is
// returned, so several goroutines may share one.
type Verdict struct {
	// Class is the class of the statement; of several in one text, the one that
	// [Combine] finds.
	Class Class

	// Op is what the statement does; of several, the first one of the worst class.
	Op Op

	// Tables are the tables written or locked, each with what is done to it, in
	// the order of the text. Tables that are only read are not among them. One that
	// is written in two ways, as by INSERT … ON CONFLICT DO UPDATE, is there twice.
	Tables []Table

	// Complete reports that Tables names everything that the text shows to be
	// written or locked. It does not speak of triggers, cascades, rules,
	// partitions and views, which no text shows, nor of Calls.
	Complete bool

	// Calls are the functions that nobody vouches for, as schema.name or name,
	// in the order of the text; operators, casts and cursors are written
	// "operator <->", "type name" and "cursor name". They are what makes a query Unproven. A Write or Lock may have
	// them too: a rule that allows it does not vouch for them.
	Calls []string

	// Functions reports that the text calls any function at all, even one that
	// is known only to read. Where the search path is the application's own, such
	// a call may reach another function than the known one.
	Functions bool

	// Why says in a few words what decided the class: "row lock",
	// "calls f, which is not known to only read". It is for people, and may change.
	Why string

	// Tx is what the statement does to the transaction it runs in.
	Tx Tx

	// Commits reports that the engine commits an open transaction before or
	// after this statement without being asked to: MySQL's BEGIN, DDL, LOCK TABLES.
	Commits bool

	// Shadows reports that later names on this connection may resolve to other
	// objects: SET search_path to a list of the application's own.
	Shadows bool

	// Declares is the cursor that the statement declares, as the engine folds its
	// name; empty if it declares none. Where such a statement was let through as
	// a [Read], reading from the cursor is one too: the dialect, which sees only
	// the FETCH, has "cursor name" among Calls.
	Declares string

	// AtPrepare reports that the engine acts on the statement when it is
	// prepared, not only when it is executed: SQLite's flag PRAGMAs.
	AtPrepare bool

	// FoldCase reports that the engine compares table names without regard to
	// ASCII case (SQLite).
	FoldCase bool

	// Parts are the statements of a text that has more than one, in order; nil
	// for a text with one.
	Parts []Verdict
}

// OnlyReads reports whether the statement, or the text without any, is a [Read] and does nothing
// besides: then it passes in every mode, whatever the policy says, and changes nothing for
// the statements that follow.
func (v *Verdict) OnlyReads() bool {
	return v.Class == Read && v.Tx == TxNone && len(v.Parts) == 0 && len(v.Calls) == 0 &&
		v.Declares == "" && !v.Commits && !v.Shadows
}

// Dialect judges the texts of one kind of database.
type Dialect interface {
	// Name is the dialect's name in errors and events: "postgres", "mysql", "sqlite".
	Name() string

	// Classify judges one text, which may hold several statements. It never
	// fails: what it does not understand is a Write with Op OpUnknown, and a text
	// without any statement is a Read. It keeps no reference to sql's bytes, and
	// several goroutines may call it.
	Classify(sql string) Verdict
}

// NotUnderstood returns the verdict on a text that a dialect cannot judge: a
// Write whose targets are unknown. The reason goes into Why and must not quote
// the text.
func NotUnderstood(reason string) Verdict {
	return Verdict{Class: Write, Op: OpUnknown, Why: "not understood: " + reason}
}

// Combine judges a text by its statements. The worst class decides, in the
// order Escape, Schema, Write, Lock, Unproven, Session, Read. An Unproven statement beside
// anything but Reads makes the text a Write, because the engine cannot judge
// it: COMMIT; SELECT f() would end the very transaction it is judged in.
//
// Combine takes over parts. For a single statement it returns that statement's
// own verdict, for none a Read.
func Combine(parts []Verdict) Verdict {
	switch len(parts) {
	case 0:
		return Verdict{Class: Read, Op: OpSelect, Complete: true, Why: "no statement"}
	case 1:
		return parts[0]
	}
	all := Verdict{Complete: true, Parts: parts}
	unproven, onlyReads := false, true
	for i := range parts {
		p := &parts[i]
		if all.Class == 0 || p.Class.rank() > all.Class.rank() {
			all.Class, all.Op, all.Why = p.Class.rank(), p.Op, p.Why
		}
		all.Tables = append(all.Tables, p.Tables...)
		all.Calls = append(all.Calls, p.Calls...)
		all.Complete = all.Complete && p.Complete
		all.Functions = all.Functions || p.Functions
		all.Commits = all.Commits || p.Commits
		all.Shadows = all.Shadows || p.Shadows
		all.AtPrepare = all.AtPrepare || p.AtPrepare
		all.FoldCase = all.FoldCase || p.FoldCase
		unproven = unproven || p.Class == Unproven
		onlyReads = onlyReads && (p.Class == Unproven || p.Class == Read)
	}
	if unproven && !onlyReads && all.Class.rank() < Write {
		all.Class, all.Op, all.Complete = Write, OpUnknown, false
		all.Why = "a query that cannot be proven to only read, beside other statements"
	}
	return all
}

// maxListed bounds how many tables a message names.
const maxListed = 8

// tableList returns the tables' names for people, each once: "a, public.b".
func tableList(tables []Table) string {
	var names []string
	for _, t := range tables {
		if name := t.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - maxListed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), more)
	}
	return strings.Join(names, ", ")
}
