package operate

import (
	"context"
	"fmt"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// What is done with a fence.
const (
	Install = "install"
	Remove  = "remove"
	Enable  = "enable"
	Disable = "disable"
	Verify  = "verify"
)

// Fencing is what fence is asked for.
type Fencing struct {
	Target
	// Action is Install, Remove, Enable, Disable or Verify.
	Action string
	// Databases are the DSNs of those whose fences are meant.
	Databases []string
	// Reason is for the audit log.
	Reason string
}

// FenceOut is what fence says.
type FenceOut struct {
	Action string `json:"action"`
	// Mode is the fleet's, after Enable and Disable.
	Mode *fleet.Mode `json:"mode,omitempty"`
	// Fences are those of the databases, in their order.
	Fences []FenceState `json:"fences,omitempty"`
}

// FenceState is the state of one fence.
type FenceState struct {
	Dialect string `json:"dialect"`
	Closed  bool   `json:"closed"`
}

func (o FenceOut) String() string {
	var lines []string
	for n, f := range o.Fences {
		lines = append(lines, fmt.Sprintf("database %d (%s): the fence is there, and %s", n+1, f.Dialect, word(f.Closed)))
	}
	switch {
	case o.Action == Remove:
		lines = append(lines, "the fences are removed")
	case o.Mode != nil && o.Mode.Fence:
		lines = append(lines, fmt.Sprintf("from the next quiesce on, processes take the fence (epoch %d)", o.Mode.Epoch))
	case o.Mode != nil:
		lines = append(lines, fmt.Sprintf("processes take no fence (epoch %d)", o.Mode.Epoch))
	}
	return strings.Join(lines, "\n")
}

// Fence installs, enables, disables, verifies or removes fences. It opens none: that is for [On], at an epoch.
func Fence(ctx context.Context, d Deps, in Fencing) (out FenceOut, err error) {
	out.Action = in.Action
	if len(in.Databases) == 0 && in.Action != Disable {
		return out, usage("--database is required, or QUIESCE_DATABASE in the environment: the DSN of the database that has the fence")
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := in.mayRemove(ctx, d); err != nil {
		return out, because(ctx, err)
	}
	if err := in.each(ctx, &out); err != nil {
		return out, because(ctx, err)
	}
	if in.Action != Enable && in.Action != Disable {
		return out, nil
	}
	s, o, err := d.open(ctx, in.Target)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	mode, err := o.Fence(ctx, 0, in.Action == Enable, in.Reason)
	out.Mode = &mode
	return out, because(ctx, err)
}

// mayRemove refuses to remove a fence that the fleet takes, where there is a store to ask: all that writes would fail.
func (in Fencing) mayRemove(ctx context.Context, d Deps) error {
	if in.Action != Remove || in.Store == "" {
		return nil
	}
	s, _, err := d.open(ctx, in.Target)
	if err != nil {
		return err
	}
	defer s.Close()
	mode, err := s.Mode(ctx)
	if err == nil && mode.Fence {
		return usage("the fleet takes the fence of its databases: quiesce fence disable, while it is open, before quiesce fence remove")
	}
	return err
}

// each does what is to be done in each database, and looks at the fence then.
func (in Fencing) each(ctx context.Context, out *FenceOut) error {
	databases, err := openDatabases(in.Databases)
	if err != nil {
		return err
	}
	defer closeDatabases(databases)
	for _, database := range databases {
		f, err := database.fence()
		if err != nil {
			return err
		}
		switch in.Action {
		case Install:
			err = f.Install(ctx)
		case Remove:
			err = f.Remove(ctx)
		}
		if err != nil {
			return err
		}
		if in.Action == Remove {
			continue
		}
		closed, err := f.Closed(ctx)
		if err != nil {
			return explained(err)
		}
		out.Fences = append(out.Fences, FenceState{database.dialect, closed})
	}
	return nil
}
