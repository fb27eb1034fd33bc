//go:build !cgo

package pgx_test

// Without cgo the dialect knows tokens only, and lets less pass.
const parses = false
