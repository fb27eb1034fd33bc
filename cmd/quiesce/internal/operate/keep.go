package operate

import (
	"context"
	"fmt"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// kept are fences that are locked while a command runs. They are closed without that as well; so long as
// the locks last, nobody else's mistake opens them either.
type kept struct {
	databases []Database
	locks     []*fence.Lock
}

// keepFences locks the fences of databases that wait has closed.
func keepFences(ctx context.Context, dsns []string) (k *kept, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	k = &kept{}
	defer func() {
		if err != nil {
			k.release()
		}
	}()
	if k.databases, err = openDatabases(dsns); err != nil {
		return nil, err
	}
	for n, database := range k.databases {
		f, err := database.fence()
		if err != nil {
			return nil, err
		}
		lock, err := f.Lock(ctx)
		if err != nil {
			return nil, fmt.Errorf("database %d (%s): %w", n+1, database.dialect, err)
		}
		k.locks = append(k.locks, lock)
	}
	return k, nil
}

// check says which locks were lost, and what that means.
func (k *kept) check(ctx context.Context) (warnings []string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	for n, lock := range k.locks {
		if err := lock.Held(ctx); err != nil {
			warnings = append(warnings, fmt.Sprintf("database %d (%s): %s; %s",
				n+1, k.databases[n].dialect, firstLine(err.Error()), k.databases[n].without(ctx)))
		}
	}
	return warnings
}

// without says what it means that the lock of a fence is lost.
func (d Database) without(ctx context.Context) string {
	f, err := d.fence()
	closed := false
	if err == nil {
		closed, err = f.Closed(ctx)
	}
	switch {
	case err != nil:
		return "whether the fence is closed still could not be read (" + firstLine(err.Error()) + "): quiesce fence verify says it"
	case closed:
		return "the fence is closed in the database still, so that no process that takes it has committed anything"
	}
	return "and the fence is OPEN: somebody has opened it, and a process that was stopped may have committed something"
}

// release gives the locks back. The fences stay closed. It may be called again, and on nil.
func (k *kept) release() {
	if k == nil {
		return
	}
	for _, lock := range k.locks {
		lock.Release() // what was lost is released
	}
	closeDatabases(k.databases)
	k.locks, k.databases = nil, nil
}

// mayBeStrict reports, before anything is closed, why the level strict cannot be reached.
func mayBeStrict(ctx context.Context, mode fleet.Mode, databases []Database) error {
	if !mode.Fence {
		return errNoFence
	}
	for n, database := range databases {
		f, err := database.fence()
		if err == nil {
			_, err = f.Closed(ctx)
		}
		if err != nil {
			return fmt.Errorf("database %d (%s): %w", n+1, database.dialect, explained(err))
		}
	}
	return nil
}

// warn writes warnings, one a line.
func warn(warnings []string) string {
	var b strings.Builder
	for _, w := range warnings {
		b.WriteString("WARNING: " + w + "\n")
	}
	return b.String()
}
