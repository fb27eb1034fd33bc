package mysql

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// SessionTexts returns how a session's transactions are made read-only, and put back: what was set before is kept in a
// user variable. Both servers evaluate the whole list of a SET before they assign (MySQL 8.4 and MariaDB 11,
// SET), and the setting concerns the next transaction (SET TRANSACTION). It needs MySQL 5.7.20 or MariaDB 10.0.
func (Dialect) SessionTexts() sqlguard.SessionTexts {
	return sqlguard.SessionTexts{
		On:        "SET " + wasSet + " = COALESCE(" + wasSet + ", @@SESSION." + readOnlyVariable + "), SESSION " + readOnlyVariable + " = 1",
		Off:       "SET SESSION " + readOnlyVariable + " = COALESCE(" + wasSet + ", @@SESSION." + readOnlyVariable + "), " + wasSet + " = NULL",
		AtPrepare: true,
		Touches: func(text string) bool {
			text = strings.ToLower(text)
			return strings.Contains(text, "read_only") || strings.Contains(text, "transaction")
		},
	}
}

const (
	wasSet = "@quiesce_read_only"
	// readOnlyVariable is one text for both servers: MariaDB leaves out what is for MySQL 5.7, and MySQL
	// takes the other for a comment.
	readOnlyVariable = "/*!50720 transaction_read_only *//*M! tx_read_only */"
)
