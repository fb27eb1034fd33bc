package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

// oltp are statements such as a web application sends.
var oltp = []string{
	"SELECT id, title FROM talks WHERE id = %s",
	"UPDATE talks SET title = %s WHERE id = %s",
	"INSERT INTO page_views (id, n) VALUES (%s, 2)",
	"SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id WHERE u.email = 'a@b.c' AND o.n > abs(%s)",
	"DELETE FROM sessions WHERE id = %s",
	"BEGIN",
	"COMMIT",
	"SELECT f(1)",
}

// lines returns n lines of JSON with such statements.
func lines(tb testing.TB, dialect string, n int) []byte {
	tb.Helper()
	parameter := map[string]string{"postgres": "$1", "mysql": "?", "sqlite": "?"}[dialect]
	var b bytes.Buffer
	for i := range n {
		text := bytes.ReplaceAll([]byte(oltp[i%len(oltp)]), []byte("%s"), []byte(parameter))
		line, err := json.Marshal(map[string]string{"sql": string(text)})
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.Bytes()
}

func BenchmarkJSONLines(b *testing.B) {
	for name := range dialects {
		b.Run(name, func(b *testing.B) {
			input := lines(b, name, 10_000)
			b.ReportAllocs()
			statements := 0
			for b.Loop() {
				s, err := Run(Config{Dialect: name, Format: "jsonl"}, bytes.NewReader(input), io.Discard, nil)
				if err != nil {
					b.Fatal(err)
				}
				statements += s.Statements
			}
			b.ReportMetric(float64(statements)/b.Elapsed().Seconds(), "statements/s")
		})
	}
}
