package mysql

import "github.com/quiescehq/quiesce/sqlguard"

// ReadOnlyTexts returns the read-only transactions of MySQL and MariaDB (START
// TRANSACTION, MySQL 5.6.5 and MariaDB 10.0): no statement in one, nor a function
// that it calls, writes to a table that is not temporary. One that is open cannot be made
// read-only.
func (Dialect) ReadOnlyTexts() sqlguard.ReadOnlyTexts {
	return sqlguard.ReadOnlyTexts{Begin: "START TRANSACTION READ ONLY"}
}
