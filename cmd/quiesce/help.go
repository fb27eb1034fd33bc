package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newHelp returns the command that prints the help of the others.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "print what a command does, its flags and its exit codes",
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("unknown command %q", args[len(args)-max(1, len(rest))])
			}
			target.InitDefaultHelpFlag()
			return target.Help()
		},
	}
}
