package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// stdinName is what standard input is called in answers.
const stdinName = "stdin"

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
