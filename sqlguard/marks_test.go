package sqlguard_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// verbs is a dialect for tests: SELECT reads, BEGIN, COMMIT and ROLLBACK are what they are,
// CREATE commits in passing, ESCAPE is one, and every other text writes the table in its second word.
type verbs struct{}

func (verbs) Name() string { return "verbs" }

func (verbs) Classify(text string) sqlguard.Verdict {
	verb, rest, _ := strings.Cut(text, " ")
	v := sqlguard.Verdict{Op: sqlguard.Op(verb), Class: sqlguard.Session, Complete: true, Why: "test"}
	switch verb {
	case "SELECT":
		v.Class = sqlguard.Read
	case "BEGIN":
		v.Tx = sqlguard.TxBegin
	case "COMMIT":
		v.Tx = sqlguard.TxCommit
	case "ROLLBACK":
		v.Tx = sqlguard.TxRollback
	case "CREATE":
		v.Class, v.Commits = sqlguard.Schema, true
	case "ESCAPE":
		v.Class = sqlguard.Escape
	default:
		name, _, _ := strings.Cut(rest, " ")
		v.Class, v.Tables = sqlguard.Write, []sqlguard.Table{{Name: name, Op: v.Op}}
	}
	return v
}

// attach returns a connection that a guard looks after.
func attach(t testing.TB, g *sqlguard.Guard) *sqlguard.Conn {
	t.Helper()
	c := &sqlguard.Conn{}
	g.Attach(c, verbs{})
	return c
}

// over is a context that has ended, with which Drain says what is open without waiting.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// mark does to a connection what steps say, one after the other: those of a Conn, or a text
// that is entered.
func mark(t testing.TB, c *sqlguard.Conn, steps string) {
	t.Helper()
	ctx := context.Background()
	for step := range strings.SplitSeq(steps, "; ") {
		switch step {
		case "":
		case "leave":
			c.Leave()
		case "lost":
			c.Lost()
		case "begin":
			c.Begin(ctx)
		case "began":
			c.Began(ctx)
		case "end":
			c.End()
		case "committing":
			c.Committing()
		case "committed":
			c.Committed()
		case "detach":
			c.Detach()
		case "stamp":
			c.Stamp()
		default:
			c.Enter(ctx, step)
			v := verbs{}.Classify(step)
			if d, err := c.Decide(ctx, &v); d != sqlguard.Pass {
				t.Fatalf("%s: %v", step, err)
			}
		}
	}
}

// state says what a drain found open, and of how many statements the outcome is unknown.
func state(r sqlguard.DrainReport) string {
	var open []string
	for _, w := range r.Open {
		s := w.String()
		if w.Running {
			s = "running " + s
		}
		open = append(open, s)
	}
	slices.Sort(open)
	if n := len(r.Unknown); n > 0 {
		open = append(open, fmt.Sprintf("%d unknown", n))
	}
	return strings.Join(open, "; ")
}

