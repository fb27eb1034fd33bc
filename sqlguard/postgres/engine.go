package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// ReadOnlyTexts returns PostgreSQL's read-only transactions (SET TRANSACTION,
// PostgreSQL 18): no statement in one, nor a function that it calls, writes to a
// table that is not temporary. A transaction can be made read-only at any time;
// rolling back to a savepoint from before undoes that.
func (Dialect) ReadOnlyTexts() sqlguard.ReadOnlyTexts {
	return sqlguard.ReadOnlyTexts{Begin: "BEGIN READ ONLY", Arm: "SET TRANSACTION READ ONLY"}
}
