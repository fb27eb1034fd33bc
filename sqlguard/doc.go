// Package sqlguard decides which SQL statements may pass while a site is
// read-only.
//
// A [Guard] is the switch. Whoever wants a mode asks for it by name
// ([Guard.Hold]) and takes it back by that name ([Guard.Release]); the strictest
// of all holds is in force. A [Dialect] judges the text of a statement and
// returns a [Verdict]; the guard's [Policy] makes a [Decision] of it: pass, have the
// engine judge, drop (and count), or refuse with a [BlockedError], which is
// [ErrReadOnly]. What is not proven to be a read is not a read. What passes is marked
// on its [Conn] until it is over, so that [Guard.Drain] can say when the last write is.
//
//	holds: environment, control panel, fleet …
//	   │ the strictest wins
//	   ▼
//	State (mode, anonymous, get-only, message, until, announced, epoch) ─→ Subscribe, Observer
//	   │
//	   ▼
//	SQL text ─→ Dialect.Classify ─→ Verdict ─→ Guard.Decide ─┬→ Pass
//	   │                                Policy, bypass,      ├→ Ask: where the engine refuses writes
//	   │                                best effort          ├→ Drop, counted
//	   ▼                                                     └→ Refuse, *BlockedError
//	Conn: marked before the mode is read, until its end ←─ Guard.Drain, which reads
//	the marks after the mode is set
//
// # In a program
//
// A guard is made with its policy, given to a driver's pool and to httpmode's middleware, and
// then held and released by whoever operates:
//
//	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{
//		{Tables: []string{"page_views"}, Action: sqlguard.Skip},
//	}}})
//	…
//	db, err := sqlite.Open("file:app.db", guard) // driver/sqlite; or driver/pgx, driver/mysql
//	…
//	err = guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly, By: "ada"})
//	report, err := guard.Drain(ctx) // nil: nothing that was open can still be committed
//	…
//	guard.Release("control-panel")
//
// A refusal comes back from Exec, Query or Commit; errors.Is(err, [ErrReadOnly]) tells it. Before
// what no database undoes, such as mail, ask [Guard.Writable]. [Default] is the guard of
// programs that make none; it begins as the environment says ([EnvReadOnly] and its
// fellows). [WithBypass] lets a migration write, [WithBestEffort] lets a write be lost, and
// [WithLabel] names who runs it.
//
// # What holds
//
// These are the promises of the whole project, by the names that code and tests
// call them by:
//
//   - Fail closed: what is not proven to be a read is not a read, and a text that does
//     not parse is a write.
//   - A reject is quiet: it happens before any call into the wrapped driver, the connection
//     stays, and the error never looks like one to retry.
//   - Off is free: with the mode off nothing is parsed, locked, timed, logged or
//     allocated.
//   - Transparent: a wrapped driver behaves as the bare one.
//   - No half transactions: after a reject inside a transaction, Commit rolls back and
//     returns the guard's error.
//   - Drain is exact: when it returns nil, nothing let through before the flip can
//     still be committed through this guard.
//   - Skip only what is named, and count truthfully what was dropped.
//
// # Before the night
//
// In [Observe] mode everything passes, and [Guard.Report] tells what will not: each
// statement once, whatever its values, with the route or job that runs it and a caller; pages
// that write although they should only read; writes without a context; queries that only
// the engine can judge; texts that are not understood; and the transactions that a drain would
// wait for longest. No value of any statement is in it, and its size is bounded.
//
// # Around it
//
// The dialects are in the packages below this one; package driver puts a guard
// around any database/sql driver, and package httpmode turns a refusal into an
// answer for visitors. This package needs the standard library only.
package sqlguard
