package driver

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// A FETCH shows only the name of its cursor, so it is a read only where the
// DECLARE was seen, and was a read. What was seen is forgotten as soon as a cursor of that
// name may be another one: after anything that nobody looked at, and after
// anything but reads, which may have declared it anew.

// cursorCall is how a verdict's Calls write a cursor.
const cursorCall = "cursor "

// cursorsResolved returns the verdict as it is for who has seen the cursors declared
// that the statement reads from. Of several statements in one text the guard decides
// on each, so there this changes nothing.
func (c *conn) cursorsResolved(v *sqlguard.Verdict) *sqlguard.Verdict {
	if c.ranUnseen {
		c.cursors, c.ranUnseen = nil, false
	}
	if v.Class != sqlguard.Unproven || len(v.Calls) == 0 {
		return v
	}
	for _, call := range v.Calls {
		name, isCursor := strings.CutPrefix(call, cursorCall)
		if _, reads := c.cursors[name]; !isCursor || !reads {
			return v
		}
	}
	w := *v
	w.Class, w.Calls = sqlguard.Read, nil
	return &w
}

// noteCursors notes the cursors that a text which ran to its end has declared.
func (c *conn) noteCursors(v *sqlguard.Verdict) {
	for i := range statements(v) {
		p := statement(v, i)
		switch {
		case p.Class != sqlguard.Read && p.Class != sqlguard.Session && !c.readsCursors(p):
			c.cursors = nil
		case p.Declares == "":
		case p.Functions && c.shadowed:
			delete(c.cursors, p.Declares)
		default:
			if c.cursors == nil {
				c.cursors = make(map[string]struct{})
			}
			c.cursors[p.Declares] = struct{}{}
		}
	}
}

// readsCursors reports whether a statement does nothing but read from cursors
// that were seen.
func (c *conn) readsCursors(v *sqlguard.Verdict) bool {
	return c.cursorsResolved(v).Class == sqlguard.Read
}
