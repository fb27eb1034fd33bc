package postgres

import (
	"errors"
	"slices"

	"github.com/quiescehq/quiesce/sqlguard"
)

// FenceTexts returns the texts of the fence that package fence installs, in the schema quiesce.
//
// A transaction locks what has the name only while the fence is open, with a weak lock that fails at once if somebody
// holds the strong one or waits for it. One statement does both, because the server looks the name up again once it has the
// lock (RangeVarGetRelidExtended, since PostgreSQL 9.2), and LOCK TABLE takes no snapshot (PostgreSQL 18, LOCK), so that
// it is right at every isolation level and at any time in a transaction.
//
// No procedure commits in a transaction that is open already (PostgreSQL 18, CALL).
func (Dialect) FenceTexts() sqlguard.FenceTexts {
	return sqlguard.FenceTexts{
		Begin: "BEGIN", Commit: "COMMIT",
		Enter:   enterFence,
		Join:    takeFence,
		Closed:  fenceClosed,
		Probe:   probe,
		Outside: func(err error) bool { return hasState(err, "25P01") }, // no_active_sql_transaction
		// What is prepared keeps the fence, with nobody who could be told to end it.
		LetsGo: func(v *sqlguard.Verdict) bool { return v.Op == "PREPARE TRANSACTION" },
		Alone:  func(err error) bool { return hasState(err, "25001") }, // active_sql_transaction
	}
}

const takeFence = "LOCK TABLE quiesce_open.fence IN ROW SHARE MODE NOWAIT"

var (
	enterFence = []string{takeFence}
	probe      = []string{"SAVEPOINT quiesce_fence", "RELEASE SAVEPOINT quiesce_fence"}
)

// fenceClosed knows the errors of a fence that is closed: 3F000 (invalid_schema_name), which is also that of none, and 55P03
// (lock_not_available).
func fenceClosed(err error) bool { return hasState(err, "3F000", "55P03") }

func hasState(err error, states ...string) bool {
	var coded interface{ SQLState() string }
	return errors.As(err, &coded) && slices.Contains(states, coded.SQLState())
}
