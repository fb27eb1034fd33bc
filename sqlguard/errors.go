package sqlguard

import (
	"errors"
	"strings"
	"time"
)

// ErrReadOnly is what every refusal of a guard is, by errors.Is. Servers have
// refusals of their own: [IsReadOnly] knows both.
var ErrReadOnly = errors.New("quiesce: read-only mode")

// BlockedError is the refusal of one statement, returned by whatever ran it:
// Exec, Query, or Commit where a statement of the transaction had been refused
// before. It happened before the driver was called, the connection is sound,
// and nothing has changed. It is not worth retrying before RetryAfter.
//
// It holds no text of the statement but names of tables, and no argument values.
type BlockedError struct {
	// Mode and Epoch are the state that refused.
	Mode  Mode
	Epoch uint64
	// Dialect is the name of the dialect that judged; empty for [Guard.Writable].
	Dialect string
	// Class and Op are what the statement is.
	Class Class
	Op    Op
	// Tables are what it writes or locks, as far as they are named. They are shared:
	// do not change them.
	Tables []Table
	// Why says what decided, for people.
	Why string
	// RetryAfter is how long it is until the expected end of the mode, in whole
	// seconds; zero if that is not known.
	RetryAfter time.Duration
}

// Error begins with "quiesce:", because some libraries pass on the text alone.
func (e *BlockedError) Error() string {
	var b strings.Builder
	b.WriteString("quiesce: refused")
	if e.Mode != Off { // off it may be by the time that a transaction is ended
		b.WriteString(" in " + e.Mode.String() + " mode")
	}
	if e.Op != "" {
		b.WriteString(": ")
		b.WriteString(string(e.Op))
		if len(e.Tables) > 0 {
			b.WriteString(" (" + tableList(e.Tables) + ")")
		}
	}
	if e.Why != "" {
		b.WriteString(": " + e.Why)
	}
	return b.String()
}

// Is makes every BlockedError an [ErrReadOnly].
func (e *BlockedError) Is(target error) bool { return target == ErrReadOnly }

// SQLState returns 25006, read_only_sql_transaction, which retry libraries know
// as permanent (PostgreSQL 18, appendix A).
func (e *BlockedError) SQLState() string { return "25006" }

// HTTPStatus returns 503, Service Unavailable (RFC 9110, 15.6.4).
func (e *BlockedError) HTTPStatus() int { return 503 }
