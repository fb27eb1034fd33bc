package fleet

import (
	"errors"
	"fmt"
	"time"
)

// Instance is the record of one process.
type Instance struct {
	// ID names the process among those of its fleet. A process that registers replaces the
	// record of the same id, so two that live at the same time must not share one.
	ID string `json:"id"`
	// Lease names one registration: a random text. Heartbeats carry it, so that what was
	// registered anew, or replaced, is not renewed by what it has replaced.
	Lease string `json:"lease"`
	// Service, Host, PID and Version tell operators which process it is.
	Service string `json:"service"`
	Host    string `json:"host,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Version string `json:"version,omitempty"`
	// Protocol is the version of the protocol that the process speaks: [Protocol].
	Protocol int `json:"protocol"`
	// TTL is how long the record is valid after a heartbeat, on the store's clock. Tail is how
	// long a statement may take to end that was sent right before.
	TTL  time.Duration `json:"ttl_ns"`
	Tail time.Duration `json:"tail_ns"`

	Report

	// Registered and Seen are when it registered, and its last heartbeat; ExpiresIn is how
	// long its lease is valid still, negative once it has expired: all on the store's clock,
	// and set by the store.
	Registered time.Time     `json:"registered"`
	Seen       time.Time     `json:"seen"`
	ExpiresIn  time.Duration `json:"expires_in_ns"`
}

// Report is what a process says of itself with each heartbeat.
type Report struct {
	// Epoch is that of the last record that its guard follows; 0 if there is none.
	Epoch uint64 `json:"epoch"`
	// Bound is the operation to which it is bound: it has seen that operation's record,
	// and does not write without a valid lease. "" if it writes without one.
	Bound string `json:"bound,omitempty"`
	// Drained is the epoch of a closed record under which all that was admitted
	// before has ended; 0 if none.
	Drained uint64 `json:"drained,omitempty"`
	// Open is how many statements and transactions are open that may still be committed;
	// Oldest is the age of the oldest, and Work says what it is, without any SQL text. They are
	// known while it drains.
	Open   int           `json:"open,omitempty"`
	Oldest time.Duration `json:"oldest_ns,omitempty"`
	Work   string        `json:"work,omitempty"`
	// Alarm is what a person should look at, such as a store that went back in time.
	Alarm string `json:"alarm,omitempty"`
}

// Protocol is the version of the protocol of this package.
const Protocol = 1

// Check reports what is wrong with a record that is to be registered, naming the field.
func (i Instance) Check() error {
	for _, f := range []struct {
		name, text string
		required   bool
	}{
		{"ID", i.ID, true}, {"Lease", i.Lease, true}, {"Service", i.Service, true},
		{"Host", i.Host, false}, {"Version", i.Version, false}, {"Bound", i.Bound, false},
	} {
		switch {
		case f.required && f.text == "":
			return fmt.Errorf("the field Instance.%s must not be empty", f.name)
		case len(f.text) > maxName:
			return fmt.Errorf("the field Instance.%s must be at most %d bytes, not %d", f.name, maxName, len(f.text))
		}
	}
	switch {
	case i.TTL <= 0:
		return errors.New("the field Instance.TTL must be positive")
	case i.Tail < 0:
		return errors.New("the field Instance.Tail must not be negative")
	case i.Protocol <= 0:
		return errors.New("the field Instance.Protocol must be positive")
	}
	return nil
}

// Snapshot is the fleet at one instant, in one consistent read.
type Snapshot struct {
	Mode Mode `json:"mode"`
	// Now is the time on the store's clock.
	Now time.Time `json:"now"`
	// Instances are all records, by id.
	Instances []Instance `json:"instances"`
}
