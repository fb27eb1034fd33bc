package sqlite

import "github.com/quiescehq/quiesce/sqlguard"

// ReadOnlyTexts returns SQLite's PRAGMA query_only (SQLite 3.8.0), with which a
// connection changes no database: it has no read-only transactions.
func (Dialect) ReadOnlyTexts() sqlguard.ReadOnlyTexts {
	return sqlguard.ReadOnlyTexts{
		Switch: "PRAGMA query_only", SwitchOn: "PRAGMA query_only = 1", SwitchOff: "PRAGMA query_only = 0",
	}
}
