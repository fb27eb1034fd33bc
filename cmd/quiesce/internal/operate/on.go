package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// Closing is what closing a fleet is asked for.
type Closing struct {
	Target
	// Change is what processes are asked for; its Reason is required.
	Change sqlguard.Change
	// Epoch is the one that is expected; 0 for any.
	Epoch uint64
	Terms fleet.Terms
	// Timeout bounds all of it.
	Timeout time.Duration
	// DryRun only says what would be done.
	DryRun bool
	// Databases are the DSNs of those whose fences are opened first, where the fleet takes them.
	Databases []string
}

func (in Closing) check() error {
	switch {
	case strings.TrimSpace(in.Change.Reason) == "":
		return usage("--reason is required: why the fleet is closed, for the operators who find it so")
	case in.Terms.MinInstances < 0:
		return usage("--min-instances must be at least 1, not %d", in.Terms.MinInstances)
	case in.Terms.Tail < 0:
		return usage("--tail must be positive, not %s", in.Terms.Tail)
	}
	change := in.Change
	change.Mode = sqlguard.ReadOnly
	if err := change.Check(); err != nil {
		return usage("the fleet cannot be asked for that: %v", err)
	}
	return checkTimeout(in.Timeout)
}

// checkTimeout holds a timeout to what is sensible: nothing waits for ever.
func checkTimeout(timeout time.Duration) error {
	if timeout <= 0 || timeout > 24*time.Hour {
		return usage("--timeout must be more than 0 and at most 24h, not %s: nothing waits for ever", timeout)
	}
	return nil
}

// OnOut is what on says.
type OnOut struct {
	Mode      fleet.Mode `json:"mode"`
	Instances int        `json:"instances"`
	// Took is how long it took to close.
	Took time.Duration `json:"took_ns"`
	// Steps are what would be done; for a dry run only.
	Steps []string `json:"steps,omitempty"`
	// WorstCase is how long the fleet may be closed before it is open again, if wait fails; for a dry run only.
	WorstCase time.Duration `json:"worst_case_ns,omitempty"`
}

func (o OnOut) String() string {
	if o.Steps != nil {
		var b strings.Builder
		b.WriteString("nothing was changed; this would be done:\n")
		for n, step := range o.Steps {
			fmt.Fprintf(&b, "%2d. %s\n", n+1, step)
		}
		fmt.Fprintf(&b, "at worst the fleet is closed for %s before it is open again", o.WorstCase)
		return b.String()
	}
	bound := ""
	if o.Instances > 0 { // else they could not be counted
		bound = fmt.Sprintf(", with %d processes bound", o.Instances)
	}
	return fmt.Sprintf("closed at epoch %d%s; writing is not over yet: quiesce wait --epoch %d", o.Mode.Epoch, bound, o.Mode.Epoch)
}

// fences opens the fences of the databases, if the fleet takes them: the last operation has left them closed.
func (in Closing) fences(ctx context.Context, s *store.Store) error {
	mode, err := s.Mode(ctx)
	switch {
	case err != nil:
		return err
	case !mode.Fence || mode.State != fleet.Open:
		return nil
	case len(in.Databases) == 0:
		return usage("the fleet takes the fence of its databases (quiesce fence enable): name them by --database, or QUIESCE_DATABASE in the environment")
	}
	return openFences(ctx, in.Databases, mode.Epoch)
}

// On closes the fleet, and does not wait until writing is over.
func On(ctx context.Context, d Deps, in Closing) (out OnOut, err error) {
	if err := in.check(); err != nil {
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
		return d.dryRun(ctx, s, in)
	}
	if err := in.fences(ctx, s); err != nil {
		return out, because(ctx, err)
	}
	began := d.Now()
	out.Mode, err = o.Close(ctx, in.Epoch, in.Change, in.Terms)
	if err != nil {
		return out, because(ctx, undone(out.Mode, err))
	}
	out.Took = d.Now().Sub(began)
	if err := ctx.Err(); errors.Is(context.Cause(ctx), ErrInterrupted) { // while it closed
		w := waiter{d: d, s: s, o: o}
		return out, because(ctx, w.undo(ctx, out.Mode, err))
	}
	counting, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	snapshot, _ := s.List(counting) // it is closed, whoever is counted
	out.Instances = len(snapshot.Instances)
	return out, nil
}

// undone says in which state an operation has left the fleet that has failed.
func undone(left fleet.Mode, err error) error {
	if left.State == fleet.Open && left.Epoch > 0 {
		return fmt.Errorf("%w\nthe fleet is open (epoch %d)", err, left.Epoch)
	}
	return err
}

