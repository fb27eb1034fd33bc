// Package readme tests that the README of the project and the manuals in docs tell the
// truth: their programs are built and run on real servers, and their commands typed, as they are
// printed there.
package readme
