// Package suites holds dialects to what the engines themselves say, over the
// statements of the engines' own regression suites.
//
// Each statement is given to a real server in a read-only session or transaction, in the
// surroundings that the suite made for it, and the server's answer is held against
// the verdict. The suites are not part of this repository; `make suites` fetches
// them from Debian's archive. This package counts; the ones below it replay each engine's
// suite, and skip without it.
package suites

import (
	"fmt"
	"io"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Answer is what a server says to a statement while it is read-only.
type Answer uint8

const (
	Ran     Answer = iota // it ran
	Refused               // it was refused because of read-only mode
	Failed                // it failed for another reason, which says nothing of the verdict
)

// Statement is a statement of a suite, its verdict, and the server's answer.
type Statement struct {
	Source  string // file:line
	SQL     string
	Verdict sqlguard.Verdict
	Answer  Answer
	// Aside marks what a server runs in read-only mode although it changes something
	// that the mode does not cover: temporary tables, settings, maintenance.
	Aside bool
}

// Bounds of what a dialect may refuse without need, as shares of what the
// servers run.
const (
	MaxWrites   = 0.01
	MaxUnproven = 0.03
)

// Tally counts statements and keeps those that speak against a dialect.
type Tally struct {
	Statements, Ran, Refused, Failed, Aside int

	// Lax were called Read or Session, and refused by the server.
	Lax []Statement
	// Strict were called Write, though the server ran them and they are not aside.
	Strict []Statement
	// Unproven were called that, though the server ran them.
	Unproven []Statement
}

// Add counts one statement.
func (t *Tally) Add(s Statement) {
	t.Statements++
	passes := s.Verdict.Class == sqlguard.Read || s.Verdict.Class == sqlguard.Session
	switch s.Answer {
	case Failed:
		t.Failed++
	case Refused:
		t.Refused++
		if passes {
			t.Lax = append(t.Lax, s)
		}
	case Ran:
		t.Ran++
		switch {
		case s.Aside:
			t.Aside++
		case s.Verdict.Class == sqlguard.Write:
			t.Strict = append(t.Strict, s)
		case s.Verdict.Class == sqlguard.Unproven:
			t.Unproven = append(t.Unproven, s)
		}
	}
}

// WriteShare is the share of what the server ran that was called Write, and
// UnprovenShare the one that was called Unproven.
func (t *Tally) WriteShare() float64    { return t.share(len(t.Strict)) }
func (t *Tally) UnprovenShare() float64 { return t.share(len(t.Unproven)) }

func (t *Tally) share(n int) float64 { return float64(n) / float64(max(t.Ran-t.Aside, 1)) }

// String sums the tally up in a line.
func (t *Tally) String() string {
	return fmt.Sprintf("%d statements: %d ran (%d aside), %d refused, %d failed; too lax %d, called Write %.2f %%, Unproven %.2f %%",
		t.Statements, t.Ran, t.Aside, t.Refused, t.Failed, len(t.Lax), 100*t.WriteShare(), 100*t.UnprovenShare())
}

// Details writes every statement that speaks against the dialect to w, one a line.
func (t *Tally) Details(w io.Writer) error {
	for _, group := range []struct {
		name       string
		statements []Statement
	}{{"LAX", t.Lax}, {"WRITE", t.Strict}, {"UNPROVEN", t.Unproven}} {
		for _, s := range group.statements {
			sql := strings.Join(strings.Fields(s.SQL), " ")
			if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", group.name, s.Source, s.Verdict.Op, s.Verdict.Why, sql); err != nil {
				return err
			}
		}
	}
	return nil
}
