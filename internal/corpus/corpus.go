// Package corpus reads the statements in testdata/corpus, whose classes are
// known because real servers were asked, and holds dialects to them. Only
// tests use it.
//
// bypass.jsonl has statements that a guard is likely to take for less than they
// are, reads.jsonl has those that it is likely to take for more. postgres.jsonl, mysql.jsonl and
// sqlite.jsonl have statements of every kind, each in several spellings. A line is a [Case].
package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Case is one text and what is right to say of it.
type Case struct {
	// Dialect is "postgres", "mysql" (both servers), "mysql8", "mariadb" or "sqlite".
	Dialect string `json:"dialect"`
	// SQL is the text. A text that is no UTF-8 is in Raw instead.
	SQL string `json:"sql"`
	// Raw is the text as bytes, base64 in the file; see [Case.Text].
	Raw []byte `json:"sql_b64"`
	// Class lists the classes that are right.
	Class []sqlguard.Class `json:"class"`
	// Blocked says whether read-only mode without a policy must refuse the text;
	// nil where both are right.
	Blocked *bool `json:"blocked"`
	// Why says what the text tries.
	Why string `json:"why"`
	// Pre are statements that were run before, in another session; PreIn, in the same
	// session or transaction.
	Pre   []string `json:"pre"`
	PreIn []string `json:"pre_in"`
	// InTx says that the text was run inside a transaction.
	InTx bool `json:"in_tx"`
	// Allow are functions that a policy has to vouch for.
	Allow []string `json:"allow"`
	// Hard marks what no text can tell, such as a setting made before.
	Hard bool `json:"hard"`
	// EngineOnly marks what only the engine can stop, such as a view over a
	// function that writes.
	EngineOnly bool `json:"engine_only"`
	// Source is the file and line, for messages.
	Source string `json:"-"`
}

// Text returns the text to classify.
func (c *Case) Text() string {
	if c.Raw != nil {
		return string(c.Raw)
	}
	return c.SQL
}

// Load returns the cases of all files that belong to one of the dialects. It
// fails the test if a file cannot be read or no case is found.
func Load(tb testing.TB, dialects ...string) []Case {
	tb.Helper()
	var cases []Case
	files, err := filepath.Glob(filepath.Join(folder(tb), "*.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		name := filepath.Base(file)
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			c := Case{Source: fmt.Sprintf("%s:%d", name, n)}
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				tb.Fatalf("%s: %v", c.Source, err)
			}
			if slices.Contains(dialects, c.Dialect) {
				cases = append(cases, c)
			}
		}
		if err := lines.Err(); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
	}
	if len(cases) == 0 {
		tb.Fatalf("no case for %q", dialects)
	}
	return cases
}

// folder returns testdata/corpus of the working folder of the test, or of the nearest
// one above it that has it.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		corpus := filepath.Join(dir, "testdata", "corpus")
		if _, err := os.Stat(corpus); err == nil {
			return corpus
		}
		if filepath.Dir(dir) == dir {
			tb.Fatal("no testdata/corpus above the working folder")
		}
		dir = filepath.Dir(dir)
	}
}
