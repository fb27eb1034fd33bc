package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Errors that a [Coordinator] returns, which callers match with [errors.Is].
var (
	// ErrExpired is for a heartbeat whose record has expired, was replaced or forgotten, or never
	// was. The process must register anew.
	ErrExpired = errors.New("the lease has expired, or is not known")
	// ErrNoSchema is for a store in which nobody has run init, or whose tables are of
	// another version of the protocol.
	ErrNoSchema = errors.New("the store is not initialised for this version")
)

// ConflictError is for a change of a record that is not the one that the caller has seen.
type ConflictError struct {
	// Expected is the epoch that the caller has seen, 0 if any would do in another state; Current is the
	// record that is there.
	Expected uint64
	Current  Mode
}

// Error names both.
func (e *ConflictError) Error() string {
	if e.Expected == 0 || e.Expected == e.Current.Epoch {
		return fmt.Sprintf("the fleet is %s already (epoch %d)", e.Current.State, e.Current.Epoch)
	}
	return fmt.Sprintf("the epoch has moved: it is %d (%s), not %d", e.Current.Epoch, e.Current.State, e.Expected)
}

// Source tells what a fleet's mode is, and nothing more: nobody knows who has heard it. So
// it is good for a process to follow, but not for waiting until writing is over.
type Source interface {
	// Mode returns the record as it is now.
	Mode(context.Context) (Mode, error)
	// Changed returns a channel that is readable after the record may have changed. It is a
	// hint that shortens the delay: one may be lost, several may come as one, and a source that has
	// no way to know returns nil. It is never closed, and always the same one.
	Changed() <-chan struct{}
}

// Coordinator is the store of a fleet: records that are changed by compare-and-swap, and
// one clock. All methods may be called by several goroutines; each is one
// transaction, or one statement, and returns before the context's deadline, or with its error.
//
// After an error it is not known whether the change was made. Each method may therefore be
// called again with the same arguments; Swap then returns a *ConflictError that shows the caller's own record.
type Coordinator interface {
	Source

	// Register writes the record of a process, in place of any with the same id, with the time of the
	// store, and returns the mode that was in force in the same transaction.
	Register(context.Context, Instance) (Mode, error)
	// Heartbeat renews the record with that id and lease: it is valid for its TTL from now on. It
	// returns the mode that was in force in the same transaction, and an ErrExpired if there is no such record
	// or if it has expired, however short a time ago.
	Heartbeat(ctx context.Context, id, lease string, r Report) (Mode, error)
	// Leave removes the record with that id and lease; if there is none, it does nothing.
	Leave(ctx context.Context, id, lease string) error
	// Forget removes the record with that id, whoever has registered it, if it has expired. It returns whether
	// there was one. Somebody has to be certain that the process is no more.
	Forget(ctx context.Context, id string) (bool, error)
	// List returns the fleet in one consistent read.
	List(context.Context) (Snapshot, error)
	// Swap changes the mode, if its epoch is still expected, and returns what was written. The
	// store sets the epoch, greater than the old one and than every one that a record of an instance has, and Since. Else it
	// returns a *ConflictError, and nothing is changed.
	Swap(ctx context.Context, expected uint64, next Mode) (Mode, error)

	// Audit appends an entry with the time of the store.
	Audit(context.Context, Entry) error
	// Log returns the latest entries, limit at most, the oldest of them first.
	Log(ctx context.Context, limit int) ([]Entry, error)

	// SaveReport keeps what a process has found in observe mode, in place of what it has
	// said before. Findings outlive the record of the process.
	SaveReport(ctx context.Context, id, service string, r sqlguard.Report) error
	// Reports returns what all processes have found since a time on the store's clock.
	Reports(ctx context.Context, since time.Time) ([]InstanceReport, error)
	// DropReports removes all findings.
	DropReports(context.Context) error
}

// InstanceReport is what one process has found in observe mode.
type InstanceReport struct {
	Instance string          `json:"instance"`
	Service  string          `json:"service"`
	Saved    time.Time       `json:"saved"`
	Report   sqlguard.Report `json:"report"`
}

// Entry is one event of the audit log: what somebody did, or was refused.
type Entry struct {
	// Time is when, on the store's clock, which sets it.
	Time time.Time `json:"time"`
	// Op is the operation, if there is one, and Action what was done: "arm", "close", "open", "wait", ….
	Op     string `json:"op,omitempty"`
	Action string `json:"action"`
	// Actor is who did it, Reason why.
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
	// Before and After are the epochs; equal if nothing was changed.
	Before uint64 `json:"epoch_before"`
	After  uint64 `json:"epoch_after"`
	// Result is "ok", or says why it was refused or failed.
	Result string `json:"result"`
	// Details are what else is worth keeping, such as the fleet at the end of wait, and the
	// position of the database's log.
	Details json.RawMessage `json:"details,omitempty"`
}
