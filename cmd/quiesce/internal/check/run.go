package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// stdinName is what standard input is called in answers.
const stdinName = "stdin"

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

// UsageError is a configuration that cannot be run.
type UsageError struct{ error }

// Unwrap returns what is wrong.
func (e UsageError) Unwrap() error { return e.error }

// Run judges everything that c names, and writes the answers to stdout. What cannot be
// read is an error among the answers, or, if it is a file, told to report; Run goes on
// with the rest. Its own error is a [UsageError], or says that stdout cannot be written to;
// the summary counts what was judged until then.
func Run(c Config, stdin io.Reader, stdout io.Writer, report func(error)) (Summary, error) {
	var all Summary
	if err := c.check(); err != nil {
		return all, UsageError{err}
	}
	j, err := newJudge(dialectNamed(c.Dialect), c.Readers)
	if err != nil {
		return all, UsageError{fmt.Errorf("--vouch: %w", err)}
	}
	r := &runner{judge: j, format: formats[c.Format](c.ShowSQL), quiet: c.Quiet, out: stdout}
	if err := r.write([]byte(r.format.begin())); err != nil {
		return all, err
	}
	for _, name := range c.Files {
		err := r.file(&c, name, stdin)
		var failed writeError
		if errors.As(err, &failed) {
			return r.summary, err
		}
		if err != nil {
			r.summary.Errors++
			report(err)
		}
	}
	return r.summary, r.write([]byte(r.format.end(&r.summary)))
}

// runner is a run.
type runner struct {
	judge   *judge
	format  format
	quiet   bool
	out     io.Writer
	written bool // an answer was
	summary Summary
}

// file judges one file. The error says that it cannot be read, or is a writeError.
func (r *runner) file(c *Config, name string, stdin io.Reader) error {
	in := stdin
	if name == "-" {
		name = stdinName
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	src, how, err := open(c.inputOf(name), name, in, r.judge.fallback)
	if err != nil {
		return readError(name, err)
	}
	return readError(name, r.judgeAll(src, how))
}

// readError names the file that an error is about, if it is about one.
func readError(name string, err error) error {
	var path *os.PathError
	var failed writeError
	if err == nil || errors.As(err, &path) || errors.As(err, &failed) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// source is where texts come from.
type source interface {
	// next returns the texts that are there without waiting for more, at least
	// one. After the last it returns io.EOF; any other error ends the source as well.
	next() ([]item, error)
}

// order says how the answers of a source hang together.
type order uint8

const (
	apart   order = iota // each text is judged for itself
	session              // in turn, as the statements of one session
	sorted               // for themselves, and then sorted
)

// open returns the source of an input.
func open(input, name string, in io.Reader, d *dialect) (src source, how order, err error) {
	switch input {
	case "jsonl":
		return newJSONL(name, in), apart, nil
	case "pg_stat_statements":
		src, err = newStatements(name, in)
		return src, sorted, err
	}
	src, err = newScript(name, in, d)
	return src, session, err
}

// batch is a part of the input on its way.
type batch struct {
	items   []item
	err     error // of the source, behind the items
	done    chan struct{}
	answers bytes.Buffer
	summary Summary
}

// judgeAll judges a source. A goroutine reads, one judges each batch unless the batches are
// one session, and this one writes them in order. If it ends early because stdout does, the reader
// ends with its next read.
func (r *runner) judgeAll(src source, how order) error {
	batches := make(chan *batch, runtime.GOMAXPROCS(0))
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(batches)
		path := &searchPath{}
		for {
			b := &batch{done: make(chan struct{})}
			b.items, b.err = src.next()
			select {
			case batches <- b:
			case <-stop:
				return
			}
			if how == session {
				r.judgeSession(b, path)
			} else {
				go r.judgeBatch(b, how)
			}
			if b.err != nil {
				return
			}
		}
	}()
	for b := range batches {
		<-b.done
		r.summary.merge(&b.summary)
		if err := r.writeAnswers(&b.answers); err != nil {
			return err
		}
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			return b.err
		}
	}
	return nil
}

// judgeBatch fills in the answers of a batch, each for itself.
func (r *runner) judgeBatch(b *batch, how order) {
	defer close(b.done)
	if how != sorted {
		var a answer // one for all, since it would be allocated for each
		for i := range b.items {
			a = r.judge.answer(b.items[i])
			r.add(b, &a)
		}
		return
	}
	answers := make([]answer, len(b.items))
	for i := range b.items {
		answers[i] = r.judge.answer(b.items[i])
	}
	sortAnswers(answers)
	for i := range answers {
		r.add(b, &answers[i])
	}
}

// judgeSession fills in the answers of a batch as those of a session.
func (r *runner) judgeSession(b *batch, path *searchPath) {
	defer close(b.done)
	for i := range b.items {
		a := r.judge.answer(b.items[i])
		path.follow(&a)
		r.add(b, &a)
	}
}

// add counts an answer and writes it to its batch.
func (r *runner) add(b *batch, a *answer) {
	b.summary.add(a)
	if r.quiet && a.decision == Pass {
		return
	}
	if b.answers.Len() > 0 {
		b.answers.WriteString(r.format.separator())
	}
	r.format.answer(&b.answers, a)
}

// writeError says that the answers cannot be written.
type writeError struct{ err error }

func (e writeError) Error() string { return "cannot write the answers: " + e.err.Error() }
func (e writeError) Unwrap() error { return e.err }

// writeAnswers writes the answers of a batch, at once.
func (r *runner) writeAnswers(answers *bytes.Buffer) error {
	if answers.Len() == 0 {
		return nil
	}
	if r.written {
		if err := r.write([]byte(r.format.separator())); err != nil {
			return err
		}
	}
	r.written = true
	return r.write(answers.Bytes())
}

func (r *runner) write(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if _, err := r.out.Write(text); err != nil {
		return writeError{err}
	}
	return nil
}
