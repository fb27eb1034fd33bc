//go:build postgres

package main

import "github.com/quiescehq/quiesce/driver/pgx"

// PostgreSQL is left out of a plain build, for the guard judges its statements by the
// server's own grammar, which takes a C compiler and minutes to build.
func init() { postgresEngine.open = pgx.Open }
