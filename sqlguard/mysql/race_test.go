//go:build race

package mysql_test

// The race detector slows code down by different amounts, so timings say nothing.
func init() { timed = false }
