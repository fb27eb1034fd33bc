// Package fuzzengines holds the dialects against the engines themselves: what a
// guard would let through must change nothing.
//
// Its tests mix and damage the statements of testdata/corpus, execute everything
// that the dialect does not refuse, read-write, on a throwaway PostgreSQL, MariaDB and
// SQLite, and look for what has changed: transaction ids, rows, catalogs, sequences,
// files, counters, settings, locks. They also execute it in sessions that were armed with the
// engine's own read-only setting, and see whether that still refuses a write.
//
// A plain `go test` executes a fixed few thousand texts an engine, always the same. `make
// fuzz-engines` goes on for as long as QUIESCE_FUZZ_ENGINES says, with a seed
// that it prints. QUIESCE_FUZZ_SEED repeats a run.
//
// # What it cannot find
//
// The fixture leaves out what no text can show and what read-only mode therefore
// leaves to the engine: views and row security policies over functions that write, casts,
// operators and functions of the application's own under the name of built-in ones, functions that
// take a row and are called by attribute notation (row.func), foreign tables. Advisory
// and named locks are not looked at, since they pass. Nor are memory, logs, and the
// cost of a statement.
package fuzzengines
