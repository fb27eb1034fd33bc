package check

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/ratio"
)

// BenchmarkAgainstALoop holds a run over lines that are all at hand against a plain loop
// that reads, judges and writes them one by one, on one core.
func BenchmarkAgainstALoop(b *testing.B) {
	const n = 500
	for name, d := range dialects {
		b.Run(name, func(b *testing.B) {
			input := lines(b, name, n)
			j, err := newJudge(d, nil)
			if err != nil {
				b.Fatal(err)
			}
			run := func(calls int) {
				for range calls {
					if _, err := Run(Config{Dialect: name, Format: "jsonl"}, bytes.NewReader(input), io.Discard, nil); err != nil {
						b.Fatal(err)
					}
				}
			}
			took := ratio.Measure(50, run, func(calls int) {
				for range calls {
					oneByOne(b, j, d, input)
				}
			})
			for b.Loop() {
				run(1)
			}
			b.ReportMetric(n/took[0]*1e9, "statements/s")
			b.ReportMetric(took[0]/took[1], "x-a-loop")
		})
	}
}

func oneByOne(t testing.TB, j *judge, d *dialect, input []byte) {
	for line := range bytes.Lines(input) {
		var request struct {
			SQL string `json:"sql"`
		}
		if err := json.Unmarshal(line, &request); err != nil {
			t.Fatal(err)
		}
		v := d.Classify(request.SQL)
		decision, why := j.decide(d.Name(), &v)
		out, err := json.Marshal(&jsonAnswer{
			Class: v.Class.String(), Op: string(v.Op), Tables: []jsonTable{}, Why: why, Decision: decision,
		})
		if err != nil {
			t.Fatal(err)
		}
		io.Discard.Write(out)
	}
}

// TestTheTimeOfAScriptGrowsWithItsLength would find that something looks again and again
// at what it has seen: the time would grow with the square, a hundredfold.
func TestTheTimeOfAScriptGrowsWithItsLength(t *testing.T) {
	statement := "SELECT a, 'b;c' FROM t WHERE d = 1 -- é\n;"
	for name := range dialects {
		t.Run(name, func(t *testing.T) {
			run := func(statements int) func(n int) {
				text := strings.Repeat(statement, statements)
				return func(n int) {
					for range n {
						if _, err := Run(Config{Dialect: name}, strings.NewReader(text), io.Discard, nil); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			took := ratio.Measure(10, run(500), run(5000))
			if r := took[1] / took[0]; r > 50 {
				t.Errorf("ten times the statements take %.1f times as long", r)
			}
		})
	}
}
