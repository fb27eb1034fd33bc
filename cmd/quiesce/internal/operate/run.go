package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Running is what run and drill are asked for.
type Running struct {
	Closing
	Waiting Waiting
	// Command is what run runs; Hold is for how long drill keeps the fleet closed.
	Command []string
	Hold    time.Duration
	// ReopenOnFailure opens the fleet again if the command fails.
	ReopenOnFailure bool
}

// RunOut is what run and drill say.
type RunOut struct {
	On    OnOut   `json:"on"`
	Wait  WaitOut `json:"wait"`
	Off   *OffOut `json:"off,omitempty"`
	Steps []Step  `json:"steps"`
	// Warnings are sentences about what went wrong without doing harm: the lock of a fence was lost.
	Warnings []string `json:"warnings,omitempty"`
	// Code is the exit code of the command; nil if none was run.
	Code *int `json:"command_exit_code,omitempty"`
}

// Step is how long a step took.
type Step struct {
	Name string        `json:"name"`
	Took time.Duration `json:"took_ns"`
}

// Always marks what is printed also where the command fails: a dry run.
func (o RunOut) Always() bool { return o.On.Always() }

func (o RunOut) String() string {
	if o.Always() {
		return o.On.String()
	}
	var b strings.Builder
	if o.Wait.Level != "" {
		fmt.Fprintf(&b, "%s\n", o.Wait)
	}
	var whole time.Duration
	for _, s := range o.Steps {
		fmt.Fprintf(&b, "%-8s %10s\n", s.Name, s.Took.Round(time.Millisecond))
		if s.Name != "off" {
			whole += s.Took
		}
	}
	fmt.Fprintf(&b, "%-8s %10s\n", "closed", whole.Round(time.Millisecond))
	b.WriteString(warn(o.Warnings))
	if o.Off != nil {
		b.WriteString(o.Off.String())
	}
	return strings.TrimRight(b.String(), "\n")
}

// Run closes the fleet, waits, runs a command, and opens the fleet again. If the command fails the fleet
// stays closed.
func Run(ctx context.Context, d Deps, in Running) (out RunOut, err error) {
	if len(in.Command) == 0 {
		return out, usage("the command to run is missing: quiesce run [flags] -- command [argument …]")
	}
	if _, err := exec.LookPath(in.Command[0]); err != nil {
		return out, usage("the command cannot be run: %v", err)
	}
	return d.night(ctx, in, "run", func(ctx context.Context, out *RunOut) error { return d.child(ctx, in, out) })
}

