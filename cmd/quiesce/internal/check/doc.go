// Package check judges SQL that is not about to run: files of statements, JSON
// lines from another program, and exports of pg_stat_statements. It is what
// `quiesce check` does.
//
// A [source] finds the texts, a [judge] asks the dialect and then a read-only
// guard, and a [format] writes the answers, in the order of the texts:
//
//	source ─→ batch of items ─→ judge and format, batch by batch ─→ writer, in order
//
// A batch is what could be read without waiting. So answers are written together while
// input is at hand, and none is held back when it pauses.
package check
