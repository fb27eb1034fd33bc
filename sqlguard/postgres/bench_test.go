//go:build cgo

package postgres

import (
	"strings"
	"testing"

	"github.com/pganalyze/pg_query_go/v5/parser"
)

var oltp = []string{
	"SELECT 1",
	"SELECT id, name, email FROM users WHERE id = $1",
	"SELECT count(*) FROM orders WHERE user_id = $1 AND status = 'open'",
	"SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.user_id WHERE o.id = $1 LIMIT 10",
	"UPDATE users SET seen_at = now() WHERE id = $1",
	"INSERT INTO log (at, what) VALUES (now(), $1) RETURNING id",
}

// The walker's cost is the ratio of these two, to the parser's.
func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, sql := range oltp {
			if _, err := parser.ParseToJSON(sql); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, sql := range oltp {
			Dialect{}.Classify(sql)
		}
	}
}

func TestACommonReadAllocatesTwiceAtMost(t *testing.T) {
	for _, sql := range oltp {
		if !strings.HasPrefix(sql, "SELECT") {
			continue
		}
		if n := testing.AllocsPerRun(100, func() { Dialect{}.Classify(sql) }); n > 2 {
			t.Errorf("%v allocations: %q", n, sql)
		}
	}
}
