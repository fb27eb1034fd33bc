//go:build !cgo

package main

// grammar says how this build judges PostgreSQL.
const grammar = "PostgreSQL is judged by tokens alone (built without cgo): more is refused, nothing more passes, " +
	"and fewer tables are named."
