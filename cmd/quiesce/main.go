// Command quiesce is the operator's command. `quiesce help` lists what it can do, and
// docs/ has a manual.
//
// Each command is one file here, with its flags and nothing else; what it does is a function in
// one of the packages below internal/.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	std := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, signals: signals, exit: os.Exit}
	os.Exit(std.exec(context.Background(), os.Args[1:]))
}

// streams are what a command reads and writes, and what may interrupt it.
type streams struct {
	in       io.Reader
	out, err io.Writer
	signals  <-chan os.Signal
	exit     func(code int) // ends the process at once
}

// exec runs a command line, without the program's name, and returns the exit code. It
// does not change the process.
func exec(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	std := streams{in: stdin, out: stdout, err: stderr, exit: func(int) {}}
	return std.exec(ctx, args)
}

// Exit codes that the commands share which have no fleet. What 1 means, the command's help says.
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

// usageError is a command line that is wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func (std streams) exec(ctx context.Context, args []string) int {
	root := newRoot(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	out := &watched{Writer: std.out} // of the help alone; the commands see to theirs
	root.SetOut(out)
	root.SetErr(std.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil && out.err != nil {
		err = exitError{exitUsage, fmt.Errorf("cannot write the help: %w", out.err)}
	}
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit) && exit.err == nil:
		return exit.code
	case errors.As(err, &exit) && !errors.As(exit.err, new(operate.UsageError)):
		fmt.Fprintf(std.err, "%s: %v\n", cmd.CommandPath(), exit.err)
		return exit.code
	case errors.As(err, &exit):
		err = exit.err
	}
	fmt.Fprintf(std.err, "%s: %v\nsee: %s --help\n", cmd.CommandPath(), err, cmd.CommandPath())
	return exitUsage
}

// newRoot returns the command that all others are below.
func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "quiesce <command> [flags] …",
		Short:         "keep a site up, read-only, while its database is moved",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no command")
			}
			return fmt.Errorf("unknown command %q", args[0])
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetUsageTemplate(helpTemplate)
	root.SetHelpTemplate(helpTemplate)
	root.SetHelpCommand(newHelp())
	root.AddGroup(&cobra.Group{ID: groupFleet, Title: "A FLEET"}, &cobra.Group{ID: groupOther, Title: "OTHER COMMANDS"})
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)
	for _, cmd := range newFleetCommands(std) {
		cmd.GroupID = groupFleet
		root.AddCommand(cmd)
	}
	for _, cmd := range []*cobra.Command{newCheck(std), newVersion(std)} {
		cmd.GroupID = groupOther
		root.AddCommand(cmd)
	}
	root.AddCommand(&cobra.Command{
		Use: "exit-codes", Short: "what the exit codes of the fleet's commands mean", Long: "EXIT CODES\n" + operate.ExitCodes,
	})
	return root
}

const groupFleet, groupOther = "fleet", "other"

// helpTemplate is what --help prints.
const helpTemplate = `COMMAND
  {{.CommandPath}} -- {{.Short}}
{{- if .Runnable}}

USAGE
  {{.UseLine}}
{{- end}}
{{- with .Long}}

{{.}}
{{- end}}
{{- $root := .}}{{range .Groups}}{{$group := .}}

{{.Title}}
{{- range $root.Commands}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}
{{- if and .HasAvailableSubCommands (not .Groups)}}

SUBCOMMANDS
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasHelpSubCommands}}

MORE HELP
{{- range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

FLAGS
{{trimTrailingWhitespaces .LocalFlags.FlagUsages}}
{{- end}}
`

// watched remembers that something could not be written.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.err = cmp.Or(w.err, err)
	return n, err
}
