package check

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// counter counts the writes.
type counter struct {
	bytes.Buffer
	writes int
}

func (c *counter) Write(p []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(p)
}

func TestAnswersComeWhenTheInputPauses(t *testing.T) {
	for name := range dialects {
		t.Run(name, func(t *testing.T) {
			in, send := io.Pipe()
			receive, out := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				_, err := Run(Config{Dialect: name, Format: "jsonl"}, in, out, nil)
				out.Close()
				ended <- err
			}()
			answers := bufio.NewScanner(receive)
			// Each line is answered before the next is sent, though half of the next is there.
			fmt.Fprint(send, `{"sql":`)
			for i := range 5 {
				fmt.Fprintf(send, "\"SELECT %d\"}\n{\"sql\":", i)
				if !answers.Scan() || !strings.Contains(answers.Text(), `"decision":"pass"`) {
					t.Fatalf("line %d is answered by %q", i, answers.Text())
				}
			}
			fmt.Fprint(send, `"DROP TABLE t"}`)
			send.Close()
			if !answers.Scan() || !strings.Contains(answers.Text(), `"decision":"reject"`) {
				t.Errorf("the last line is answered by %q", answers.Text())
			}
			if answers.Scan() {
				t.Errorf("one more answer: %q", answers.Text())
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnswersAreInOrderAndTogether(t *testing.T) {
	const n = 20_000
	var input bytes.Buffer
	for i := range n {
		if i%7 == 3 {
			fmt.Fprintln(&input, "{}")
		} else {
			fmt.Fprintf(&input, "{\"sql\":\"INSERT INTO t%d VALUES (1)\"}\n", i)
		}
	}
	var out counter
	s, err := Run(Config{Dialect: "sqlite", Format: "jsonl"}, &input, &out, nil)
	if err != nil || s.Errors != (n+3)/7 || s.Reject != n-s.Errors {
		t.Fatalf("%v, %v", s, err)
	}
	if out.writes > n/100 {
		t.Errorf("%d answers take %d writes", n, out.writes)
	}
	answers := bufio.NewScanner(&out.Buffer)
	for i := range n {
		want := fmt.Sprintf(`"name":"t%d"`, i)
		if i%7 == 3 {
			want = fmt.Sprintf(`{"error":"line %d: `, i+1)
		}
		if !answers.Scan() || !strings.Contains(answers.Text(), want) {
			t.Fatalf("answer %d is %q, want it to contain %q", i, answers.Text(), want)
		}
	}
	if answers.Scan() {
		t.Errorf("one more answer: %q", answers.Text())
	}
}

// failing takes a number of bytes, and then nothing.
type failing struct{ left int }

var errFull = errors.New("no space left")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestOutputThatFailsEndsTheRun(t *testing.T) {
	for _, format := range []string{"text", "json", "jsonl"} {
		for _, room := range []int{0, 100, 200_000} {
			t.Run(fmt.Sprintf("%s behind %d bytes", format, room), func(t *testing.T) {
				// The input does not end by itself.
				in := &endless{line: []byte("{\"sql\":\"SELECT 1\"}\n")}
				s, err := Run(Config{Dialect: "sqlite", Input: "jsonl", Format: format}, in, &failing{room}, nil)
				if !errors.Is(err, errFull) {
					t.Errorf("%v, %v", s, err)
				}
			})
		}
	}
}

// endless repeats a line.
type endless struct {
	line []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.line[e.at]
		e.at = (e.at + 1) % len(e.line)
	}
	return len(p), nil
}

func TestInputThatFailsIsReportedBehindItsAnswers(t *testing.T) {
	errBroken := errors.New("input/output error")
	for _, tt := range []struct {
		input string
		pass  int
	}{{"jsonl", 2}, {"sql", 0}, {"pg_stat_statements", 0}} {
		t.Run(tt.input, func(t *testing.T) {
			in := io.MultiReader(strings.NewReader("{\"sql\":\"SELECT 1\"}\n{\"sql\":\"SELECT 2\"}\n{\"sq"), &failingReader{errBroken})
			var reported []error
			c := Config{Dialect: "postgres", Input: tt.input, Format: "jsonl"}
			s, err := Run(c, in, io.Discard, func(err error) { reported = append(reported, err) })
			if err != nil || s.Pass != tt.pass || s.Errors != 1 {
				t.Errorf("%v, %v", s, err)
			}
			if len(reported) != 1 || !errors.Is(reported[0], errBroken) || !strings.HasPrefix(reported[0].Error(), "stdin: ") {
				t.Errorf("reported %v", reported)
			}
		})
	}
}

type failingReader struct{ err error }

func (f *failingReader) Read([]byte) (int, error) { return 0, f.err }

func TestTheDecisionIsTheGuards(t *testing.T) {
	for _, tt := range []struct {
		name, dialect, text string
		readers             []string
		want                Decision
	}{
		{"a read", "postgres", "SELECT 1", nil, Pass},
		{"a transaction", "mysql", "START TRANSACTION READ ONLY", nil, Pass},
		{"an unknown function", "postgres", "SELECT f()", nil, Engine},
		{"one that is vouched for", "postgres", "SELECT f()", []string{"f"}, Pass},
		{"one of two that is vouched for", "mysql", "SELECT f(), g()", []string{"f"}, Engine},
		{"an unknown function beside a read", "postgres", "SELECT 1; SELECT f()", nil, Reject},
		{"both vouched for", "postgres", "SELECT 1; SELECT f()", []string{"f"}, Pass},
		{"an unknown function behind a commit", "sqlite", "COMMIT; SELECT f()", nil, Reject},
		{"a named lock", "mysql", "SELECT GET_LOCK('a', 1)", nil, Pass},
		{"a row lock", "mysql", "SELECT a FROM t FOR UPDATE", nil, Reject},
		{"a write with a function that is vouched for", "postgres", "INSERT INTO t SELECT f()", []string{"f"}, Reject},
		{"an escape", "postgres", "SET transaction_read_only = off", nil, Reject},
		{"what is not understood", "sqlite", "FROBNICATE", nil, Reject},
		{"nothing", "mysql", "-- nothing", nil, Pass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j, err := newJudge(dialects[tt.dialect], tt.readers)
			if err != nil {
				t.Fatal(err)
			}
			a := j.answer(item{text: tt.text})
			if a.decision != tt.want || a.why == "" {
				t.Errorf("%s is %s: %s", tt.text, a.decision, a.why)
			}
		})
	}
}

func TestOnlyASingleQueryIsForTheEngine(t *testing.T) {
	j, err := newJudge(nil, []string{"f"})
	if err != nil {
		t.Fatal(err)
	}
	unproven := sqlguard.Verdict{Class: sqlguard.Unproven}
	for _, tt := range []struct {
		name string
		v    sqlguard.Verdict
		want Decision
	}{
		{"unproven for its syntax, so that nobody can vouch", unproven, Engine},
		{"beside a read", sqlguard.Combine([]sqlguard.Verdict{{Class: sqlguard.Read}, unproven}), Reject},
		{"a verdict that nobody filled in", sqlguard.Verdict{}, Reject},
	} {
		if got, _ := j.decide("postgres", &tt.v); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢":        "plain é 漢",
		"a\nb\r\tc\\":      `a\nb\r\tc\`,
		"\x1b[31m\x00\x7f": `\u{1b}[31m\u{0}\u{7f}`,
		"\u009b\u202e":     `\u{9b}\u{202e}`,
		"a\xffb\ufffd":     `a\xffb\u{fffd}`,
	} {
		if got := printable(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestNamesInAnswersAreAsTheyAre(t *testing.T) {
	var out bytes.Buffer
	line := `{"sql":"UPDATE \"a<b>&c\" SET d = 1"}`
	if _, err := Run(Config{Dialect: "sqlite", Format: "jsonl"}, strings.NewReader(line), &out, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"name":"a<b>&c"`) {
		t.Error(out.String())
	}
}

func TestNamesInAnswersCannotMoveTheCursor(t *testing.T) {
	line := "{\"sql\":\"UPDATE \\\"a\\u001b[2J\\\" SET b = 1\"}\n"
	for _, format := range []string{"text", "json", "jsonl"} {
		var out bytes.Buffer
		if _, err := Run(Config{Dialect: "sqlite", Input: "jsonl", Format: format}, strings.NewReader(line), &out, nil); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "1b") {
			t.Errorf("%s: %q", format, out.String())
		}
	}
}
