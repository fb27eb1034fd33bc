package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// SessionTexts returns how default_transaction_read_only is set on a session, and put back: what it was before is
// kept in a setting of the session's own, quiesce.read_only, which DISCARD ALL and RESET ALL empty together with it.
// So each is one statement without an answer, in any protocol. PostgreSQL 14 and later report the setting.
//
// An argument is evaluated before the function is called, so that each text does things in its order.
func (Dialect) SessionTexts() sqlguard.SessionTexts {
	return sqlguard.SessionTexts{
		On: "SELECT set_config('default_transaction_read_only', CASE WHEN set_config('quiesce.read_only', " + wasSet +
			", false) <> '' THEN 'on' END, false)",
		Off:           "SELECT set_config('quiesce.read_only', left(set_config('default_transaction_read_only', " + wasSet + ", false), 0), false)",
		Setting:       "default_transaction_read_only",
		Transactional: true,
		Touches: func(text string) bool {
			text = strings.ToLower(text)
			return strings.Contains(text, "read_only") || strings.Contains(text, "characteristics") ||
				strings.Contains(text, `u&"`) // a name in escapes
		},
	}
}

// wasSet is what was set before, or if nothing is remembered, what is set.
const wasSet = "coalesce(nullif(current_setting('quiesce.read_only', true), ''), current_setting('default_transaction_read_only'))"
