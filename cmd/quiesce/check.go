package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v4"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/check"
)

// exitNotAllPass is the exit code of check where a statement does not pass.
const exitNotAllPass = 1

const checkHelp = `Judges SQL without running it: what would become of each statement in read-only mode,
with no policy set? The decision is

  pass     it is proven to change nothing but its session, and reaches the database
  engine   a single query that calls a function nobody vouches for, or whose syntax is newer
           than the grammar: the database would judge it, in a read-only transaction
  reject   it would be refused

and the class is read, session, unproven, lock, write, schema or escape.

Input is standard input where no file is given, or the file is "-". It is SQL, split
into statements; JSON lines, each with one text that may hold several statements; or a CSV
export of pg_stat_statements. With --input auto the ending of the file's name decides: .sql,
.jsonl or .ndjson, .csv; of others, and of standard input, --format jsonl makes JSON lines
of it and the other formats SQL.

  jsonl    {"sql": "…"} in, {"class","op","tables","why","decision"} out, line for line in the
           same order. Answers come at once when the input pauses. Bytes that are no UTF-8 go
           into "sql_b64"; "dialect" replaces --dialect for its line. A line that cannot be
           read is answered by {"error","decision":"reject"}, and the run goes on. A line may
           have 8 MiB, a text 1 MiB.
  csv      a header with the column query, and perhaps queryid, calls, total_exec_time and
           rows. What is refused comes first, and of that what runs most.

The text of a statement is printed only with --show-sql, for it may hold data. Flags come
before files. docs/check.md is the manual.

%s

EXIT CODES
  0   the decision on every statement is pass; also where there is no statement
  1   the decision on a statement is engine or reject
  2   wrong usage, or something that could not be read or written`

// newCheck returns the command that judges SQL.
func newCheck(std streams) *ff.Command {
	var config check.Config
	var vouch []string
	fs := ff.NewFlagSet("check")
	fs.StringVar(&config.Dialect, 0, "dialect", "", "postgres, mysql (also MariaDB) or sqlite; required where the input does not say")
	fs.StringVar(&config.Input, 0, "input", "auto", "auto, sql, jsonl or pg_stat_statements")
	fs.StringVar(&config.Format, 0, "format", "text", "text, json or jsonl")
	fs.StringListVar(&vouch, 0, "vouch", "functions that only read, as f,schema.g; may be repeated")
	fs.BoolVar(&config.Quiet, 'q', "quiet", "leave out the statements that pass")
	fs.BoolVar(&config.ShowSQL, 0, "show-sql", "print the text of each statement too")
	return &ff.Command{
		Name:      "check",
		Usage:     "quiesce check [flags] [file …]",
		ShortHelp: "judge SQL from files, standard input or another program",
		LongHelp:  fmt.Sprintf(checkHelp, grammar),
		Flags:     &dashFlags{FlagSet: fs},
		Exec: func(_ context.Context, args []string) error {
			config.Readers = names(vouch)
			config.Files = args
			return runCheck(config, std)
		},
	}
}

func runCheck(config check.Config, std streams) error {
	summary, err := check.Run(config, std.in, std.out, func(err error) {
		fmt.Fprintf(std.err, "quiesce check: %v\n", err)
	})
	var usage check.UsageError
	switch {
	case errors.As(err, &usage):
		return misplacedFlag(config.Files, err)
	case err != nil:
		return exitError{exitUsage, err}
	case summary.Errors > 0:
		return exitError{exitUsage, fmt.Errorf("not all of the input could be read; errors: %d", summary.Errors)}
	case summary.Engine+summary.Reject > 0:
		return exitError{exitNotAllPass, nil}
	}
	return nil
}

// misplacedFlag explains what is likely to be wrong where a file has the name of a flag.
func misplacedFlag(files []string, err error) error {
	if slices.ContainsFunc(files, func(f string) bool { return len(f) > 1 && f[0] == '-' }) {
		return fmt.Errorf("%w; flags come before files", err)
	}
	return err
}

// names parts lists of names at their commas.
func names(lists []string) []string {
	var all []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			all = append(all, strings.TrimSpace(name))
		}
	}
	return all
}

// dashFlags is a flag set that takes "-" for a file. ff's own loses it where it comes
// first.
type dashFlags struct {
	*ff.FlagSet
	args []string
}

// Parse parses args. No flag of a set has "-" as its value.
func (f *dashFlags) Parse(args []string) error {
	dash := slices.Index(args, "-")
	if dash < 0 || slices.Contains(args[:dash], "--") {
		err := f.FlagSet.Parse(args)
		f.args = f.FlagSet.GetArgs()
		return err
	}
	err := f.FlagSet.Parse(slices.Insert(slices.Clone(args), dash, "--"))
	f.args = f.FlagSet.GetArgs()
	// Behind another file the mark that flags end here is none, and still there.
	if mark := len(f.args) - (len(args) - dash) - 1; mark >= 0 {
		f.args = slices.Delete(slices.Clone(f.args), mark, mark+1)
	}
	return err
}

// GetArgs returns the files.
func (f *dashFlags) GetArgs() []string { return f.args }
