//go:build !race

package driver_test

// everyNth is which of the variants of a driver are tried.
const everyNth = 1
