package sqlguard

import (
	"fmt"
	"strings"
)

// Mode says how far writing is closed. A greater mode is a stricter one.
type Mode uint8

const (
	// Off lets everything through and looks at nothing.
	Off Mode = iota

	// Observe lets everything through, and reports what ReadOnly would have
	// rejected or skipped.
	Observe

	// ReadOnly lets through what is proven to only read, and what the [Policy]
	// allows.
	ReadOnly
)

var modeNames = [...]string{Off: "off", Observe: "observe", ReadOnly: "read-only"}

// String returns "off", "observe" or "read-only".
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// ParseMode reads a mode by the name that [Mode.String] returns, in any case,
// with spaces around it; an underscore or nothing may stand for the hyphen.
func ParseMode(s string) (Mode, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "off":
		return Off, nil
	case "observe":
		return Observe, nil
	case "read-only", "read_only", "readonly":
		return ReadOnly, nil
	}
	return ReadOnly, fmt.Errorf("mode must be off, observe or read-only, not %q", s)
}

// MarshalText returns what [Mode.String] returns.
func (m Mode) MarshalText() ([]byte, error) {
	if int(m) >= len(modeNames) {
		return nil, fmt.Errorf("sqlguard: %s is not a mode", m)
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads what [ParseMode] reads.
func (m *Mode) UnmarshalText(text []byte) error {
	parsed, err := ParseMode(string(text))
	if err != nil {
		return fmt.Errorf("sqlguard: %w", err)
	}
	*m = parsed
	return nil
}
