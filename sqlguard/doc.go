// Package sqlguard decides which SQL statements may pass while a site is
// read-only.
//
// A [Guard] is the switch. Whoever wants a mode asks for it by name
// ([Guard.Hold]) and takes it back by that name ([Guard.Release]); the strictest
// of all holds is in force. A [Dialect] judges the text of a statement and
// returns a [Verdict]; the guard's [Policy] makes a [Decision] of it: pass, drop
// (and count), or refuse with a [BlockedError], which is [ErrReadOnly]. What is
// not proven to be a read is not a read.
//
//	holds: environment, control panel, fleet …
//	   │ the strictest wins
//	   ▼
//	State (mode, anonymous, get-only, message, until, epoch) ─→ Subscribe, Observer
//	   │
//	   ▼
//	SQL text ─→ Dialect.Classify ─→ Verdict ─→ Guard.Decide ─┬→ Pass
//	                                    Policy, bypass,      ├→ Drop, counted
//	                                    best effort          └→ Refuse, *BlockedError
//
// With the mode off nothing is judged at all. The dialects are in the packages
// below this one; package driver puts a guard around any database/sql driver,
// and package httpmode turns a refusal into an answer for visitors. This package
// needs the standard library only.
package sqlguard
