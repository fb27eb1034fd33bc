//go:build race

package readme_test

// Programs are built as the tests are, so that what is compiled already is used.
func init() { buildFlags = append(buildFlags, "-race") }
