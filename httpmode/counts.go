package httpmode

import "sync/atomic"

// Counts are how many requests a [Middleware] has dealt with since it was made, by what
// became of them. Those that it leaves alone are not counted: with the mode off, and of routes that
// are exempt.
type Counts struct {
	// Passed were answered by the handler.
	Passed uint64 `json:"passed"`
	// Converted were form posts that became GETs, or were sent there, and were not given the maintenance
	// answer after all.
	Converted uint64 `json:"converted"`
	// Refused got the maintenance answer because they would write, or tried to; SignIn
	// because they need somebody to be signed in.
	Refused uint64 `json:"refused"`
	SignIn  uint64 `json:"sign_in"`
	// Bypassed had a token that lets them write ([SignBypass]).
	Bypassed uint64 `json:"bypassed"`
}

// Counts returns the counts as they are now.
func (m *Middleware) Counts() Counts {
	return Counts{
		Passed: m.counts.passed.Load(), Converted: m.counts.converted.Load(), Refused: m.counts.refused.Load(),
		SignIn: m.counts.signIn.Load(), Bypassed: m.counts.bypassed.Load(),
	}
}

// counters count answers when their header is as good as sent.
type counters struct {
	passed, converted, refused, signIn, bypassed atomic.Uint64
}

// maintenance counts a maintenance answer.
func (c *counters) maintenance(cause Cause) {
	if cause == CauseSignIn {
		c.signIn.Add(1)
		return
	}
	c.refused.Add(1)
}

// own counts an answer of the handler's own.
func (c *counters) own(converted bool) {
	if converted {
		c.converted.Add(1)
		return
	}
	c.passed.Add(1)
}