func TestWhatIsOpenAfterMarks(t *testing.T) {
	for _, tt := range []struct{ name, marks, want string }{
		{"nothing, when nothing was entered", "", ""},
		{"a statement that was entered", "INSERT a", "running statement, INSERT (a)"},
		{"nothing, when it was left", "INSERT a; leave", ""},
		{"the last of two statements, when neither was left", "INSERT a; INSERT b", "running statement, INSERT (b)"},
		{"one of two, when one was left", "INSERT a; INSERT b; leave", "running statement, INSERT (b)"},
		{"nothing, when both were left", "INSERT a; INSERT b; leave; leave", ""},
		{"the second statement, when the first was left before", "INSERT a; leave; INSERT b", "running statement, INSERT (b)"},
		{"a statement that was stamped", "INSERT a; stamp", "running statement, INSERT (a)"},
		{"nothing, when what was stamped was left", "INSERT a; stamp; leave", ""},
		{"one of two, when the one that was stamped was left", "INSERT a; INSERT b; stamp; leave", "running statement, INSERT (b)"},

		{"a transaction that was begun", "begin", "transaction, last BEGIN"},
		{"one transaction, when it was begun twice", "begin; begin", "transaction, last BEGIN"},
		{"nothing, when it was ended", "begin; end", ""},
		{"nothing, when one begun twice was ended once", "begin; begin; end", ""},
		{"a transaction with a statement running", "begin; INSERT a", "running transaction, last INSERT (a)"},
		{"a transaction with its last statement", "begin; INSERT a; leave", "transaction, last INSERT (a)"},
		{"a transaction with the last of two statements", "begin; INSERT a; leave; stamp; UPDATE b; leave", "transaction, last UPDATE (b)"},
		{"the statement, when its transaction ended before it", "begin; INSERT a; end", "running statement, INSERT (a)"},
		{"nothing, when that was left", "begin; INSERT a; end; leave", ""},
		{"a transaction that a statement began", "BEGIN; began; leave", "transaction, last BEGIN"},
		{"a statement that runs in it", "BEGIN; began; leave; INSERT a", "running transaction, last INSERT (a)"},
		{"the second transaction after the first", "begin; INSERT a; leave; end; begin", "transaction, last BEGIN"},

		{"a commit", "begin; INSERT a; leave; committing", "running transaction, last COMMIT"},
		{"nothing, when it was committed", "begin; INSERT a; leave; committing; committed", ""},
		{"rows that outlive the commit", "begin; INSERT a; committing; committed", "running statement, COMMIT"},
		{"nothing, when those were left", "begin; INSERT a; committing; committed; leave", ""},
		{"a transaction whose commit was not sent", "begin; committing; leave", "transaction, last COMMIT"},

		{"nothing, but an outcome unknown, of a statement that was lost", "INSERT a; lost", "1 unknown"},
		{"the outcomes of two", "INSERT a; lost; INSERT b; lost", "2 unknown"},
		{"the rest of two statements of which one was lost", "INSERT a; INSERT b; lost", "running statement, INSERT (b); 1 unknown"},
		{"the transaction of a statement that was lost", "begin; INSERT a; lost", "transaction, last INSERT (a); 1 unknown"},
		{"a commit that was lost", "begin; committing; lost; end", "1 unknown"},

		{"nothing, when a connection was closed", "detach", ""},
		{"nothing of a transaction in which nothing ran, when it was closed", "begin; INSERT a; leave; detach", ""},
		{"an outcome unknown of a statement that ran when it was closed", "INSERT a; detach", "1 unknown"},
		{"one of a transaction and its statement", "begin; INSERT a; detach", "1 unknown"},
		{"one of a commit that ran then", "begin; committing; detach", "1 unknown"},
		{"nothing more after it was closed", "INSERT a; leave; detach", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, before := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
				g := newGuard(t, sqlguard.Config{})
				c := attach(t, g)
				hold(t, g, "test", sqlguard.Change{Mode: before})
				mark(t, c, tt.marks)
				hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly})
				report, err := g.Drain(over())
				if got := state(report); got != tt.want {
					t.Errorf("in mode %s: %q\nwant %q", before, got, tt.want)
				}
				if (err == nil) != (tt.want == "") {
					t.Errorf("in mode %s the error is %v", before, err)
				}
			}
		})
	}
}

func TestAClosedConnectionIsForgotten(t *testing.T) {
	g := newGuard(t, sqlguard.Config{Tail: -1})
	c := attach(t, g)
	mark(t, c, "begin; INSERT a; detach")
	if c.InTx() || c.Cut() || c.Decided() != sqlguard.Off {
		t.Error("something is marked on a closed connection")
	}
	c.Leave() // rows that are closed after their connection
	hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly})
	if report, err := g.Drain(over()); err != nil || report.Waited != 0 {
		t.Errorf("a closed connection is waited for: %v (%v)", report, err)
	}
}
