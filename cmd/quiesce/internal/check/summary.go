package check

import (
	"fmt"
	"strings"
)

// Summary counts what was judged.
type Summary struct {
	Statements int `json:"statements"`
	Pass       int `json:"pass"`
	Engine     int `json:"engine"`
	Reject     int `json:"reject"`
	// Errors are lines, rows and files that could not be read. None of them is among
	// the statements.
	Errors int `json:"errors"`
	// Calls are how often the statements ran; nil if the input does not tell.
	Calls *Calls `json:"calls,omitempty"`
}

// Calls are how often statements ran, by what would have become of them.
type Calls struct {
	Pass   int64 `json:"pass"`
	Engine int64 `json:"engine"`
	Reject int64 `json:"reject"`
}

func (s *Summary) add(a *answer) {
	if a.err != nil {
		s.Errors++
		return
	}
	s.Statements++
	calls := &Calls{}
	if a.use != nil {
		if s.Calls == nil {
			s.Calls = &Calls{}
		}
		calls = s.Calls
	}
	ran := int64(0)
	if a.use != nil {
		ran = a.use.calls
	}
	switch a.decision {
	case Pass:
		s.Pass++
		calls.Pass += ran
	case Engine:
		s.Engine++
		calls.Engine += ran
	default:
		s.Reject++
		calls.Reject += ran
	}
}

// merge adds the counts of another part of the input.
func (s *Summary) merge(o *Summary) {
	s.Statements += o.Statements
	s.Pass += o.Pass
	s.Engine += o.Engine
	s.Reject += o.Reject
	s.Errors += o.Errors
	if o.Calls == nil {
		return
	}
	if s.Calls == nil {
		s.Calls = &Calls{}
	}
	s.Calls.Pass += o.Calls.Pass
	s.Calls.Engine += o.Calls.Engine
	s.Calls.Reject += o.Calls.Reject
}

// String sums up in a line: "3 statements: 1 pass, 1 engine, 1 reject".
func (s *Summary) String() string {
	calls := func(count func(*Calls) int64) string {
		if s.Calls == nil {
			return ""
		}
		return fmt.Sprintf(" (%d calls)", count(s.Calls))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s: %d pass%s, %d engine%s, %d reject%s", s.Statements, plural(s.Statements, "statement"),
		s.Pass, calls(func(c *Calls) int64 { return c.Pass }),
		s.Engine, calls(func(c *Calls) int64 { return c.Engine }),
		s.Reject, calls(func(c *Calls) int64 { return c.Reject }))
	if s.Errors > 0 {
		fmt.Fprintf(&b, "; %d %s", s.Errors, plural(s.Errors, "error"))
	}
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
