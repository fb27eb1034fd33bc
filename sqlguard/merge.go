package sqlguard

import (
	"cmp"
	"slices"
	"time"
)

// strictness orders holds: the mode first, then what they ask of the HTTP layer.
func (h Hold) strictness() int {
	n := int(h.Mode) * 4
	if h.Anonymous {
		n++
	}
	if h.GetOnly {
		n++
	}
	return n
}

// merge makes the state that results of holds, which are sorted by name. It
// leaves Since and Epoch to the caller.
func merge(holds []Hold) State {
	s := State{Holds: holds}
	for _, h := range holds {
		s.Mode = max(s.Mode, h.Mode)
		s.Anonymous = s.Anonymous || h.Anonymous
		s.GetOnly = s.GetOnly || h.GetOnly
		s.Fence = s.Fence || h.Fence
	}
	byStrictness := slices.Clone(holds)
	slices.SortStableFunc(byStrictness, func(a, b Hold) int {
		return cmp.Or(cmp.Compare(b.strictness(), a.strictness()), a.Since.Compare(b.Since))
	})
	// What asks for nothing explains nothing.
	explaining := slices.DeleteFunc(slices.Clone(byStrictness), func(h Hold) bool { return h.strictness() == 0 })
	s.Until = latestEnd(explaining, s.Mode)
	if h, ok := announcement(byStrictness, s.Mode); ok {
		s.Announced = h.Announced
		if s.noticed() {
			explaining = append(explaining, h)
		} else {
			explaining = slices.Insert(explaining, 0, h)
			s.Until = h.Until
		}
	}
	for _, h := range explaining {
		s.Reason = cmp.Or(s.Reason, h.Reason)
		s.Message = cmp.Or(s.Message, h.Message)
		s.By = cmp.Or(s.By, h.By)
	}
	return s
}

// latestEnd returns when the last of the holds that ask for a mode expects its
// end; zero if one of them expects none.
func latestEnd(holds []Hold, mode Mode) time.Time {
	var latest time.Time
	for _, h := range holds {
		switch {
		case h.Mode != mode:
		case h.Until.IsZero():
			return time.Time{}
		case h.Until.After(latest):
			latest = h.Until
		}
	}
	return latest
}

// announcement returns the hold that announces the earliest beginning of
// read-only mode, the first of several. Once that mode is on there is none.
func announcement(holds []Hold, mode Mode) (earliest Hold, found bool) {
	if mode == ReadOnly {
		return Hold{}, false
	}
	for _, h := range holds {
		if !h.Announced.IsZero() && (!found || h.Announced.Before(earliest.Announced)) {
			earliest, found = h, true
		}
	}
	return earliest, found
}

// noticed reports whether a mode is in force that visitors notice.
func (s State) noticed() bool { return s.Mode == ReadOnly || s.Anonymous || s.GetOnly }
