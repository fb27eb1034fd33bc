//go:build race

package driver_test

// everyNth is which of the variants of a driver are tried: the race detector makes
// each of them some ten times as slow, and looks at the same code in all.
const everyNth = 41
