package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// Levels of proof.
const (
	Cooperative = "cooperative"
	Verified    = "verified"
	Strict      = "strict"
)

// What is done when the time is over before writing is.
const (
	Reopen = "reopen"
	Cut    = "cut"
	Keep   = "keep"
)

// Waiting is what wait is asked for.
type Waiting struct {
	Target
	// Epoch pins the closed epoch that is waited for; 0 for the one that is there.
	Epoch uint64
	Terms fleet.Terms
	// Level is Cooperative, Verified or Strict; "" for Verified where there are databases.
	Level string
	// Databases are the DSNs of those in which writing is to be over.
	Databases []string
	// Still is for how long they have to stand still; 0 for the default of package verify.
	Still time.Duration
	// Timeout bounds all of it.
	Timeout time.Duration
	// OnTimeout is Reopen, Cut or Keep.
	OnTimeout string
}

// level returns the level that is asked for.
func (in Waiting) level() (string, error) {
	switch {
	case in.Level == "" && len(in.Databases) > 0:
		return Verified, nil
	case in.Level == "", in.Level == Cooperative:
		return Cooperative, nil
	case in.Level != Verified && in.Level != Strict:
		return "", usage("--level must be cooperative, verified or strict, not %q", in.Level)
	case len(in.Databases) == 0:
		return "", usage("--level %s needs --database, or QUIESCE_DATABASE in the environment: the DSN of the database that is to be still", in.Level)
	}
	return in.Level, nil
}

func (in Waiting) check() error {
	if in.OnTimeout != Reopen && in.OnTimeout != Cut && in.OnTimeout != Keep {
		return usage("--on-timeout must be reopen, cut or keep, not %q", in.OnTimeout)
	}
	if in.Terms.Tail < 0 {
		return usage("--tail must be positive, not %s", in.Terms.Tail)
	}
	if _, err := in.level(); err != nil {
		return err
	}
	return checkTimeout(in.Timeout)
}

// WaitOut is what wait has proved, or how it ended.
type WaitOut struct {
	// Level is what was proved: "cooperative", "verified" or "strict"; "" if nothing was.
	Level string     `json:"level,omitempty"`
	Mode  fleet.Mode `json:"mode"`
	// Fleet is where the processes stood at the end.
	Fleet fleet.Assessment `json:"fleet"`
	// Ended are the sessions that were ended because they had taken the fence; at the level strict.
	Ended []fence.Holder `json:"ended,omitempty"`
	// Databases are the reports of the levels verified and strict, with the positions of their logs.
	Databases []verify.Report `json:"databases,omitempty"`
	// Left is what was done after a failure: "reopened", "kept closed", or "".
	Left string        `json:"left,omitempty"`
	Took time.Duration `json:"took_ns"`
}

func (o WaitOut) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "writing is over: %s, at epoch %d, after %s; %d processes", o.Level, o.Mode.Epoch,
		o.Took.Round(10*time.Millisecond), o.Fleet.Ready)
	if o.Level == Cooperative {
		b.WriteString("\nThis was said by the processes that have a guard. No database was asked.")
	}
	if o.Level == Strict {
		fmt.Fprintf(&b, "\nThe fence is closed: no process that takes it commits any more, whenever it goes on. %d sessions were ended that had taken it.", len(o.Ended))
	}
	for _, r := range o.Databases {
		b.WriteString("\n" + r.String())
	}
	return b.String()
}

// Wait waits until writing is over in a closed fleet.
func Wait(ctx context.Context, d Deps, in Waiting) (out WaitOut, err error) {
	if err := in.check(); err != nil {
		return out, err
	}
	databases, err := openDatabases(in.Databases)
	if err != nil {
		return out, err
	}
	defer closeDatabases(databases)
	s, o, err := d.open(ctx, in.Target)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	defer d.Progress.end()
	w := waiter{d: d, s: s, o: o, in: in, databases: databases}
	return w.run(ctx)
}

// errNoFence is for a fleet whose processes were not asked to take the fence when it was closed.
var errNoFence = usage("--level strict needs a fleet that takes the fence of its databases: quiesce fence enable, before quiesce on")

// waiter is one wait.
type waiter struct {
	d         Deps
	s         *store.Store
	o         *fleet.Operator
	in        Waiting
	databases []Database
}

func (w *waiter) run(ctx context.Context) (out WaitOut, err error) {
	began := w.d.Now()
	out.Mode, err = w.s.Mode(ctx)
	if err != nil {
		return out, because(ctx, err)
	}
	if out.Mode.State != fleet.Closed || w.in.Epoch != 0 && out.Mode.Epoch != w.in.Epoch {
		err := &fleet.ConflictError{Expected: w.in.Epoch, Current: out.Mode}
		return out, w.note(ctx, out, fmt.Errorf("only a closed fleet can be waited for: %w", err))
	}
	if w.in.Level == Strict && !out.Mode.Fence {
		return out, w.note(ctx, out, errNoFence)
	}
	limited, cancel := context.WithTimeout(ctx, w.in.Timeout)
	defer cancel()
	err = w.proof(limited, &out)
	out.Took = w.d.Now().Sub(began)
	if err == nil {
		if err = w.note(ctx, out, nil); err == nil {
			return out, nil
		}
		out.Level = "" // what is not on record was not proved
	}
	err = w.giveUp(ctx, &out, because(ctx, err))
	return out, w.note(ctx, out, err)
}

