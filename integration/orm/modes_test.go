package orm

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// proveRefused demands that all writes are refused, and returns how the program learns of it.
func proveRefused(t *testing.T, a app) string {
	t.Helper()
	var textOnly, recorderOnly []string
	for _, w := range a.writes {
		ctx, recorder := sqlguard.WithRecorder(t.Context())
		err := w.run(ctx)
		isReadOnly := errors.Is(err, sqlguard.ErrReadOnly)
		switch {
		case isReadOnly == w.swallowed:
			t.Errorf("%s: errors.Is(err, ErrReadOnly) is %t, want %t: %v", w.name, isReadOnly, !w.swallowed, err)
		case isReadOnly:
		case saysSo(err):
			textOnly = append(textOnly, w.name)
		case recorder.Blocked() != nil:
			recorderOnly = append(recorderOnly, w.name)
		default:
			t.Errorf("%s: nobody learns that it was refused: %v", w.name, err)
		}
	}
	known := len(a.writes) - len(textOnly) - len(recorderOnly)
	text := fmt.Sprintf("%d of %d by `errors.Is`", known, len(a.writes))
	if textOnly != nil {
		text += "; by its text: " + strings.Join(textOnly, ", ")
	}
	if recorderOnly != nil {
		text += "; by the recorder: " + strings.Join(recorderOnly, ", ")
	}
	return text
}

// saysSo reports whether the text of an error is that of a refusal.
func saysSo(err error) bool {
	return err != nil && strings.Contains(err.Error(), "quiesce: refused in read-only mode")
}

// proveSkipped demands what each write says of itself, and returns it.
func proveSkipped(t *testing.T, a app) string {
	t.Helper()
	seen := map[outcome][]string{}
	for _, w := range a.writes {
		counted := sqlguard.Default().Counts().Skipped
		ctx, recorder := sqlguard.WithRecorder(t.Context())
		err := w.run(ctx)
		ok := false
		switch w.skipped {
		case success:
			ok = err == nil
		case refused:
			ok = errors.Is(err, sqlguard.ErrReadOnly) || w.swallowed && (recorder.Blocked() != nil || saysSo(err))
		default:
			ok = err != nil && strings.Contains(err.Error(), string(w.skipped))
		}
		if !ok {
			t.Errorf("with a rule that skips, %s: %v, want %q", w.name, err, w.skipped)
		}
		if skipped := sqlguard.Default().Counts().Skipped > counted; w.skipped != refused && !skipped {
			t.Errorf("with a rule that skips, %s was not counted as skipped", w.name)
		}
		seen[w.skipped] = append(seen[w.skipped], w.name)
	}
	return skippedText(a.writes, seen)
}

// skippedText says which writes had which outcome, in the order of the writes.
func skippedText(writes []write, seen map[outcome][]string) string {
	var parts []string
	for _, w := range writes {
		names := seen[w.skipped]
		if names[0] != w.name {
			continue
		}
		switch w.skipped {
		case success:
			parts = append(parts, fmt.Sprintf("%d silent", len(names)))
		case refused:
			parts = append(parts, "refused: "+strings.Join(names, ", "))
		default:
			parts = append(parts, fmt.Sprintf("“%s”: %s", w.skipped, strings.Join(names, ", ")))
		}
	}
	return strings.Join(parts, "; ")
}

// proveObserved demands that all writes succeed and are told of, and returns how many.
func proveObserved(t *testing.T, a app) string {
	t.Helper()
	for _, w := range a.writes {
		observed := sqlguard.Default().Counts().Observed
		if err := w.run(t.Context()); err != nil {
			t.Errorf("in observe mode, %s: %v", w.name, err)
		}
		if sqlguard.Default().Counts().Observed == observed {
			t.Errorf("in observe mode, %s is not told of", w.name)
		}
	}
	return fmt.Sprintf("all %d", len(a.writes))
}
