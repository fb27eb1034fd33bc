package verify

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotQuiet is what [Verifier.Wait] returns, together with the context's error and the
// last report, when the context ends before the database is quiet.
var ErrNotQuiet = errors.New("the database is not quiet")

// A PrivilegeError says that the account may not see what a proof needs. Nothing was
// proven.
type PrivilegeError struct {
	// Account is the database's name of the connection's user, quoted.
	Account string
	// Needed is what could not be seen.
	Needed string
	// Grant is the statement that helps, for an administrator to run. On MySQL it works for
	// connections that are made after it.
	Grant string
	// Err is the server's own error. It may be nil: PostgreSQL hides without an error.
	Err error
}

func (e *PrivilegeError) Error() string {
	text := fmt.Sprintf("%s may not see %s, so nothing can be proven: run %s", e.Account, e.Needed, e.Grant)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the server's own error.
func (e *PrivilegeError) Unwrap() error { return e.Err }

// denied reports whether a MySQL or MariaDB server refused for want of a privilege: errors
// 1044, 1142 and 1227, all of which say "denied". What drivers have in common of an error
// is its text alone.
func denied(err error) bool {
	return strings.Contains(strings.ToLower(err.Error()), "denied")
}
