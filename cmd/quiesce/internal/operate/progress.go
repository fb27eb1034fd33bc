package operate

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Progress says how it goes: on a terminal in one line that changes, else in a line for each
// thing that has changed. A nil Progress says nothing.
type Progress struct {
	// To is where it goes, Live whether that is a terminal, and Width how many columns it has.
	To    io.Writer
	Live  bool
	Width int
	// Now is the time.
	Now func() time.Time

	mu    sync.Mutex
	last  string // what was written last, without what counts time
	said  time.Time
	shown int // how many columns the line has that stands there
}

// quietly is how long nothing is said where nothing changes, and there is no terminal.
const quietly = 10 * time.Second

// fleet tells of a fleet: "closed 00:12 · 14/16 drained · api-7f (2 tx, oldest 8.1s) · lease lapse in 6s".
func (p *Progress) fleet(f fleet.Progress) {
	if p == nil {
		return
	}
	if f.Err != nil {
		p.say(fmt.Sprintf("the store does not answer: %v", f.Err), "")
		return
	}
	state, what := string(f.Mode.State), "drained"
	if f.Mode.State == fleet.Armed {
		what = "bound"
	}
	seconds := ""
	if f.Mode.State == fleet.Closed {
		seconds = " " + clock(f.Closed)
	}
	a := f.Assessment
	rest := fmt.Sprintf(" · %d/%d %s", a.Ready, len(a.Positions)+a.Missing, what)
	if a.Missing > 0 {
		rest += fmt.Sprintf(" · %d missing", a.Missing)
	}
	var names []string
	lapse := time.Duration(-1)
	for _, s := range a.Stragglers() {
		switch {
		case s.Standing == fleet.Lapsing:
			lapse = max(lapse, s.Left)
			names = append(names, s.ID+" (silent)")
		case s.Open > 0:
			names = append(names, fmt.Sprintf("%s (%d tx, oldest %s: %s)", s.ID, s.Open, s.Oldest.Round(100*time.Millisecond), s.Work))
		default:
			names = append(names, fmt.Sprintf("%s (%s)", s.ID, s.Standing))
		}
	}
	const most = 3
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	if len(names) > 0 {
		rest += " · " + strings.Join(names, ", ")
	}
	if lapse >= 0 {
		rest += fmt.Sprintf(" · lease lapse in %.0fs", lapse.Seconds())
	}
	key := fmt.Sprintf("%s %d %d", state, a.Ready, len(names))
	p.say(state+seconds+rest, key)
}

// clock writes 72 seconds as 01:12.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// say shows a line. Without a terminal one with the same key is shown again only now and then.
func (p *Progress) say(line, key string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if key == "" {
		key = line
	}
	now := p.Now()
	if p.Live {
		if p.Width > 0 && utf8.RuneCountInString(line) >= p.Width {
			line = string([]rune(line)[:max(0, p.Width-2)]) + "…"
		}
		n := utf8.RuneCountInString(line)
		fmt.Fprintf(p.To, "\r%s%s", line, strings.Repeat(" ", max(0, p.shown-n)))
		p.shown = n
		return
	}
	if key == p.last && now.Sub(p.said) < quietly {
		return
	}
	p.last, p.said = key, now
	fmt.Fprintln(p.To, line)
}

// end leaves the line that changes.
func (p *Progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Live && p.shown > 0 {
		fmt.Fprintln(p.To)
	}
	p.shown, p.last = 0, ""
}
