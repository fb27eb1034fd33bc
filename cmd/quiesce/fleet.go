package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// schemaVersion is that of the JSON documents.
const schemaVersion = 1

// fleetFlags are what all commands of a fleet have in common.
type fleetFlags struct {
	std    streams
	target operate.Target
	json   bool
	audit  string
}

// add adds them to a command.
func (f *fleetFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.target.Store, "store", "", "DSN of the fleet's store (env QUIESCE_STORE)")
	fs.BoolVar(&f.json, "json", false, "print one JSON document")
}

// addActor adds what commands need that change something.
func (f *fleetFlags) addActor(fs *pflag.FlagSet) {
	fs.StringVar(&f.target.Actor, "actor", "", "who asks, for the audit log (env QUIESCE_ACTOR; default user@host)")
	fs.StringVar(&f.audit, "audit", "", `"-" prints each entry of the audit log to standard error, too`)
}

// actor says who asks, in at most 128 bytes, which a store takes: the address of a CI run may be longer.
func actor() string {
	name := asker()
	return strings.ToValidUTF8(name[:min(len(name), 128)], "")
}

// asker says who asks: from the environment, a CI run, or the system.
func asker() string {
	for _, name := range []string{"QUIESCE_ACTOR", "BUILD_URL", "CI_JOB_URL"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	if server, repo, run := os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_REPOSITORY"), os.Getenv("GITHUB_RUN_ID"); run != "" {
		return fmt.Sprintf("%s/%s/actions/runs/%s", server, repo, run)
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return name + "@" + cmp.Or(host, "unknown")
}

// deps returns what the commands depend on, once flags are parsed.
func (f *fleetFlags) deps() (operate.Deps, error) {
	f.target.Store = cmp.Or(f.target.Store, os.Getenv("QUIESCE_STORE"))
	f.target.Actor = cmp.Or(f.target.Actor, actor())
	d := operate.Deps{Notes: f.std.err, Now: time.Now, Child: f.std.child}
	d.Progress = &operate.Progress{To: f.std.err, Now: time.Now}
	if file, ok := f.std.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		d.Progress.Live = os.Getenv("TERM") != "dumb"
		d.Progress.Width, _, _ = term.GetSize(int(file.Fd()))
	}
	switch f.audit {
	case "":
	case "-":
		d.Audit = f.std.err
	default:
		return d, operate.NewUsageError(`--audit must be "-", not %q`, f.audit)
	}
	return d, nil
}

// run runs a command, and prints what it has to say.
func (f *fleetFlags) run(cmd *cobra.Command, do func(context.Context, operate.Deps) (fmt.Stringer, error)) error {
	d, err := f.deps()
	var result fmt.Stringer
	if err == nil {
		ctx, stop := f.interruptible(cmd.Context())
		result, err = do(ctx, d)
		stop()
	}
	code := operate.ExitCode(err)
	if writeErr := f.print(cmd, result, code, err); writeErr != nil && err == nil {
		return exitError{operate.ExitUnexpected, fmt.Errorf("cannot write the result: %w", writeErr)}
	}
	switch {
	case err == nil:
		return nil
	case f.json && code != operate.ExitUsage:
		return exitError{code, nil} // the document says it
	}
	return exitError{code, err}
}

// print prints a result: all of it in JSON, also of what failed; in text, what was reached.
func (f *fleetFlags) print(cmd *cobra.Command, result fmt.Stringer, code int, err error) error {
	if !f.json {
		always, ok := result.(interface{ Always() bool })
		if result == nil || err != nil && !(ok && always.Always()) {
			return nil
		}
		_, err := fmt.Fprintln(f.std.out, result)
		return err
	}
	document := struct {
		SchemaVersion int          `json:"schema_version"`
		Command       string       `json:"command"`
		ExitCode      int          `json:"exit_code"`
		Error         string       `json:"error,omitempty"`
		Result        fmt.Stringer `json:"result,omitempty"`
	}{schemaVersion, strings.TrimPrefix(cmd.CommandPath(), "quiesce "), code, "", result}
	if err != nil {
		document.Error = err.Error()
	}
	text, jsonErr := json.MarshalIndent(document, "", "  ")
	if jsonErr != nil {
		return jsonErr
	}
	_, jsonErr = fmt.Fprintf(f.std.out, "%s\n", text)
	return jsonErr
}

