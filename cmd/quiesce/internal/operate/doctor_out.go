package operate

import (
	"errors"
	"strings"
)

// DoctorOut is what doctor has looked at.
type DoctorOut struct {
	Checks []Check `json:"checks"`
}

// Check is one thing that doctor has looked at.
type Check struct {
	OK   bool   `json:"ok"`
	What string `json:"what"`
	// Do is what to do about it, where it is not well, or could be better.
	Do string `json:"do,omitempty"`
}

func (o DoctorOut) String() string {
	var b strings.Builder
	for n, c := range o.Checks {
		if n > 0 {
			b.WriteString("\n")
		}
		mark := "ok    "
		switch {
		case !c.OK:
			mark = "CHECK "
		case c.Do != "":
			mark = "note  "
		}
		b.WriteString(mark + c.What)
		if c.Do != "" {
			b.WriteString("\n      " + c.Do)
		}
	}
	return b.String()
}

// ErrNotWell is for a doctor who has found something.
var ErrNotWell = errors.New("not all is well")
