// Command quiesce is the operator's command. `quiesce help` lists what it can do, and
// docs/ has a manual for each.
//
// Each command is one file here: a function that returns its [ff.Command], which is
// listed in [newRoot].
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/peterbourgon/ff/v4"
	"github.com/peterbourgon/ff/v4/ffhelp"
)

func main() {
	os.Exit(exec(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes that all commands share. What 1 means, the command's help says.
const (
	exitOK    = 0
	exitUsage = 2 // wrong usage, or input or output that failed
)

// exitError ends the command with a code. If err is nil, all has been said.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return fmt.Sprintf("exit code %d: %v", e.code, e.err) }
func (e exitError) Unwrap() error { return e.err }

// exec runs a command line, without the program's name, and returns the exit code. It
// does not change the process.
func exec(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	std := streams{stdin, stdout, stderr}
	root := newRoot(std)
	err := wrongFlag(root.Parse(args), args)
	if err == nil {
		err = root.Run(ctx)
	}
	if errors.Is(err, ff.ErrHelp) {
		err = printHelp(std.out, root.GetSelected())
	}
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit) && exit.err == nil:
		return exit.code
	case errors.As(err, &exit):
		fmt.Fprintf(stderr, "%s: %v\n", title(root.GetSelected()), exit.err)
		return exit.code
	}
	fmt.Fprintf(stderr, "%s: %v\nsee: %s --help\n", title(root.GetSelected()), err, title(root.GetSelected()))
	return exitUsage
}

// wrongFlag returns an error in the flags without what ff puts before it, the command and
// the step. A value that is missing is missing at the end, and ff does not say of which flag.
func wrongFlag(err error, args []string) error {
	for range 2 {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
	}
	if err != nil && err.Error() == "missing value" {
		return fmt.Errorf("%s: %w", args[len(args)-1], err)
	}
	return err
}

// title is a command with the ones it is below: "quiesce check".
func title(cmd *ff.Command) string {
	if parent := cmd.GetParent(); parent != nil {
		return title(parent) + " " + cmd.Name
	}
	return cmd.Name
}

// newRoot returns the command that all others are below.
func newRoot(std streams) *ff.Command {
	root := &ff.Command{
		Name:      "quiesce",
		Usage:     "quiesce <command> [flags] …",
		ShortHelp: "keep a site up, read-only, while its database is moved",
		Flags:     ff.NewFlagSet("quiesce"),
		Subcommands: []*ff.Command{
			newCheck(std),
			newHelp(std),
			newVersion(std),
		},
	}
	root.Exec = func(_ context.Context, args []string) error {
		if len(args) == 0 {
			return errors.New("no command")
		}
		return fmt.Errorf("unknown command %q", args[0])
	}
	return root
}

// printHelp prints the help of a command.
func printHelp(w io.Writer, cmd *ff.Command) error {
	if _, err := ffhelp.Command(cmd).WriteTo(w); err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot write the help: %w", err)}
	}
	return nil
}
