package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
)

func newOn(std streams) *cobra.Command {
	c := &closingFlags{fleetFlags: fleetFlags{std: std}}
	var dsns []string
	cmd := &cobra.Command{
		Use: "on [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "close writing in the whole fleet",
		Long: `Closes writing in every process of the fleet: it arms, waits until every process is bound, and
closes. Writing is not over when it returns: quiesce wait is for that. If a process cannot be
reached, or the time is over first, the fleet is opened again. Where the fleet takes the fence of its
databases (quiesce fence), each is opened first, because the last night has left it closed.` + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				in, err := c.closing()
				if err != nil {
					return nil, err
				}
				in.Databases = databases(dsns)
				return operate.On(ctx, d, in)
			})
		},
	}
	c.add(cmd.Flags())
	cmd.Flags().StringArrayVar(&dsns, "database", nil, "DSN of a database whose fence the fleet takes; may be repeated (env QUIESCE_DATABASE)")
	return cmd
}

func newWait(std streams) *cobra.Command {
	f, w := &fleetFlags{std: std}, &waitingFlags{}
	cmd := &cobra.Command{
		Use: "wait [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "wait until writing is over, and say what proves it",
		Long: `Waits until nothing that was let through before the fleet was closed can still be committed.

LEVELS
  cooperative  every process has said that it has drained, or its lease and the tail are over
  verified     the databases have been looked at as well: nobody holds a transaction that has
               written, and for a while nothing was written; then the log's position is printed
  strict       besides, the databases refuse whoever takes their fence (quiesce fence): a process that
               was stopped commits nothing when it goes on. Sessions of silent processes are ended

ON TIMEOUT, before anything was migrated
  reopen       the fleet is opened again, and the exit code is 4
  cut          after two thirds of the time, transactions that are open can only roll back; then as reopen
  keep         the fleet stays closed, and the exit code is 4
Where an earlier wait of the same closing has succeeded, the fleet stays closed in any case: somebody
may be migrating.` + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				in := w.waiting()
				in.Target = f.target
				return operate.Wait(ctx, d, in)
			})
		},
	}
	fs := cmd.Flags()
	f.add(fs)
	f.addActor(fs)
	w.add(fs)
	fs.Uint64Var(&w.in.Epoch, "epoch", 0, "the closed epoch that is waited for; 0 for the one that is there")
	termsFlags(fs, &w.in.Terms, &w.in.Timeout)
	return cmd
}

func newOff(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	var in operate.Opening
	cmd := &cobra.Command{
		Use: "off [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "open the fleet again",
		Long: `Opens the fleet, whatever it was asked for before, and waits a while until its processes have heard it.
It needs no process of the site, and no write through a guard. A fence that wait has closed stays closed, which
harms nobody: while the fleet is open no process takes it, and quiesce on opens it.` + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				in.Target = f.target
				return operate.Off(ctx, d, in)
			})
		},
	}
	fs := cmd.Flags()
	f.add(fs)
	f.addActor(fs)
	fs.StringVar(&in.Reason, "reason", "", "why, for the audit log; required")
	fs.Uint64Var(&in.Epoch, "epoch", 0, "the epoch that is expected; 0 for any")
	fs.DurationVar(&in.Timeout, "timeout", time.Minute, "for how long processes are waited for")
	fs.BoolVar(&in.DryRun, "dry-run", false, "only say what would be done")
	return cmd
}

func newRun(std streams) *cobra.Command {
	c, w := &closingFlags{fleetFlags: fleetFlags{std: std}}, &waitingFlags{}
	var onFailure string
	cmd := &cobra.Command{
		Use: "run [flags] -- command [argument …]", DisableFlagsInUseLine: true,
		Short: "close, wait, run a command, and open again",
		Long: `Does on and wait, runs the command, and does off. If the command fails the fleet stays closed, because
nobody knows what was migrated, and the exit code is 6.

The command finds in its environment QUIESCE_EPOCH, QUIESCE_OP, QUIESCE_LEVEL (what was proved), and
QUIESCE_POSITION (of the databases' logs). It has a process group of its own; the first
interrupt is passed on to it. At the level strict the fence is locked besides while the command runs; where
that lock is lost, a warning says what it means, and the exit code is the command's.` + seeCodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				in, err := c.closing()
				if err != nil {
					return nil, err
				}
				if onFailure != "keep" && onFailure != operate.Reopen {
					return nil, operate.NewUsageError("--on-failure must be keep or reopen, not %q", onFailure)
				}
				return operate.Run(ctx, d, operate.Running{
					Closing: in, Waiting: w.waiting(), Command: args, ReopenOnFailure: onFailure == operate.Reopen,
				})
			})
		},
	}
	c.add(cmd.Flags())
	w.add(cmd.Flags())
	cmd.Flags().StringVar(&onFailure, "on-failure", "keep", "keep the fleet closed if the command fails, or reopen it")
	return cmd
}

func newDrill(std streams) *cobra.Command {
	c, w := &closingFlags{fleetFlags: fleetFlags{std: std}}, &waitingFlags{}
	hold := 10 * time.Second
	cmd := &cobra.Command{
		Use: "drill [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "close, wait, hold, and open again: a rehearsal",
		Long:  "Does on and wait, keeps the fleet closed for a while, does off, and reports how long each step took." + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				in, err := c.closing()
				if err != nil {
					return nil, err
				}
				return operate.Drill(ctx, d, operate.Running{Closing: in, Waiting: w.waiting(), Hold: hold})
			})
		},
	}
	c.add(cmd.Flags())
	w.add(cmd.Flags())
	cmd.Flags().DurationVar(&hold, "hold", hold, "for how long it is kept closed")
	return cmd
}
