package sqlite

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// SessionTexts says that the switch, PRAGMA query_only, is for a whole session as well.
func (Dialect) SessionTexts() sqlguard.SessionTexts {
	return sqlguard.SessionTexts{
		Touches: func(text string) bool { return strings.Contains(strings.ToLower(text), "query_only") },
	}
}
