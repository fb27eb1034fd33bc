// Package orm proves the guard with the libraries by which people reach their databases:
// query builders, ORMs, generated code, migration tools, a job queue. It has nothing but tests.
//
// Each library is opened as docs/recipes.md says, whose Go blocks are parts of this package's
// files, and then goes through the same proof (proof_test.go) on each engine: with the mode off as
// on a bare driver, then refused, skipped and observed, with dumps of the database in between. What
// the proofs find is the table in docs/recipes.md; QUIESCE_REWRITE=1 writes it anew.
package orm
