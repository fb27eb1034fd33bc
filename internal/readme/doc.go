// Package readme tests that the README of the project tells the truth: its
// programs are built and run on real servers, as they are printed there.
package readme