// proof waits for the processes, and then for the databases.
func (w *waiter) proof(ctx context.Context, out *WaitOut) error {
	snapshot, err := w.drained(ctx, out)
	out.Fleet = snapshot.AssessClosed(out.Mode.Op, w.in.Terms)
	if err != nil {
		return err
	}
	level, err := w.in.level()
	if err != nil {
		return err
	}
	if level == Strict {
		if err := w.fenced(ctx, out); err != nil {
			return err
		}
	}
	if level != Cooperative {
		if err := w.verified(ctx, snapshot, out); err != nil {
			return err
		}
		// The databases have been looked at for a while. Is the fleet what it was?
		if snapshot, err = w.o.Wait(ctx, out.Mode, w.in.Terms); err != nil {
			return err
		}
		out.Fleet = snapshot.AssessClosed(out.Mode.Op, w.in.Terms)
	}
	out.Level = level
	return nil
}

// drained waits for the processes. With Cut, what has not ended by two thirds of the time is cut off.
func (w *waiter) drained(ctx context.Context, out *WaitOut) (fleet.Snapshot, error) {
	if w.in.OnTimeout != Cut {
		return w.o.Wait(ctx, out.Mode, w.in.Terms)
	}
	patient, cancel := context.WithTimeout(ctx, w.in.Timeout*2/3)
	defer cancel()
	snapshot, err := w.o.Wait(patient, out.Mode, w.in.Terms)
	if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return snapshot, err
	}
	fmt.Fprintln(w.d.Notes, "what is still open is cut off, and can only be rolled back")
	if out.Mode, err = w.o.Cut(ctx, out.Mode); err != nil {
		return snapshot, err
	}
	return w.o.Wait(ctx, out.Mode, w.in.Terms)
}

// fenced closes the fences of the databases. Who has taken one still is of a process that has fallen silent: all others
// have drained. What it has begun can only be rolled back, so its session is ended.
func (w *waiter) fenced(ctx context.Context, out *WaitOut) error {
	for _, database := range w.databases {
		f, err := database.fence()
		if err != nil {
			return err
		}
		lock, err := f.At(out.Mode.Epoch).Close(ctx, func(h fence.Holder) { out.Ended = append(out.Ended, h) })
		if err != nil {
			return explained(err)
		}
		if err := lock.Release(); err != nil {
			return err
		}
	}
	return nil
}

// verified waits for the databases.
func (w *waiter) verified(ctx context.Context, snapshot fleet.Snapshot, out *WaitOut) error {
	for _, database := range w.databases {
		v, err := database.verifier(ctx, w.s, max(0, snapshot.Now.Sub(out.Mode.Since)), w.in.Still)
		if err != nil {
			return err
		}
		report, err := v.Wait(ctx, func(r verify.Report) {
			if !r.Quiet && r.StillSeconds > 0 {
				w.d.Progress.say("closed · the database is not still: "+firstLine(r.String()), "")
			}
		})
		out.Databases = append(out.Databases, report)
		switch {
		case errors.Is(err, verify.ErrNotQuiet) && report.StillSeconds == 0 && len(report.Writers) == 0:
			return fmt.Errorf("there was no time to look at the database twice: %w", ctx.Err())
		case errors.Is(err, verify.ErrNotQuiet):
			return &NotQuietError{out.Databases, err}
		case err != nil:
			return err
		}
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// note appends to the audit log how it ended, and returns err.
func (w *waiter) note(ctx context.Context, out WaitOut, err error) error {
	return audit(ctx, w.o, "wait", out.Mode, err, struct {
		Level     string          `json:"level,omitempty"`
		Left      string          `json:"left,omitempty"`
		Fleet     []fleetLine     `json:"fleet"`
		Databases []verify.Report `json:"databases,omitempty"`
	}{out.Level, out.Left, fleetLines(out.Fleet), out.Databases})
}

// fleetLine is one process in the audit log.
type fleetLine struct {
	ID       string         `json:"id"`
	Standing fleet.Standing `json:"standing"`
	Drained  uint64         `json:"drained,omitempty"`
}

func fleetLines(a fleet.Assessment) []fleetLine {
	lines := []fleetLine{}
	for _, p := range a.Positions {
		lines = append(lines, fleetLine{p.ID, p.Standing, p.Drained})
	}
	return lines
}

// audit appends an entry about something that changed nothing, and returns failed, or the error of the log.
func audit(ctx context.Context, o *fleet.Operator, action string, m fleet.Mode, failed error, details any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	if err := o.Note(ctx, action, m, failed, details); failed == nil {
		return err
	}
	return failed
}
