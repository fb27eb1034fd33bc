package fence_test

import (
	"errors"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

func TestAnOperatorWhoIsLateChangesNothing(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f := installed(t, e.driver, e.dialect, e.server(t).Database(t))
			for _, step := range []struct {
				name   string
				epoch  uint64
				close  bool
				fails  bool
				closed bool
			}{
				{"one operator closes it", 3, true, false, true},
				{"who is of an earlier epoch does not open it", 2, false, true, true},
				{"who closes it again may", 3, true, false, true},
				{"the next one opens it", 4, false, false, false},
				{"who opens it again may", 4, false, false, false},
				{"the first one does not close it again", 3, true, true, false},
				{"who knows of no epoch closes it", 0, true, false, true},
				{"and the last epoch is kept", 3, false, true, true},
				{"who knows of no epoch opens it", 0, false, false, false},
			} {
				var err error
				if step.close {
					var lock *fence.Lock
					if lock, err = f.At(step.epoch).Close(t.Context(), nil); err == nil {
						err = lock.Release()
					}
				} else {
					err = f.At(step.epoch).Open(t.Context())
				}
				if errors.Is(err, fence.ErrLater) != step.fails || err != nil && !step.fails {
					t.Errorf("%s: %v", step.name, err)
				}
				if closed, err := f.Closed(t.Context()); closed != step.closed || err != nil {
					t.Errorf("%s: then closed is %t, %v", step.name, closed, err)
				}
			}
		})
	}
}
