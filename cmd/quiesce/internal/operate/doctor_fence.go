package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// fence looks at the fence of a database, and reports whether it is there.
func (o *DoctorOut) fence(ctx context.Context, mode fleet.Mode, database Database) bool {
	f, err := database.fence()
	if err != nil {
		o.note(fmt.Sprintf("a %s database has no fence", database.dialect), "the level strict is not to be had here")
		return false
	}
	closed, err := f.Closed(ctx)
	switch {
	case errors.Is(err, fence.ErrNotInstalled) && !mode.Fence:
		o.note("the fence is not installed: a process that is stopped at the wrong moment may commit after wait has returned",
			"for the level strict: quiesce fence install, and quiesce fence enable")
	case errors.Is(err, fence.ErrNotInstalled):
		o.add(false, "the fleet takes the fence of its databases, and there is none in this one: on would fail", "quiesce fence install, or quiesce fence disable")
	case err != nil:
		o.add(false, fmt.Sprintf("the fence cannot be looked at: %s", firstLine(err.Error())), "")
	case mode.State != fleet.Open:
		o.add(true, "the fence is there, and "+word(closed), "")
	case !mode.Fence:
		o.note("the fence is there, and the fleet takes none", "for the level strict: quiesce fence enable")
	case closed:
		o.add(true, "the fence is there, closed by the last operation, which harms nobody while the fleet is open; on opens it", "")
	default:
		o.add(true, "the fence is there, open, and the fleet takes it", "")
	}
	return err == nil
}

func word(closed bool) string {
	if closed {
		return "closed"
	}
	return "open"
}

// may says whether something is allowed that the fence needs.
func (o *DoctorOut) may(needed, ok bool, yes, no, do string) {
	switch {
	case ok:
		o.add(true, yes, "")
	case needed:
		o.add(false, no, do)
	default:
		o.note(no, do)
	}
}
