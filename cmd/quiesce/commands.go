package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
	"github.com/quiescehq/quiesce/sqlguard"
)

// newFleetCommands returns the commands that have to do with a fleet.
func newFleetCommands(std streams) []*cobra.Command {
	return []*cobra.Command{
		newInit(std), newDoctor(std), newStatus(std), newInstances(std), newReport(std), newAnnounce(std), newOn(std),
		newWait(std), newOff(std), newRun(std), newDrill(std), newFence(std), newLog(std),
	}
}

// seeCodes ends the help of commands whose exit code says how it went.
const seeCodes = "\n\nExit codes: quiesce help exit-codes. docs/quiesce.md is the manual."

func newInit(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	cmd := &cobra.Command{
		Use: "init [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "make the tables of a store",
		Long: `Makes the tables of a fleet's store, if they are not there yet. It changes nothing that is there.

The store is a database of its own: PostgreSQL, MySQL, MariaDB, or for one host a SQLite file.
  postgres://user:password@host:5432/database
  mysql://user:password@host:3306/database
  sqlite:/var/lib/quiesce/fleet.db
Not in the database that is to be moved: what is copied would hold the state of the night.` + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) { return operate.Init(ctx, d, f.target) })
		},
	}
	f.add(cmd.Flags())
	return cmd
}

func newStatus(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	cmd := &cobra.Command{
		Use: "status [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "say what the fleet is, and who is part of it",
		Long:  "Says what the fleet is, who has asked for that, and what a person should look at." + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				return operate.Status(ctx, d, f.target)
			})
		},
	}
	f.add(cmd.Flags())
	return cmd
}

func newInstances(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	cmd := &cobra.Command{
		Use: "instances [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "list the processes, or forget one that is no more",
		Long:  "Lists the processes that are on record." + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				return operate.Instances(ctx, d, f.target)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.AddCommand(newForget(std))
	return cmd
}

func newForget(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	var reason string
	cmd := &cobra.Command{
		Use: "forget [flags] instance", DisableFlagsInUseLine: true, Args: cobra.ExactArgs(1),
		Short: "remove the record of a process that is no more",
		Long: `Removes the record of a process whose lease has expired. A fleet cannot be closed while there
is one that has fallen silent without having been bound: for all that is known it writes on. Be
certain that it is no more: that its host is gone, or that it is not among the host's processes.` + seeCodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				return operate.Forget(ctx, d, operate.Forgetting{Target: f.target, Instance: args[0], Reason: reason})
			})
		},
	}
	f.add(cmd.Flags())
	f.addActor(cmd.Flags())
	cmd.Flags().StringVar(&reason, "reason", "", "how it is known that it is no more; required")
	return cmd
}

func newReport(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	var since time.Duration
	cmd := &cobra.Command{
		Use: "report [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "what observe mode has found in all processes",
		Long: `Merges what the processes have found in observe mode: which statements would have been refused, on
which routes. Each process saves its findings once a minute. No value is in it.` + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				return operate.Report(ctx, d, f.target, since)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().DurationVar(&since, "since", 0, "only of processes that have saved something in that time (default all)")
	return cmd
}

func newDoctor(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	var names []string
	cmd := &cobra.Command{
		Use: "doctor [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "look whether the fleet could be closed tonight",
		Long:  "Looks whether the fleet could be closed, and says what to do about what is not well. It changes nothing.\nIn each database it names who is connected without being of the fleet, roles that no setting of the server keeps from writing, and\nwhat the fence lacks. \"note\" is what could be better; the exit code is 1 if anything else is not well." + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				return operate.Doctor(ctx, d, operate.Examining{Target: f.target, Databases: databases(names)})
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringArrayVar(&names, "database", nil, "DSN of a database that wait will look at; may be repeated (env QUIESCE_DATABASE)")
	return cmd
}

func newLog(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	limit := 20
	cmd := &cobra.Command{
		Use: "log [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "who has done what, and what was refused",
		Long:  "Prints the latest entries of the audit log, the oldest of them first." + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				return operate.Log(ctx, d, f.target, limit)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().IntVar(&limit, "limit", limit, "how many")
	return cmd
}

func newAnnounce(std streams) *cobra.Command {
	f := &fleetFlags{std: std}
	in := operate.Asking{}
	var at, until string
	var observe bool
	cmd := &cobra.Command{
		Use: "announce [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs,
		Short: "announce a night to visitors, or rehearse it in observe mode",
		Long: `Asks an open fleet for what goes before: with --at that banners announce a time, with --observe
that each process notes what would be refused. Nothing is closed, and nothing begins by itself.
What was asked before is replaced; quiesce off ends it.` + seeCodes,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				now := time.Now()
				var err error
				if in.Change.Announced, err = moment("--at", at, now); err != nil {
					return nil, err
				}
				if in.Change.Until, err = moment("--until", until, now); err != nil {
					return nil, err
				}
				if observe {
					in.Change.Mode = sqlguard.Observe
				}
				if !observe && at == "" {
					return nil, operate.NewUsageError("--at or --observe is required: what is asked for")
				}
				in.Target = f.target
				return operate.Ask(ctx, d, in)
			})
		},
	}
	fs := cmd.Flags()
	f.add(fs)
	f.addActor(fs)
	fs.StringVar(&at, "at", "", "when it is to begin: a duration, or a time such as 2026-01-02T03:04:05Z")
	fs.StringVar(&until, "until", "", "when it is to end, likewise")
	fs.BoolVar(&observe, "observe", false, "have each process note what would be refused: quiesce report")
	fs.StringVar(&in.Change.Reason, "reason", "", "why, for operators; required")
	fs.StringVar(&in.Change.Message, "message", "", "what visitors are told")
	fs.Uint64Var(&in.Epoch, "epoch", 0, "the epoch that is expected; 0 for any")
	return cmd
}
