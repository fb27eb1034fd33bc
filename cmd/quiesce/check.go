package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

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

The text of a statement is printed only with --show-sql, for it may hold data. docs/check.md
is the manual.

%s

EXIT CODES
  0   the decision on every statement is pass; also where there is no statement
  1   the decision on a statement is engine or reject
  2   wrong usage, or something that could not be read or written`

// newCheck returns the command that judges SQL.
func newCheck(std streams) *cobra.Command {
	var config check.Config
	var vouch []string
	cmd := &cobra.Command{
		Use:                   "check [flags] [file …]",
		DisableFlagsInUseLine: true,
		Short:                 "judge SQL from files, standard input or another program",
		Long:                  fmt.Sprintf(checkHelp, grammar),
		RunE: func(_ *cobra.Command, args []string) error {
			config.Readers = names(vouch)
			config.Files = args
			return runCheck(config, std)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&config.Dialect, "dialect", "", "postgres, mysql (also MariaDB) or sqlite; required where the input does not say")
	fs.StringVar(&config.Input, "input", "auto", "auto, sql, jsonl or pg_stat_statements")
	fs.StringVar(&config.Format, "format", "text", "text, json or jsonl")
	fs.StringArrayVar(&vouch, "vouch", nil, "functions that only read, as f,schema.g; may be repeated")
	fs.BoolVarP(&config.Quiet, "quiet", "q", false, "leave out the statements that pass")
	fs.BoolVar(&config.ShowSQL, "show-sql", false, "print the text of each statement too")
	return cmd
}

func runCheck(config check.Config, std streams) error {
	summary, err := check.Run(config, std.in, std.out, func(err error) {
		fmt.Fprintf(std.err, "quiesce check: %v\n", err)
	})
	var usage check.UsageError
	switch {
	case errors.As(err, &usage):
		return err
	case err != nil:
		return exitError{exitUsage, err}
	case summary.Errors > 0:
		return exitError{exitUsage, fmt.Errorf("not all of the input could be read; errors: %d", summary.Errors)}
	case summary.Engine+summary.Reject > 0:
		return exitError{exitNotAllPass, nil}
	}
	return nil
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
