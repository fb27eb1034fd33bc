//go:build cgo

package main

// grammar says how this build judges PostgreSQL.
const grammar = "PostgreSQL is judged by the server's own grammar (built with cgo)."
