//go:build !postgres

package main

import "github.com/quiescehq/quiesce/driver/pgx"

// The tests have PostgreSQL in whether or not the site is built with it.
func init() { postgresEngine.open = pgx.Open }