// dryRun says what on would do, with what is there now.
func (d Deps) dryRun(ctx context.Context, s fleet.Coordinator, in Closing) (out OnOut, err error) {
	snapshot, err := s.List(ctx)
	if err != nil {
		return out, err
	}
	a := snapshot.AssessArmed("", in.Terms)
	out.Mode, out.Instances = snapshot.Mode, len(snapshot.Instances)
	m := snapshot.Mode
	out.Steps = append(out.Steps,
		fmt.Sprintf("see that the fleet is open: it is %s at epoch %d", m.State, m.Epoch),
		fmt.Sprintf("see that at least %d processes are there, and none is lost: there are %d, %s",
			max(1, in.Terms.MinInstances), out.Instances, lostOf(a)),
		fmt.Sprintf("arm: epoch %d; wait until all %d are bound to this operation", m.Epoch+1, out.Instances),
		fmt.Sprintf("close: epoch %d; from then on writes are refused, with the message %q", m.Epoch+2, in.Change.Message),
		"then quiesce wait: until all have drained, or their lease and the tail are over",
	)
	for _, i := range snapshot.Instances {
		out.WorstCase = max(out.WorstCase, i.TTL+max(in.Terms.Tail, i.Tail, fleet.DefaultTail))
	}
	out.WorstCase = max(out.WorstCase, in.Timeout)
	switch {
	case m.State != fleet.Open || in.Epoch != 0 && in.Epoch != m.Epoch:
		return out, &fleet.ConflictError{Expected: in.Epoch, Current: m}
	case a.Hopeless || a.Missing > 0:
		return out, &fleet.IncompleteError{Assessment: a}
	}
	return out, nil
}

// lostOf says who is lost.
func lostOf(a fleet.Assessment) string {
	var lost []string
	for _, p := range a.Positions {
		if p.Standing == fleet.Lost || p.Standing == fleet.Foreign {
			lost = append(lost, p.String())
		}
	}
	if lost == nil {
		return "and none is lost"
	}
	return "of which are lost: " + strings.Join(lost, "; ")
}

// Asking is what an open fleet is asked for: to observe, or to announce.
type Asking struct {
	Target
	Change sqlguard.Change
	Epoch  uint64
}

// Ask asks an open fleet to observe, or announces what is to come.
func Ask(ctx context.Context, d Deps, in Asking) (out StateOut, err error) {
	if strings.TrimSpace(in.Change.Reason) == "" {
		return out, usage("--reason is required: why, for the operators who find it so")
	}
	if err := in.Change.Check(); err != nil {
		return out, usage("the fleet cannot be asked for that: %v", err)
	}
	s, o, err := d.open(ctx, in.Target)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	m, err := o.Ask(ctx, in.Epoch, in.Change)
	return StateOut{Mode: m}, because(ctx, err)
}

// StateOut is the mode of a fleet.
type StateOut struct {
	Mode fleet.Mode `json:"mode"`
}

func (o StateOut) String() string { return describe(o.Mode) }

// describe says in a line what a mode is.
func describe(m fleet.Mode) string {
	text := fmt.Sprintf("%s · epoch %d", m.State, m.Epoch)
	if !m.Since.IsZero() {
		text += " · since " + both(m.Since)
	}
	if m.Change.Mode == sqlguard.Observe {
		text += " · observing"
	}
	if m.Change.Anonymous {
		text += " · anonymous"
	}
	if m.Change.GetOnly {
		text += " · get-only"
	}
	if m.Cut {
		text += " · cut"
	}
	if !m.Change.Announced.IsZero() {
		text += " · announced for " + both(m.Change.Announced)
	}
	if !m.Change.Until.IsZero() {
		text += " · until " + both(m.Change.Until)
	}
	if m.Change.By != "" {
		text += " · by " + m.Change.By
	}
	if m.Change.Reason != "" {
		text += " · " + m.Change.Reason
	}
	return text
}

// both writes a time in UTC and, where that is another, in the local zone.
func both(t time.Time) string {
	utc, local := t.UTC().Format("2006-01-02 15:04:05 UTC"), t.Local().Format("15:04:05 MST")
	if t.Local().Format("15:04:05 MST") == t.UTC().Format("15:04:05 MST") {
		return utc
	}
	return utc + " (" + local + ")"
}

// Always marks what is printed also where the command fails: a dry run.
func (o OnOut) Always() bool { return o.Steps != nil }