// interruptible returns a context that the first signal ends, so that what was begun is undone. The
// second ends the program, after saying what it leaves behind.
func (f *fleetFlags) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case <-f.std.signals:
			case <-done:
				return
			}
			if n == 1 {
				fmt.Fprintln(f.std.err, "\ninterrupted: undoing what was begun; once more stops at once")
				cancel(operate.ErrInterrupted)
				continue
			}
			f.leave()
		}
	}()
	return ctx, func() {
		close(done)
		cancel(nil)
	}
}

// leave ends the program, and says what it leaves behind.
func (f *fleetFlags) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	status, err := operate.Status(ctx, operate.Deps{Now: time.Now, Notes: io.Discard}, f.target)
	if err != nil {
		fmt.Fprintf(f.std.err, "stopped; the state left behind is not known: %v\n", err)
	} else {
		fmt.Fprintf(f.std.err, "stopped; the state left behind:\n%s\n", status)
	}
	f.std.exit(operate.ExitInterrupted)
}

// termsFlags are what closing and waiting have in common.
func termsFlags(fs *pflag.FlagSet, t *fleet.Terms, timeout *time.Duration) {
	fs.IntVar(&t.MinInstances, "min-instances", 1, "how many processes there have to be at least")
	fs.DurationVar(&t.Tail, "tail", fleet.DefaultTail, "longer than the longest statement and the network's delay")
	fs.DurationVar(timeout, "timeout", time.Minute, "for all of it; never more than 24h")
}

// closingFlags are those of commands that close.
type closingFlags struct {
	fleetFlags
	in                     operate.Closing
	reason, message, until string
	grace                  time.Duration
	anonymous, getOnly     bool
}

func (c *closingFlags) add(fs *pflag.FlagSet) {
	c.fleetFlags.add(fs)
	c.addActor(fs)
	fs.StringVar(&c.reason, "reason", "", "why, for operators; required")
	fs.StringVar(&c.message, "message", "", "what visitors are told")
	fs.StringVar(&c.until, "until", "", "when the end is expected: a duration, or a time such as 2026-01-02T03:04:05Z; nothing ends by itself")
	fs.BoolVar(&c.anonymous, "anonymous", false, "everybody appears logged out, too")
	fs.BoolVar(&c.getOnly, "get-only", false, "form posts become GETs, too")
	fs.DurationVar(&c.grace, "grace", 0, "for how long transactions that are open may go on writing")
	fs.Uint64Var(&c.in.Epoch, "epoch", 0, "the epoch that is expected; 0 for any")
	fs.BoolVar(&c.in.DryRun, "dry-run", false, "only say what would be done, with what is there now")
	termsFlags(fs, &c.in.Terms, &c.in.Timeout)
}

// closing returns what is asked for.
func (c *closingFlags) closing() (operate.Closing, error) {
	until, err := moment("--until", c.until, time.Now())
	if err != nil {
		return c.in, err
	}
	c.in.Target = c.target
	c.in.Change = sqlguard.Change{
		Reason: c.reason, Message: c.message, Until: until, Grace: c.grace, Anonymous: c.anonymous, GetOnly: c.getOnly,
	}
	return c.in, nil
}

// moment reads a time, or a duration from now on.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d).UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !t.After(now) {
		return t, operate.NewUsageError("%s must be a duration such as 45m, or a time to come such as 2026-01-02T03:04:05Z, not %q", flag, text)
	}
	return t.UTC(), nil
}

// waitingFlags are those of commands that wait.
type waitingFlags struct{ in operate.Waiting }

func (w *waitingFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&w.in.Level, "level", "", "what is to be proved: cooperative, verified or strict (default verified where there is a --database)")
	fs.StringArrayVar(&w.in.Databases, "database", nil, "DSN of a database in which writing is to be over; may be repeated (env QUIESCE_DATABASE)")
	fs.DurationVar(&w.in.Still, "still", 0, "for how long a database has to stand still (default 3s)")
	fs.StringVar(&w.in.OnTimeout, "on-timeout", operate.Reopen, "reopen the fleet, cut off what is open, or keep it closed")
}

// waiting returns what is asked for.
func (w *waitingFlags) waiting() operate.Waiting {
	w.in.Databases = databases(w.in.Databases)
	return w.in
}

func databases(flags []string) []string {
	if v := os.Getenv("QUIESCE_DATABASE"); len(flags) == 0 && v != "" {
		return strings.Fields(v)
	}
	return flags
}
