package main

import (
	"context"
	"fmt"

	"github.com/peterbourgon/ff/v4"
)

// newHelp returns the command that prints the help of the others.
func newHelp(std streams) *ff.Command {
	return &ff.Command{
		Name:      "help",
		Usage:     "quiesce help [command]",
		ShortHelp: "print what a command does, its flags and its exit codes",
		Flags:     ff.NewFlagSet("help"),
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("one command at a time, not %d", len(args))
			}
			root := newRoot(std) // one that has no command selected
			if len(args) == 0 {
				return printHelp(std.out, root)
			}
			for _, cmd := range root.Subcommands {
				if cmd.Name == args[0] {
					return printHelp(std.out, cmd)
				}
			}
			return fmt.Errorf("unknown command %q", args[0])
		},
	}
}
