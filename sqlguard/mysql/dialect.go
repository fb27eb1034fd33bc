// Package mysql judges SQL texts for MySQL and MariaDB: does this text only
// read?
//
// It knows the heads of all statements and reads what follows them token by
// token: queries are searched for the words that make them more than reads (INTO, FOR
// UPDATE, NEXT VALUE FOR), for user variables that are set, and for calls. A
// query is a [sqlguard.Read] only where each function it calls is one of the
// servers' own that do nothing but read; any other call makes it
// [sqlguard.Unproven]. A statement that is not known is a [sqlguard.Write].
//
// What a text means depends on sql_mode, on the client's character set, and on
// the server and its version, which decides over executable comments. Nothing of this
// is asked; a text that may be read in several ways is read in all of them,
// and the worst counts. That is also why SET sql_mode needs no care here, unless statements
// follow it in a text that may be read in several ways: those are not understood. A
// client character set in which a backslash or quote can be half a character is a
// [sqlguard.Escape].
//
// Texts of the kinds that applications send most are judged in one pass over their
// bytes that allocates nothing: a SELECT that calls known functions, and an INSERT, REPLACE,
// UPDATE or DELETE of one table. What that pass is not certain of, the parser reads.
//
// PREPARE, which runs nothing, is judged by the statement in its string where no setting
// can make it another one. EXECUTE, EXECUTE IMMEDIATE and CALL are writes.
//
// A built-in function of either server counts as built in, though on the other
// one an application could define a function of that name. Views, triggers, and
// functions that generated columns and defaults call do not show in a text.
package mysql

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Dialect judges texts for MySQL 8 and 9 and MariaDB 10.6 and later. The zero
// value is ready for use.
type Dialect struct{}

var _ sqlguard.Dialect = Dialect{}

// Name returns "mysql".
func (Dialect) Name() string { return "mysql" }

// Classify judges one text, which may hold several statements. Texts longer
// than 1 MiB, and those with more statements, tables, unknown functions or nested
// parentheses than people write, are not understood; nor are long ones that may be read in
// many ways.
func (Dialect) Classify(sql string) (v sqlguard.Verdict) {
	if len(sql) > lex.MaxLength {
		return sqlguard.NotUnderstood("longer than 1 MiB")
	}
	if plain(sql, &v) {
		return v
	}
	return readings(sql)
}
