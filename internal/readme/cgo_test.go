//go:build cgo

package readme_test

func init() { cgo = true }
