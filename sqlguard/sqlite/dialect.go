// Package sqlite judges SQL texts for SQLite: does this text only read?
//
// It knows the heads of all statements and reads what follows them token by
// token. A query is a [sqlguard.Read] only where each function it calls is one
// of SQLite's own that do nothing but read, which are derived from SQLite's own lists; any other
// call makes it [sqlguard.Unproven], because a function that the program registered may do
// anything. A statement that is not known is a [sqlguard.Write].
//
// PRAGMAs are judged by lists: those that read, those that may be set, those that
// write, and those that would lift or weaken a setting. Most act while the statement is
// prepared, under EXPLAIN too, which the verdict says. So are the table-valued functions
// pragma_… judged.
//
// Names are reported in lower case, since SQLite does not tell them apart by
// case. Views, triggers, and collations and functions that an application
// registers under the name of a built-in one do not show in a text.
package sqlite

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

//go:generate go run ./internal/genfuncs functions.go

// Dialect judges texts for SQLite 3. The zero value is ready for use.
type Dialect struct{}

var _ sqlguard.Dialect = Dialect{}

// Name returns "sqlite".
func (Dialect) Name() string { return "sqlite" }

// Classify judges one text, which may hold several statements. Texts longer
// than 1 MiB, and those with more statements, unknown functions or nested
// parentheses than people write, are not understood. Verdicts have FoldCase set.
func (Dialect) Classify(sql string) (v sqlguard.Verdict) {
	if len(sql) > lex.MaxLength {
		v = sqlguard.NotUnderstood("longer than 1 MiB")
	} else if classify(sql, &v) > maxNested {
		v = sqlguard.NotUnderstood("parentheses nested too deep")
	}
	v.FoldCase = true
	return v
}

// maxNested bounds how deep parentheses may nest. The library bounds the depth of
// expressions by 1000 itself (SQLITE_MAX_EXPR_DEPTH), and that of its parser's stack.
const maxNested = 1000