// Drill closes the fleet, waits, keeps it closed for a while, and opens it again.
func Drill(ctx context.Context, d Deps, in Running) (out RunOut, err error) {
	if in.Hold < 0 {
		return out, usage("--hold must not be negative, but is %s", in.Hold)
	}
	in.ReopenOnFailure = true
	return d.night(ctx, in, "drill", func(ctx context.Context, out *RunOut) error {
		d.Progress.say(fmt.Sprintf("closed · held for %s", in.Hold), "")
		select {
		case <-time.After(in.Hold):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// night is on, wait, whatever is to be done, and off.
func (d Deps) night(ctx context.Context, in Running, name string, do func(context.Context, *RunOut) error) (out RunOut, err error) {
	if err := in.Closing.check(); err != nil {
		return out, err
	}
	in.Waiting.Target, in.Waiting.Terms, in.Waiting.Timeout = in.Target, in.Terms, in.Timeout
	in.Closing.Databases = in.Waiting.Databases
	if err := in.Waiting.check(); err != nil {
		return out, err
	}
	databases, err := openDatabases(in.Waiting.Databases) // only to see, before anything is closed, that Wait can
	if err != nil {
		return out, err
	}
	closeDatabases(databases)
	if in.DryRun {
		out.On, err = On(ctx, d, in.Closing)
		out.On.Steps = append(out.On.Steps, then(name, in)...)
		return out, err
	}
	took := func(step string, began time.Time) {
		out.Steps = append(out.Steps, Step{step, d.Now().Sub(began)})
	}
	if err := d.rehearse(ctx, in); err != nil {
		return out, because(ctx, err)
	}
	began := d.Now()
	if out.On, err = On(ctx, d, in.Closing); err != nil {
		return out, err
	}
	took("on", began)
	began = d.Now()
	in.Waiting.Epoch = out.On.Mode.Epoch
	if out.Wait, err = Wait(ctx, d, in.Waiting); err != nil {
		return out, d.unproved(ctx, in, &out, err)
	}
	took("wait", began)
	fmt.Fprintln(d.Notes, out.Wait)
	if err := ctx.Err(); err != nil {
		return out, d.unproved(ctx, in, &out, err)
	}
	var locked *kept
	if out.Wait.Level == Strict {
		if locked, err = keepFences(ctx, in.Waiting.Databases); err != nil {
			return out, d.unproved(ctx, in, &out, err)
		}
		defer locked.release()
	}
	began = d.Now()
	err = do(ctx, &out)
	took(name, began)
	out.Warnings = d.let(ctx, locked)
	var neverRan *exec.Error
	if err = d.noteStep(ctx, in, name, &out, err); err != nil && !in.ReopenOnFailure && !errors.As(err, &neverRan) {
		return out, because(ctx, stays(out.Wait.Mode, err))
	}
	began = d.Now()
	off, offErr := d.offAgain(context.WithoutCancel(ctx), Opening{
		Target: in.Target, Reason: name + " is over", Epoch: out.Wait.Mode.Epoch, Timeout: in.Timeout,
	})
	took("off", began)
	switch {
	case errors.As(offErr, new(*fleet.ConflictError)) && err == nil:
		return out, fmt.Errorf("%s went well, but the fleet was not opened by it: %w\nquiesce status says what it is now", name, offErr)
	case errors.As(offErr, new(*fleet.ConflictError)):
		return out, errors.Join(offErr, err)
	case offErr != nil:
		return out, &fleet.RollbackError{Left: out.Wait.Mode, Cause: cmp.Or(err, errors.New(name+" went well")), Err: offErr}
	}
	out.Off = &off
	if err != nil {
		err = fmt.Errorf("%w\nthe fleet is open again (epoch %d)", err, off.Mode.Epoch)
	}
	return out, because(ctx, err)
}

// let gives the locks of the fences back, and says which were lost before.
func (d Deps) let(ctx context.Context, locked *kept) []string {
	if locked == nil {
		return nil
	}
	warnings := locked.check(ctx)
	fmt.Fprint(d.Notes, warn(warnings))
	locked.release()
	return warnings
}

// offAgain is Off, which is tried again for a while if the store fails: the fleet is closed, and nobody else
// will open it.
func (d Deps) offAgain(ctx context.Context, in Opening) (OffOut, error) {
	for began := d.Now(); ; {
		out, err := Off(ctx, d, in)
		if err == nil || ExitCode(err) != ExitUnexpected && ExitCode(err) != ExitTimeout || d.Now().Sub(began) > reopenTimeout {
			return out, err
		}
		fmt.Fprintf(d.Notes, "off: %v; trying again\n", err)
		time.Sleep(time.Second)
	}
}

// rehearse tries, while the fleet is open, whether the databases can be looked at: a privilege that is missing is not
// to show only once it is closed.
func (d Deps) rehearse(ctx context.Context, in Running) error {
	level, err := in.Waiting.level()
	if err != nil || level == Cooperative {
		return err
	}
	databases, err := openDatabases(in.Waiting.Databases)
	if err != nil {
		return err
	}
	defer closeDatabases(databases)
	s, _, err := d.open(ctx, in.Target)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	if level == Strict {
		mode, err := s.Mode(ctx)
		if err == nil {
			err = mayBeStrict(ctx, mode, databases)
		}
		if err != nil {
			return fmt.Errorf("before anything was closed: %w", err)
		}
	}
	for _, database := range databases {
		v, err := database.verifier(ctx, s, 0, time.Second)
		if err == nil {
			_, err = v.Verify(ctx)
		}
		if err != nil {
			return fmt.Errorf("before anything was closed: %w", err)
		}
	}
	return nil
}

// unproved undoes what was begun where it ended before anything was done, if Wait has not done so itself.
func (d Deps) unproved(ctx context.Context, in Running, out *RunOut, cause error) error {
	if out.Wait.Left != "" || errors.As(cause, new(*fleet.RollbackError)) || errors.As(cause, new(*fleet.ConflictError)) {
		return cause
	}
	cause = because(ctx, cause)
	closed := out.On.Mode
	if out.Wait.Level != "" {
		closed = out.Wait.Mode
	}
	s, o, err := d.open(context.WithoutCancel(ctx), in.Target)
	if err != nil {
		return &fleet.RollbackError{Left: closed, Cause: cause, Err: err}
	}
	defer s.Close()
	w := waiter{d: d, s: s, o: o, in: in.Waiting}
	if out.Wait.Level != "" {
		return w.undo(ctx, closed, cause)
	}
	out.Wait.Mode = closed
	return w.giveUp(ctx, &out.Wait, cause)
}

// then says what comes after wait.
func then(name string, in Running) []string {
	if name == "drill" {
		return []string{fmt.Sprintf("keep the fleet closed for %s", in.Hold), "off"}
	}
	return []string{"run " + in.Command[0] + ", however long it takes; if it fails the fleet stays closed", "off"}
}

// noteStep appends to the audit log how the step between wait and off has ended.
func (d Deps) noteStep(ctx context.Context, in Running, name string, out *RunOut, failed error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	s, o, err := d.open(ctx, in.Target)
	if err == nil {
		defer s.Close()
		var details any
		if out.Warnings != nil {
			details = map[string][]string{"warnings": out.Warnings}
		}
		return audit(ctx, o, name, out.Wait.Mode, failed, details)
	}
	if failed != nil {
		return failed
	}
	return err
}

// stays says that the fleet stays closed, and what comes next.
func stays(m fleet.Mode, err error) error {
	return fmt.Errorf(`%w
The fleet stays closed (epoch %d): nobody knows what was migrated.
If it was completed by hand, or can be left as it is:  quiesce off --epoch %d --reason "…"
To try again:  repair what failed, and run it while the fleet is closed; then quiesce off
To see who is affected:  quiesce status`, err, m.Epoch, m.Epoch)
}

// child runs the command, with what was reached in its environment.
func (d Deps) child(ctx context.Context, in Running, out *RunOut) error {
	env := []string{
		fmt.Sprintf("QUIESCE_EPOCH=%d", out.Wait.Mode.Epoch), "QUIESCE_OP=" + out.Wait.Mode.Op,
		"QUIESCE_LEVEL=" + out.Wait.Level, "QUIESCE_POSITION=" + positions(out.Wait),
	}
	d.Progress.say("closed · running "+in.Command[0], "")
	d.Progress.end()
	err := d.Child(ctx, in.Command, env)
	code := 0
	if err != nil {
		code = -1
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		err = &ChildError{code, err}
	}
	out.Code = &code
	return err
}

// positions are those of the databases' logs, in one line.
func positions(w WaitOut) string {
	var all []string
	for _, r := range w.Databases {
		if p := r.Position; p != nil {
			for _, text := range []string{p.LSN, p.GTID} {
				if text != "" {
					all = append(all, text)
				}
			}
			if p.File != "" {
				all = append(all, fmt.Sprintf("%s:%d", p.File, p.Offset))
			}
		}
	}
	return strings.Join(all, " ")
}
