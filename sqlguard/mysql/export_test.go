package mysql

import (
	"github.com/quiescehq/quiesce/sqlguard"
)

// What the tests outside of the package hold to servers and to each other.
const (
	OnBoth    = onBoth
	OnMariaDB = onMariaDB
	OnMySQL   = onMySQL
)

// Plain and Parse are the two ways to a verdict.
var (
	Plain                                   = plain
	Parse func(sql string) sqlguard.Verdict = readings
)
