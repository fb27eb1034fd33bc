package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// The exit codes.
const (
	ExitOK          = 0
	ExitUnexpected  = 1
	ExitUsage       = 2
	ExitConflict    = 3
	ExitTimeout     = 4
	ExitIncomplete  = 5
	ExitChild       = 6
	ExitNotQuiet    = 7
	ExitRollback    = 8
	ExitInterrupted = 130
)

// ExitCodes says what they mean, for the help.
const ExitCodes = `  0    what was asked for was reached
  1    an unexpected error
  2    wrong usage
  3    the fleet is in another state or at another epoch than expected: somebody else has changed it
  4    the time was over; the message says whether the fleet is open again
  5    the fleet is incomplete: a process is lost, unknown, or too old, or too few are there
  6    the command that was run failed; the fleet is closed, unless --on-failure reopen was given
  7    the database still saw writes
  8    what was begun could not be undone: the state needs a person
  130  interrupted`

// UsageError is for input that is wrong. It names the flag, and what was expected.
type UsageError struct{ text string }

func (e UsageError) Error() string { return e.text }

func usage(format string, args ...any) error { return UsageError{fmt.Sprintf(format, args...)} }

// NewUsageError returns a UsageError.
func NewUsageError(format string, args ...any) error { return usage(format, args...) }

// ErrInterrupted is the cause of a context that a signal has ended.
var ErrInterrupted = errors.New("interrupted")

// ChildError is for the command that was run, and failed.
type ChildError struct {
	// Code is its exit code; −1 if it was ended by a signal, or did not start.
	Code int
	Err  error
}

// Error says how it ended.
func (e *ChildError) Error() string { return "the command failed: " + e.Err.Error() }

// Unwrap returns the error of os/exec.
func (e *ChildError) Unwrap() error { return e.Err }

// NotQuietError is for a database that still saw writes when the time was over.
type NotQuietError struct {
	Reports []verify.Report
	Err     error
}

// Error names who writes.
func (e *NotQuietError) Error() string {
	text := "the database still saw writes"
	for _, r := range e.Reports {
		if !r.Quiet {
			text += "\n" + r.String()
		}
	}
	return text
}

// Unwrap returns the error of the context.
func (e *NotQuietError) Unwrap() error { return e.Err }

// ExitCode returns the exit code for an error.
func ExitCode(err error) int {
	var (
		rollback   *fleet.RollbackError
		conflict   *fleet.ConflictError
		incomplete *fleet.IncompleteError
		child      *ChildError
		notQuiet   *NotQuietError
		wrong      UsageError
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &rollback):
		return ExitRollback
	case errors.Is(err, ErrInterrupted):
		return ExitInterrupted
	case errors.As(err, &child):
		return ExitChild
	case errors.As(err, &wrong):
		return ExitUsage
	case errors.As(err, &conflict), errors.Is(err, fence.ErrLater):
		return ExitConflict
	case errors.As(err, &incomplete):
		return ExitIncomplete
	case errors.As(err, &notQuiet):
		return ExitNotQuiet
	case errors.Is(err, context.DeadlineExceeded):
		return ExitTimeout
	}
	return ExitUnexpected
}

// because returns err with the reason for which a context has ended, where that is an interruption.
func because(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), ErrInterrupted) && !errors.Is(err, ErrInterrupted) {
		return fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	return err
}
