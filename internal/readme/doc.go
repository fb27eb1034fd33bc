// Package readme tests that the README of the project and the pages in docs tell the truth:
// their programs are built and run on real servers, and their commands typed, as they are
// printed there; their tables of statements are the judges' own; their links lead somewhere; and
// no block is left that no test runs.
package readme
