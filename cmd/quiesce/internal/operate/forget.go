package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Forgetting is what forget is asked for.
type Forgetting struct {
	Target
	Instance, Reason string
}

// ForgetOut is what forget says.
type ForgetOut struct {
	Instance string `json:"instance"`
}

func (o ForgetOut) String() string { return o.Instance + " is forgotten" }

// Forget removes the record of a process that is no more.
func Forget(ctx context.Context, d Deps, in Forgetting) (out ForgetOut, err error) {
	if strings.TrimSpace(in.Reason) == "" {
		return out, usage("--reason is required: how it is known that the process is no more")
	}
	s, o, err := d.open(ctx, in.Target)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	snapshot, err := s.List(ctx)
	if err != nil {
		return out, because(ctx, err)
	}
	found := false
	if err = awaited(snapshot, in.Instance); err == nil {
		found, err = s.Forget(ctx, in.Instance)
	}
	if err == nil && !found {
		err = fmt.Errorf("no record of %q %w", in.Instance, errLives)
		if !slices.ContainsFunc(snapshot.Instances, func(i fleet.Instance) bool { return i.ID == in.Instance }) {
			err = fmt.Errorf("there is no process %q on record", in.Instance)
		}
	}
	err = audit(ctx, o, "forget", snapshot.Mode, err, map[string]string{"instance": in.Instance, "reason": in.Reason})
	return ForgetOut{in.Instance}, because(ctx, err)
}

// awaited refuses a process whose tail is waited for: without its record nobody would wait for what it has sent.
func awaited(s fleet.Snapshot, instance string) error {
	for _, p := range s.AssessClosed(s.Mode.Op, fleet.Terms{}).Positions {
		if p.ID == instance && p.Standing == fleet.Lapsing {
			return fmt.Errorf("nobody has to forget %s: after that, nobody waits for it any more", p)
		}
	}
	return nil
}

// errLives is for a record that has not expired.
var errLives = errors.New("has expired, so none was removed: one that is alive leaves by itself")
