package postgres

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Dialect judges PostgreSQL texts. Its zero value is ready for use, and it may
// be used by several goroutines.
type Dialect struct{}

var _ sqlguard.Dialect = Dialect{}

// Name returns "postgres".
func (Dialect) Name() string { return "postgres" }

// Classify judges a text of any number of statements, as the package comment
// says. It does not fail and does not panic on any bytes; what it does not
// understand is a [sqlguard.Write].
func (Dialect) Classify(sql string) (v sqlguard.Verdict) {
	if fastPath(sql, &v) {
		return v
	}
	// The gate comes before the parser, always: libpg_query has no stack guard, and a text that nests
	// too deep would end the process.
	if err := lex.Check(lex.Postgres, sql, lex.Options{}); err != nil {
		return sqlguard.NotUnderstood(refusal(err))
	}
	return judge(sql)
}
