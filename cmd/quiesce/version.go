package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// newVersion returns the command that prints what was built.
func newVersion(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version, and how PostgreSQL is judged",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("takes no arguments, but was given %d", len(args))
			}
			info, _ := debug.ReadBuildInfo()
			if _, err := fmt.Fprintf(std.out, "%s\n%s\n", versionOf(info), grammar); err != nil {
				return exitError{exitUsage, fmt.Errorf("cannot write the version: %w", err)}
			}
			return nil
		},
	}
}

// versionOf returns a line such as "quiesce v1.2.0 (abc123, go1.26.1, linux/amd64)". Of a build
// that no module version and no repository is known of, "(devel)" is all there is.
func versionOf(info *debug.BuildInfo) string {
	version, about := "(devel)", []string{}
	if info != nil {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		revision, modified := "", ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = ", modified"
			}
		}
		if revision != "" {
			about = append(about, revision+modified)
		}
	}
	about = append(about, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return fmt.Sprintf("quiesce %s (%s)", version, strings.Join(about, ", "))
}
