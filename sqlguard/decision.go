package sqlguard

import "fmt"

// Decision is what becomes of one statement.
type Decision uint8

const (
	// Refuse: it must not reach the engine; the caller gets the error.
	Refuse Decision = iota
	// Drop: it must not reach the engine; the caller sees success with nothing affected.
	Drop
	// Pass: it goes to the engine.
	Pass
	// Ask: only the engine can judge it. It may go there where the engine itself
	// refuses writes, in a read-only transaction. Where that cannot be had,
	// [Guard.Refuse] refuses it.
	Ask
)

var decisionNames = [...]string{Refuse: "refuse", Drop: "drop", Pass: "pass", Ask: "ask"}

// String returns the decision in lower case.
func (d Decision) String() string {
	if int(d) < len(decisionNames) {
		return decisionNames[d]
	}
	return fmt.Sprintf("decision(%d)", uint8(d))
}

// MarshalText returns what [Decision.String] returns.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText accepts the names that [Decision.String] returns, in lower case.
func (d *Decision) UnmarshalText(text []byte) error {
	for i, name := range decisionNames {
		if name == string(text) {
			*d = Decision(i)
			return nil
		}
	}
	return fmt.Errorf("sqlguard: decision %q is not one of refuse, drop, pass, ask", text)
}
