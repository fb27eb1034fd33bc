package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

func TestExitCode(t *testing.T) {
	late := &fleet.WaitError{Err: context.DeadlineExceeded}
	stopped := &fleet.WaitError{Err: context.Canceled}
	for _, tt := range []struct {
		name string
		err  error
		code int
	}{
		{"nothing is wrong", nil, ExitOK},
		{"anything", errors.New("anything"), ExitUnexpected},
		{"a flag", usage("--timeout"), ExitUsage},
		{"another epoch", &fleet.ConflictError{}, ExitConflict},
		{"another epoch, in other words", fmt.Errorf("in other words: %w", &fleet.ConflictError{}), ExitConflict},
		{"too late", late, ExitTimeout},
		{"too late, and open again", undone(fleet.Mode{State: fleet.Open, Epoch: 4}, late), ExitTimeout},
		{"a process is lost", &fleet.IncompleteError{}, ExitIncomplete},
		{"the command failed", stays(fleet.Mode{}, &ChildError{7, errors.New("exit status 7")}), ExitChild},
		{"the database saw writes, until it was too late", &NotQuietError{Err: context.DeadlineExceeded}, ExitNotQuiet},
		{"what could not be undone, after it was too late", &fleet.RollbackError{Cause: late, Err: errors.New("store")}, ExitRollback},
		{"what could not be undone, after it was interrupted", fmt.Errorf("%w: %w", ErrInterrupted, &fleet.RollbackError{Cause: stopped, Err: late}), ExitRollback},
		{"interrupted", fmt.Errorf("%w: %w", ErrInterrupted, stopped), ExitInterrupted},
		{"the command was interrupted", fmt.Errorf("%w: %w", ErrInterrupted, &ChildError{-1, late}), ExitInterrupted},
	} {
		if got := ExitCode(tt.err); got != tt.code {
			t.Errorf("%s: exit code %d, want %d", tt.name, got, tt.code)
		}
		if tt.code != ExitUnexpected && !strings.Contains(ExitCodes, fmt.Sprintf("\n  %d ", tt.code)) && tt.code != ExitOK {
			t.Errorf("%s: the help does not have exit code %d", tt.name, tt.code)
		}
	}
}
