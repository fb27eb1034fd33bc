package check

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Config says what to judge, and how.
type Config struct {
	// Dialect judges what names no dialect itself. If empty, only JSON lines that do, and
	// exports of pg_stat_statements, can be judged.
	Dialect string
	// Input is "auto", "sql", "jsonl" or "pg_stat_statements". If empty, "auto".
	Input string
	// Format is "text", "json" or "jsonl". If empty, "text".
	Format string
	// Readers are functions that are vouched for, as in [sqlguard.Policy].
	Readers []string
	// ShowSQL prints the texts too. They may hold data.
	ShowSQL bool
	// Quiet leaves out the statements that pass.
	Quiet bool
	// Files are read in turn; "-" is standard input. If empty, standard input is.
	Files []string
}

// inputs are the kinds of input, but for "auto".
var inputs = []string{"sql", "jsonl", "pg_stat_statements"}

// check reports what is wrong, naming the flag, and fills in what was left out.
func (c *Config) check() error {
	if c.Input == "" {
		c.Input = "auto"
	}
	if c.Format == "" {
		c.Format = "text"
	}
	if c.Input != "auto" && !slices.Contains(inputs, c.Input) {
		return fmt.Errorf("--input must be auto, sql, jsonl or pg_stat_statements, not %q", c.Input)
	}
	if formats[c.Format] == nil {
		return fmt.Errorf("--format must be text, json or jsonl, not %q", c.Format)
	}
	if c.Dialect != "" && dialectNamed(c.Dialect) == nil {
		return fmt.Errorf("--dialect must be %s, not %q", Dialects, c.Dialect)
	}
	if len(c.Files) == 0 {
		c.Files = []string{"-"}
	}
	seen := false
	for _, name := range c.Files {
		if name == "-" && seen {
			return errors.New("standard input can be read only once")
		}
		seen = seen || name == "-"
		if c.Dialect == "" && c.inputOf(name) == "sql" {
			return fmt.Errorf("--dialect is missing; it is %s", Dialects)
		}
		if c.Dialect != "" && dialectNamed(c.Dialect) != dialects["postgres"] && c.inputOf(name) == "pg_stat_statements" {
			return errors.New("pg_stat_statements is PostgreSQL's; leave --dialect out")
		}
		if c.Quiet && c.Format == "jsonl" && c.inputOf(name) == "jsonl" {
			return errors.New("--quiet would leave lines without an answer; use --format text or json")
		}
	}
	return nil
}

// inputOf returns the kind of a file.
func (c *Config) inputOf(name string) string {
	if c.Input != "auto" {
		return c.Input
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".sql":
		return "sql"
	case ".jsonl", ".ndjson":
		return "jsonl"
	case ".csv":
		return "pg_stat_statements"
	}
	if c.Format == "jsonl" {
		return "jsonl"
	}
	return "sql"
}
