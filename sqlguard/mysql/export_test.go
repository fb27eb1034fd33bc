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
func Plain(sql string) (v sqlguard.Verdict, ok bool) {
	ok = plain(sql, &v)
	return v, ok
}

func Parse(sql string) sqlguard.Verdict { return readings(sql) }
