package guardtest

import (
	"fmt"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Finding is a statement that read-only mode would refuse, or has refused. It holds no text
// of a statement, and no argument values.
type Finding struct {
	// Request is the method and path of the request that ran it; empty where none is known. Of a
	// statement without a context of any request, it is the request that was being answered.
	Request string
	// Label is that of the statement's context: a route, or a job.
	Label string
	// NoContext reports that the statement's context is not that of a watched request, nor one
	// of [Log.Context].
	NoContext bool

	// Dialect, Class, Op, Tables and Why are the verdict on the statement.
	Dialect string
	Class   sqlguard.Class
	Op      sqlguard.Op
	Tables  []sqlguard.Table
	Why     string

	// Refused reports that it was refused, because the mode was read-only.
	Refused bool
	// Caller is the function that ran it first, with the file's name and the line; empty if unknown.
	Caller string
	// Count is how often it ran.
	Count int
}

// String says in a line what would be refused, and where it comes from.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(string(f.Op))
	if f.Op == "" {
		b.WriteString("a write") // Guard.Writable knows of no statement
	}
	if names := f.tables(); names != "" {
		b.WriteString(" (" + names + ")")
	}
	if f.Count > 1 {
		fmt.Fprintf(&b, ", %d times", f.Count)
	}
	for _, part := range []struct{ before, text string }{
		{" in ", f.Request}, {" labelled ", f.Label}, {" by ", f.Caller}, {": ", f.Why},
	} {
		if part.text != "" {
			b.WriteString(part.before + part.text)
		}
	}
	if f.NoContext {
		b.WriteString("; it ran without the context of a request")
	}
	return b.String()
}

// tables returns the names of the tables, with commas.
func (f Finding) tables() string {
	names := make([]string, len(f.Tables))
	for i, t := range f.Tables {
		names[i] = t.Name
		if t.Schema != "" {
			names[i] = t.Schema + "." + t.Name
		}
	}
	return strings.Join(names, ", ")
}

// same reports whether two findings are the same statement of the same origin.
func (f Finding) same(o Finding) bool {
	return f.Request == o.Request && f.Label == o.Label && f.NoContext == o.NoContext &&
		f.Dialect == o.Dialect && f.Class == o.Class && f.Op == o.Op && f.tables() == o.tables() &&
		f.Why == o.Why && f.Refused == o.Refused && f.Caller == o.Caller
}
