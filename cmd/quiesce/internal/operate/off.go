package operate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Opening is what off is asked for.
type Opening struct {
	Target
	Reason string
	// Epoch is the one that is expected; 0 for any.
	Epoch uint64
	// Timeout bounds how long processes are waited for.
	Timeout time.Duration
	DryRun  bool
}

// OffOut is what off says.
type OffOut struct {
	Mode fleet.Mode `json:"mode"`
	// Heard is how many processes had heard of it, of Instances.
	Heard     int  `json:"heard"`
	Instances int  `json:"instances"`
	DryRun    bool `json:"dry_run,omitempty"`
}

func (o OffOut) String() string {
	if o.DryRun {
		return fmt.Sprintf("nothing was changed; the fleet would be opened, which is %s at epoch %d", o.Mode.State, o.Mode.Epoch)
	}
	text := fmt.Sprintf("open at epoch %d; %d of %d processes have heard it", o.Mode.Epoch, o.Heard, o.Instances)
	if o.Heard < o.Instances {
		text += "; the others will with their next heartbeat"
	}
	return text
}

// Off opens the fleet, and waits a while until the processes have heard it.
func Off(ctx context.Context, d Deps, in Opening) (out OffOut, err error) {
	if strings.TrimSpace(in.Reason) == "" {
		return out, usage("--reason is required: why the fleet is opened, for the audit log")
	}
	if err := checkTimeout(in.Timeout); err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	s, o, err := d.open(ctx, in.Target)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	defer d.Progress.end()
	if in.DryRun {
		out.DryRun = true
		out.Mode, err = s.Mode(ctx)
		if err == nil && in.Epoch != 0 && out.Mode.Epoch != in.Epoch {
			err = &fleet.ConflictError{Expected: in.Epoch, Current: out.Mode}
		}
		return out, err
	}
	if out.Mode, err = o.Open(ctx, in.Epoch, in.Reason); err != nil {
		return out, because(ctx, undone(out.Mode, err))
	}
	d.heard(ctx, s, &out)
	return out, nil
}

// heard waits until all processes that are alive have heard that the fleet is open. It is open in
// any case, so its time being over is no error.
func (d Deps) heard(ctx context.Context, s fleet.Coordinator, out *OffOut) {
	for {
		snapshot, err := s.List(ctx)
		if err == nil {
			out.Heard, out.Instances = 0, len(snapshot.Instances)
			alive := 0
			for _, i := range snapshot.Instances {
				switch {
				case i.Epoch >= out.Mode.Epoch:
					out.Heard++
				case i.ExpiresIn > 0:
					alive++
				}
			}
			if alive == 0 || snapshot.Mode.Epoch != out.Mode.Epoch {
				return
			}
			d.Progress.say(fmt.Sprintf("open · %d/%d have heard it", out.Heard, out.Instances), "")
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}
