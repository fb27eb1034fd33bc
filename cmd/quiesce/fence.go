package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
)

// newFence returns the command of the databases' fences.
func newFence(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "fence", Short: "have the databases themselves hold the door",
		Long: `Has the databases themselves keep out whoever takes their fence, for quiesce wait --level strict.

  quiesce fence install --database …   makes the fence, open; it changes nothing that is there
  quiesce fence enable --database …    from the next quiesce on, processes take it for whatever may write
  quiesce fence verify --database …    says whether it is there, and open or closed
  quiesce fence disable                processes take it no more
  quiesce fence remove --database …    drops it; disable it before

While the fleet is open nobody takes it, and it costs nothing, closed or not. quiesce on opens it, wait
closes it, and it stays closed until the next quiesce on.` + seeCodes,
	}
	for _, action := range []struct{ name, short string }{
		{operate.Install, "make the fence in each database"},
		{operate.Enable, "have the fleet take the fence from the next closing on"},
		{operate.Disable, "have the fleet take no fence"},
		{operate.Verify, "say whether the fence is there, and what it is"},
		{operate.Remove, "drop the fence from each database"},
	} {
		cmd.AddCommand(newFenceAction(std, action.name, action.short))
	}
	return cmd
}

func newFenceAction(std streams, name, short string) *cobra.Command {
	f := &fleetFlags{std: std}
	in := operate.Fencing{Action: name}
	cmd := &cobra.Command{
		Use: name + " [flags]", DisableFlagsInUseLine: true, Args: cobra.NoArgs, Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d operate.Deps) (fmt.Stringer, error) {
				in.Target, in.Databases = f.target, databases(in.Databases)
				return operate.Fence(ctx, d, in)
			})
		},
	}
	fs := cmd.Flags()
	f.add(fs)
	if name == operate.Enable || name == operate.Disable {
		f.addActor(fs)
		fs.StringVar(&in.Reason, "reason", "", "why, for the audit log")
	}
	if name != operate.Disable {
		fs.StringArrayVar(&in.Databases, "database", nil, "DSN of a database that has the fence; may be repeated (env QUIESCE_DATABASE)")
	}
	return cmd
}
