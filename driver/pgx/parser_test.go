//go:build cgo

package pgx_test

// With cgo the dialect parses, and lets more pass.
const parses = true
