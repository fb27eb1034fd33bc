package operate

import (
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

func closedFleet(after time.Duration, ready int) fleet.Progress {
	p := fleet.Progress{Mode: fleet.Mode{State: fleet.Closed}, Closed: after}
	p.Assessment = fleet.Assessment{Ready: ready, Positions: []fleet.Position{
		{Instance: fleet.Instance{ID: "web-1"}, Standing: fleet.Drained},
		{Instance: fleet.Instance{ID: "api-7f", Report: fleet.Report{Open: 2, Oldest: 8100 * time.Millisecond, Work: "transaction, last UPDATE (orders)"}}, Standing: fleet.Waiting},
		{Instance: fleet.Instance{ID: "api-8a"}, Standing: fleet.Lapsing, Left: 6 * time.Second},
	}}
	if ready == 3 {
		for n := range p.Assessment.Positions {
			p.Assessment.Positions[n].Standing = fleet.Drained
		}
	}
	return p
}

const straggling = "closed 00:12 · 1/3 drained · api-7f (2 tx, oldest 8.1s: transaction, last UPDATE (orders)), api-8a (silent) · lease lapse in 6s"

func TestProgressInPlainLinesSaysWhatHasChanged(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	p := &Progress{To: &out, Now: func() time.Time { return now }}
	p.fleet(closedFleet(12*time.Second, 1))
	p.fleet(closedFleet(13*time.Second, 1))
	now = now.Add(quietly)
	p.fleet(closedFleet(22*time.Second, 1))
	p.fleet(closedFleet(72*time.Second, 3))
	p.end()
	want := straggling + "\n" + strings.Replace(straggling, "00:12", "00:22", 1) + "\nclosed 01:12 · 3/3 drained\n"
	if out.String() != want {
		t.Errorf("it says\n%s\nwant\n%s", &out, want)
	}
}

func TestProgressOnATerminalIsOneLine(t *testing.T) {
	var out strings.Builder
	p := &Progress{To: &out, Now: time.Now, Live: true, Width: 40}
	p.fleet(closedFleet(12*time.Second, 1))
	p.fleet(closedFleet(13*time.Second, 3))
	p.end()
	lines := strings.Split(out.String(), "\r")
	if len(lines) != 3 || len([]rune(lines[1])) >= 40 || !strings.HasSuffix(lines[1], "…") {
		t.Fatalf("it says %q", out.String())
	}
	// The second line is as long as the first, so that nothing of that is left, and only the end has a new line.
	if got := lines[2]; got != "closed 00:13 · 3/3 drained"+strings.Repeat(" ", len([]rune(lines[1]))-26)+"\n" {
		t.Errorf("the second line is %q", got)
	}
}

func TestProgressFitsIntoAnyTerminal(t *testing.T) {
	for width := 1; width < 4; width++ {
		var out strings.Builder
		p := &Progress{To: &out, Now: time.Now, Live: true, Width: width}
		p.fleet(closedFleet(12*time.Second, 1))
		if n := len([]rune(strings.TrimPrefix(out.String(), "\r"))); n > width {
			t.Errorf("it takes %d of %d columns", n, width)
		}
	}
}

func TestNoProgressIsNoTrouble(t *testing.T) {
	var p *Progress
	p.fleet(closedFleet(time.Second, 1))
	p.say("anything", "")
	p.end()
}
