// Package driver wraps any database/sql driver, so that a [sqlguard.Guard]
// decides on each statement before the wrapped driver sees it.
//
// [Open], [OpenDB] and [Register] are the usual ways in; packages driver/pgx,
// driver/mysql and driver/sqlite register ready-made drivers on
// [sqlguard.Default].
//
//	Exec, Query ─┬ mode off ──────────────────────────────────→ wrapped driver
//	             └ mode on ─ Dialect.Classify (cached) ─ Guard.Decide ─┬ pass ─→ wrapped driver
//	                                                          ├ drop ─→ an empty result
//	                                                          └ refuse ─ *sqlguard.BlockedError
//
// # Transparency
//
// With the mode off a wrapped driver behaves as the bare one, and nothing is
// parsed. The five optional interfaces of a connection that change how
// database/sql behaves (ExecerContext, QueryerContext, SessionResetter,
// Validator, NamedValueChecker) are given exactly when the wrapped connection has
// them; Pinger, ConnPrepareContext and ConnBeginTx are always there, and do what
// database/sql does without them. Results and errors are the wrapped driver's own values.
// Rows are wrapped, because a statement is over only when they are closed, so that
// database/sql cannot tell; [Find] reaches the driver's.
//
// # What is checked, and when
//
// Each execution is checked, also those of a prepared statement: it may have been prepared
// before the mode went on. Preparing is not, because programs prepare all their
// statements at start; only what acts while it is prepared (SQLite's flag
// PRAGMAs) is checked there too. Each call is checked for itself, so a flip acts
// on pinned connections and open transactions at once. An argument that replaces
// the statement's text (pgx's QueryRewriter) is looked through with
// [Config.Rewrite], and otherwise makes the statement one that is not understood.
//
// A query that no text proves to be a read, because it calls a function that nobody vouches
// for, is judged by the engine. It runs in a read-only transaction of its
// own, or of the program's; where that is not possible it is refused, with what to do
// about it in the error. The engine's refusal is the driver's own error, and is
// noted in the context's [sqlguard.Recorder] and counted all the same.
//
// A transaction of its own is rolled back when the rows are closed. With it goes what the
// function did to its session, if the engine undoes that: in PostgreSQL a NOTIFY, and
// a setting that it made with set_config. Vouch for functions that are called for such an effect
// (Readers of [sqlguard.Policy]). What a function does outside of the database's tables
// is out of the engine's reach: files, another connection (dblink), advisory locks, a
// temporary table. A view is read as a table is: of what it calls the text shows
// nothing, so outside of a transaction nobody asks the engine about it.
//
// Where a wrapped driver answers driver.ErrSkip, database/sql comes back with a
// prepared statement, which is checked again. In read-only mode a statement that passes by
// [sqlguard.WithBypass] is then reported twice; a refused one never gets that far.
//
// # Transactions
//
// After a refusal, a transaction can only be rolled back: Commit does so, and
// returns a *sqlguard.BlockedError, whatever the mode is by then. Reads go on
// working until then, and a savepoint that is rolled back does not mend it. While the
// mode is read-only, BeginTx asks the engine for a read-only transaction, unless a policy or
// bypass may have to make an exception in it.
//
// What texts begin and end (BEGIN, COMMIT, SQLite's SAVEPOINT) is followed while a mode is on. After
// a refusal a COMMIT by text sends ROLLBACK and returns the guard's error. What a
// text has begun while the mode was off nobody saw; in read-only mode that can only be rolled back
// too.
//
// # Draining
//
// What is let through is marked on its connection: a statement until its rows are closed,
// a transaction until its end. [sqlguard.Guard.Drain] waits for all that was open when
// writing was closed. What is proven not to write is not waited for.
//
// # Connections, statements and contexts
//
//   - A flip acts on a pinned connection, as on any other, at its next statement.
//   - A statement that was prepared before the flip is decided on at each execution, on
//     whichever connection of the pool that is.
//   - A statement that database/sql retries after driver.ErrBadConn is decided on
//     again; the outcome of the attempt before is unknown, since not every driver
//     returns that error only where nothing was sent.
//   - A statement that the driver skips (driver.ErrSkip) is over, and decided on
//     again when it comes back prepared.
//   - A context that is cancelled before a statement leaves nothing open; while one
//     runs, or its rows are open, it makes the outcome unknown, unless the driver knows that the
//     server has answered ([Config.Alive]); while a commit runs, likewise.
//   - A transaction whose context is cancelled is open until database/sql has rolled
//     it back; one that could not be begun is not open.
//   - A connection that is lost while a statement or a commit runs leaves an unknown outcome;
//     in a transaction in which nothing runs it leaves nothing, once it is closed: no commit
//     was sent, so the server rolls back.
//   - What was lost so before the database's fence was asked for has a session in the database still, which is ended when it is,
//     over another connection ([Config.Session]): the network may bring the statement late.
//   - A commit that fails with the server's answer is over, and what may be left of
//     its transaction can only be rolled back while the mode is read-only. A rollback that fails
//     leaves nothing that could be committed.
//   - Rows that are open when their transaction is committed are open until they are closed.
//   - DB.Close closes what is idle; what is in use is waited for until it is given back.
//   - A transaction that was begun by a text, and goes back to the pool with its
//     connection, is open until that is used again or closed, or until [sqlguard.Guard.Cut]; in
//     read-only mode it can then only be rolled back.
//   - After Cut a transaction rolls back at its commit, also when the mode is off
//     again. One that a text began while the mode was off was seen by nobody: it can only be rolled back
//     while the mode is read-only, and Cut does not keep it from its commit after that.
//
// # The way around
//
// Unwrap on the driver, connector, connection and statement gives the wrapped
// driver's own value, as [Find] does through several wrappers. Whatever is done
// with that is not guarded:
//
//	conn.Raw(func(c any) error {
//		pc, ok := driver.Find[*stdlib.Conn](c)
//		…
//	})
//
// Nor is what a driver does by itself: hooks that run when a connection is made
// or reset, and parameters of a DSN. A search path that was set while the mode was off
// was seen by nobody: where functions of the application's own hide the engine's, a
// read may call them.
package driver
