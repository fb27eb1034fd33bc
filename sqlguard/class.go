package sqlguard

import "fmt"

// Class says what a statement does to what it touches. The constants are
// ordered: of two statements in one text, the one with the greater class
// decides.
//
// The zero Class is none of them; it is treated as [Write], so that a verdict
// nobody filled in refuses.
type Class uint8

const (
	// Read is proven to change nothing.
	Read Class = iota + 1

	// Session changes nothing but the session it runs in: transaction control,
	// harmless SET, SHOW, LISTEN, cursors.
	Session

	// Unproven is a query by its text that calls a function, operator or cast
	// that nobody vouches for.
	Unproven

	// Lock takes or releases a lock: row and table locks, advisory and named
	// locks. Which of them it is, [Verdict.Op] tells.
	Lock

	// Write changes data, tells others, or is not understood.
	Write

	// Schema changes definitions, rights or settings of the server: DDL, GRANT,
	// maintenance commands.
	Schema

	// Escape would lift a read-only setting of the engine, or change how later
	// bytes are read.
	Escape
)

var classNames = [...]string{
	Read: "read", Session: "session", Unproven: "unproven", Lock: "lock",
	Write: "write", Schema: "schema", Escape: "escape",
}

// String returns the class in lower case, "write" for the zero Class.
func (c Class) String() string {
	if c == 0 {
		return classNames[Write]
	}
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// MarshalText returns what [Class.String] returns.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts the names that [Class.String] returns, in lower case.
func (c *Class) UnmarshalText(text []byte) error {
	for i, name := range classNames {
		if name != "" && name == string(text) {
			*c = Class(i)
			return nil
		}
	}
	return fmt.Errorf("sqlguard: class %q is not one of read, session, unproven, lock, write, schema, escape", text)
}

// rank is the class as a severity: the zero Class ranks as Write.
func (c Class) rank() Class {
	if c == 0 {
		return Write
	}
	return c
}
