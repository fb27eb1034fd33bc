package enginetest

import (
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// rowsOf is what is committed of a unit.
type rowsOf struct{ count, parts int }

// compare holds what is committed to what the writers were told, and empties the
// table. A transaction is there as a whole or not at all; and what was refused or
// rolled back is not.
func (r *flipRound) compare() {
	committed, err := r.perUnit()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, u := range r.mu.units {
		name, rows := r.kinds[u.kind].Name, committed[u.number]
		delete(committed, u.number)
		if rows.parts > 0 && rows.count != rows.parts {
			r.t.Errorf("%s: %d rows of a transaction with %d are committed (%v)", name, rows.count, rows.parts, u.err)
		}
		if rows.count < u.told {
			r.t.Errorf("%s: %d rows are committed, and it was told %d (%v)", name, rows.count, u.told, u.err)
		}
		known := !u.disturbed() && (u.err == nil || !r.Conflict(u.err))
		if rows.count > u.told && known {
			r.t.Errorf("%s: %d rows are committed, although it was told %d (%v)", name, rows.count, u.told, u.err)
		}
		if rows.count > 0 && u.late {
			r.t.Errorf("%s: %d rows are committed, although it began after writing was closed (%v)", name, rows.count, u.err)
		}
	}
	if len(committed) > 0 {
		r.t.Errorf("rows of nobody are committed: %v", committed)
	}
	if _, err := r.Bare.Exec("DELETE FROM flip"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *flipRound) perUnit() (map[int]rowsOf, error) {
	rows, err := r.Bare.Query("SELECT unit, count(*), max(parts) FROM flip GROUP BY unit")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	committed := make(map[int]rowsOf)
	for rows.Next() {
		var unit int
		var of rowsOf
		if err := rows.Scan(&unit, &of.count, &of.parts); err != nil {
			return nil, err
		}
		committed[unit] = of
	}
	return committed, rows.Err()
}

// leftBehind demands that nothing is in use or open any more. A server takes a
// moment to notice that a client is gone, and says nothing when it has.
func (r *flipRound) leftBehind() {
	var inUse, open int
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		inUse = r.DB.Stats().InUse
		if open, err = r.Open(); inUse == 0 && open == 0 && err == nil {
			return
		}
	}
	r.t.Errorf("left behind: %d connections of the pool in use, %d open on the server (%v)", inUse, open, err)
}

// flipTotals show that the rounds were worth something.
type flipTotals struct {
	rounds, busy, waited, unknown int
	graced, cutOff                int64
	longest                       time.Duration
	kinds                         []kindTotals
}

// kindTotals count the units of a kind.
type kindTotals struct {
	units, refused int
	rows           int // committed before the flip
	crossed        int // begun before the flip, ended after it
}

func (s *flipTotals) add(r *flipRound) {
	s.rounds++
	busy, crossed := false, false
	for _, u := range r.mu.units {
		k := &s.kinds[u.kind]
		k.units++
		if u.err != nil && !u.disturbed() {
			k.refused++
		}
		switch {
		case u.at.Before(r.began):
			k.rows += u.told
			busy = busy || (u.told > 0 || u.disturbed()) && r.approached.Sub(u.at) < 8*r.nap
		case !u.late:
			k.crossed++
			crossed = true
		}
	}
	if busy && crossed {
		s.busy++
	}
	if r.report.Waited > 0 {
		s.waited++
	}
	s.longest = max(s.longest, r.report.Took)
	s.unknown += len(r.report.Unknown)
	s.graced += r.promises.graced.Load()
	s.cutOff += r.promises.cutOff.Load()
	for _, work := range r.report.Unknown {
		if !r.disturbs(work) {
			r.t.Errorf("the outcome of what nobody disturbed is unknown: %s", work)
		}
	}
}

func (f *flipTest) disturbs(work sqlguard.OpenWork) bool {
	for _, k := range f.kinds {
		if k.Name == work.Label {
			return k.Disturbed
		}
	}
	return false
}

// check demands that the writers were writing up to the flip, in all ways, and
// that Drain had something to wait for.
func (s *flipTotals) check(f *flipTest) {
	f.t.Logf("%d rounds, %d with writers busy up to the flip, %d in which Drain waited, the longest for %s; "+
		"%d unknown outcomes, %d writes under grace, %d commits cut off",
		s.rounds, s.busy, s.waited, s.longest.Round(time.Millisecond), s.unknown, s.graced, s.cutOff)
	for i, k := range s.kinds {
		f.t.Logf("%-32s %s", f.kinds[i].Name, k)
	}
	if s.rounds < 10 {
		return // chance has not had its say
	}
	disturbed := 0
	for i, k := range s.kinds {
		if f.kinds[i].Disturbed {
			disturbed += k.crossed // few of them, where writers wait for each other
		} else if k.rows == 0 || k.refused == 0 || k.crossed == 0 && s.rounds >= 100 {
			f.t.Errorf("%s: %s", f.kinds[i].Name, k)
		}
	}
	// Where there is no server, what was disturbed is over.
	server := f.Cut != nil
	if s.busy < s.rounds*3/4 || s.waited < s.rounds*3/4 || s.graced == 0 || s.cutOff == 0 ||
		server && (s.unknown == 0 || disturbed == 0) {
		f.t.Error("too little was going on at the flips")
	}
}

func (k kindTotals) String() string {
	return fmt.Sprintf("%d units, %d rows before a flip, %d units across it, %d refused", k.units, k.rows, k.crossed, k.refused)
}
