package fleet

import (
	"errors"
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// State says how far a fleet is closed.
type State string

// The states of a fleet, in the order in which they follow each other. After Closed comes
// Open again.
const (
	// Open lets every process write. Nobody needs a lease.
	Open State = "open"
	// Armed lets a process write for as long as it has a valid lease. Closing comes next.
	Armed State = "armed"
	// Closed lets nobody begin a write. What was begun before is finished, or cut off.
	Closed State = "closed"
)

// strictness orders states: a stricter one is greater. What is no state is the strictest.
func (s State) strictness() int {
	switch s {
	case Open:
		return 0
	case Armed:
		return 1
	}
	return 2
}

// Mode is the record of the fleet: what all its processes are asked for. There is one in a store.
type Mode struct {
	State State `json:"state"`
	// Epoch grows with each change of the record, and never goes back. The record that a
	// store begins with has epoch 1.
	Epoch uint64 `json:"epoch"`
	// Op names the operation that arms and closes: a random text that its first step
	// makes, and the last takes away. It is "" while the state is Open.
	Op string `json:"op,omitempty"`
	// Cut asks processes to cut off the transactions that are still open. It goes with Closed.
	Cut bool `json:"cut,omitempty"`
	// Fence asks processes to take the fence of their databases for whatever may write, while Armed and
	// Closed; and none counts as bound before all that it has open does. See package fence.
	Fence bool `json:"fence,omitempty"`
	// Change is what each process asks of its guard. While Armed that is what it will ask
	// for when the state is Closed. Its Mode is ReadOnly in both of these, and Off or Observe
	// while Open. Its Lease is nil.
	Change sqlguard.Change `json:"change"`
	// Since is when the state last changed, on the clock of the store.
	Since time.Time `json:"since,omitzero"`
}

// Check reports what is wrong with a record, naming the field. A store checks what it is
// given, and what it reads.
func (m Mode) Check() error {
	switch {
	case m.State != Open && m.State != Armed && m.State != Closed:
		return fmt.Errorf("the field Mode.State must be open, armed or closed, not %q", m.State)
	case m.Epoch == 0:
		return errors.New("the field Mode.Epoch must be at least 1")
	case (m.State == Open) != (m.Op == ""):
		return errors.New("the field Mode.Op must be empty where the state is open, and only there")
	case len(m.Op) > maxName:
		return fmt.Errorf("the field Mode.Op must be at most %d bytes, not %d", maxName, len(m.Op))
	case m.Cut && m.State != Closed:
		return errors.New("the field Mode.Cut goes with the state closed")
	case (m.State == Open) == (m.Change.Mode == sqlguard.ReadOnly):
		return errors.New("the field Mode.Change.Mode must be read-only where the state is armed or closed, and only there")
	case m.Change.Fence:
		return errors.New("the field Mode.Change.Fence must be false: Mode.Fence asks for it")
	case m.Change.Lease != nil:
		return errors.New("the field Mode.Change.Lease must be nil: each process has its own")
	}
	return nil
}

// maxName bounds names and ids, in bytes.
const maxName = 128
