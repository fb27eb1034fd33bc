// Package postgres tells whether a PostgreSQL text is a write. Its [Dialect] is
// what sqlguard asks before a statement reaches the driver.
//
// # How a text is judged
//
// Plain statements are judged in one pass over their bytes: a query that calls nothing
// but functions known to read, an INSERT, UPDATE or DELETE of one table. What looks like more
// than that anywhere is left to the rest of this section, whose answer would be the same.
//
// The gate of internal/lex refuses texts that no parser should see: with a NUL byte,
// with a quote or comment that does not end, too long, too deep. The server's own grammar
// (pg_query_go v5, PostgreSQL 16) parses the rest, and a walker visits every node of
// the parse tree. It has an allow-list of nodes, and one of functions, operators and
// types by name; each kind of statement is listed with what it does. What is not on a
// list, or does not parse, is not a read. A query that only a
// newer grammar knows, JSON_TABLE for one, is Unproven.
//
// standard_conforming_strings counts as on, the server's default since 9.1, and
// the client encoding as UTF-8; a text that would change either is an Escape. Where
// the server, the role or the connection string changes them, this package reads strings
// wrongly.
//
// # Without cgo
//
// pg_query_go is written in C. Built with CGO_ENABLED=0, this package judges by the
// tokens alone. It is stricter then, never laxer: what it lets pass, the parser lets
// pass. It names no tables but those of the plain statements, so no rule of a policy that
// names a table can match another; and it refuses, or calls Unproven, much that only
// reads: COPY … TO STDOUT, EXPLAIN with options, CTEs with a list of columns.
//
// # What no text shows
//
// A verdict speaks of the text. It does not see
//
//   - what views, rules, triggers, row security policies, foreign tables, domains
//     and default values of columns call;
//   - a function written as an attribute, x.f for f(x);
//   - that a function, operator or type of the application has the name of a built-in
//     one and fits its arguments better, or comes first in the search path. The same goes for
//     the names that are new in PostgreSQL 16 to 18, on an older server. After
//     SET search_path the verdict's Shadows and Functions let the driver be careful;
//   - what EXECUTE executes, and what a cursor reads that was declared in
//     another text: the former is a Write, the latter Unproven.
//
// These are for the server's own read-only transaction to find. In turn there is much
// that it lets pass and that is refused here, because the text shows it: NOTIFY, COPY TO
// a file, LOCK TABLE, dblink, EXPLAIN ANALYZE CREATE TABLE AS, and whatever would lift it.
//
// Operators count as calls in [sqlguard.Verdict.Functions], for they are. In
// [sqlguard.Verdict.Calls] a cursor of another text is written "cursor c", and EXPLAIN EXECUTE
// calls "a prepared statement".
// COMMIT AND CHAIN has two Parts, COMMIT and the BEGIN that follows at once.
package postgres

//go:generate go run ./internal/genfuncs -o builtins.go "host=/var/run/postgresql port=5432 user=postgres" "host=/var/run/postgresql port=5433 user=postgres"
