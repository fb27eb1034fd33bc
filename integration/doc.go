// Package integration holds the guard against what is too heavy to be a
// dependency of the module itself, and compares it with them in speed. It has nothing but tests.
//
// The parser of TiDB is a second opinion on MySQL texts. It knows no MariaDB syntax, and
// less of MySQL's than the judge; what it cannot parse says nothing. What it takes for a
// write must not pass, and the tables that it finds written are those of the verdict.
//
// TestRatios, which QUIESCE_BENCH=1 turns on, prints how the judges compare in speed with TiDB's parser,
// with libpg_query, and with the simplest of lexers.
package integration
