package mysql

import (
	"reflect"
	"slices"

	"github.com/quiescehq/quiesce/sqlguard"
)

// FenceTexts returns the texts of the fence that package fence installs, in the database of the connection.
//
// A transaction reads the row of the fence with a shared lock, which InnoDB does on the latest version at every
// isolation level (MySQL 8.4, Locking Reads; MariaDB 10.3 and later have NOWAIT), and which fails at once if
// somebody holds the exclusive one or waits for it. What executes texts that nobody sees, such as CALL, may commit on
// the way: it has to wait.
//
// A session with autocommit=0 begins a transaction by whatever it does, so that a savepoint can be released there.
// BEGIN would release what LOCK TABLES has locked; where that may be, a table is read that is not locked, which
// fails with 1100 (ER_TABLE_NOT_LOCKED).
func (Dialect) FenceTexts() sqlguard.FenceTexts {
	return sqlguard.FenceTexts{
		Begin: "START TRANSACTION", Commit: "COMMIT",
		Enter:   []string{takeFence},
		Join:    takeFence,
		Number:  true,
		Closed:  fenceClosed,
		Probe:   probe,
		Outside: func(err error) bool { return hasNumber(err, 1305) }, // ER_SP_DOES_NOT_EXIST
		Free:    "DO (SELECT COUNT(*) FROM quiesce_fence)",
		LetsGo:  letsGo,
	}
}

// takeFence is one text for both servers, each of which takes the other's clauses for comments. To one that has
// no NOWAIT, both are comments, and what is left is no statement: without its lock it must not pass.
const takeFence = "SELECT IF(closed, 1, IF(@@autocommit, 0, 2)) FROM quiesce_fence WHERE id = /*!80001 1 FOR SHARE NOWAIT */ /*M!100300 1 LOCK IN SHARE MODE NOWAIT */"

var probe = []string{"SAVEPOINT quiesce_fence", "RELEASE SAVEPOINT quiesce_fence"}

// letsGo reports whether a statement executes others, or hands the transaction to whom nobody sees. Functions and triggers cannot commit (MySQL 8.4, Restrictions on
// Stored Programs).
func letsGo(v *sqlguard.Verdict) bool {
	switch v.Op {
	case "CALL", "EXECUTE", "XA":
		return true
	}
	return false
}

// fenceClosed knows the errors of NOWAIT: MariaDB's 1205 (ER_LOCK_WAIT_TIMEOUT) and MySQL's 3572 (ER_LOCK_NOWAIT); and
// that of the procedure, 1644 (ER_SIGNAL_EXCEPTION).
func fenceClosed(err error) bool { return hasNumber(err, 1205, 3572, 1644) }

// hasNumber looks for the field Number of an error, as go-sql-driver's has it.
func hasNumber(err error, numbers ...uint64) bool {
	for err != nil {
		v := reflect.ValueOf(err)
		if v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct {
			if n := v.Elem().FieldByName("Number"); n.IsValid() && n.CanUint() {
				return slices.Contains(numbers, n.Uint())
			}
		}
		wrapped, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = wrapped.Unwrap()
	}
	return false
}
