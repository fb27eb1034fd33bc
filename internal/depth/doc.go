// Package depth holds the dialects against texts that are very deep or very long: each
// has to be judged without overflowing a stack, in Go or in C.
package depth
