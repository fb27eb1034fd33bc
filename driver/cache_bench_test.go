package driver

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
)

var found *sqlguard.Verdict

// BenchmarkHit holds a hit against a lookup in a plain map behind an atomic pointer, the
// least that a cache can do. The bar is 1.5 times as much. A text that is the very string that
// the map has costs the map no comparison; a copy does, as it would with texts that are put
// together.
func BenchmarkHit(b *testing.B) {
	for _, size := range []int{58, 2000, 8000} {
		for _, copied := range []bool{false, true} {
			name := fmt.Sprintf("%d bytes/the same string", size)
			if copied {
				name = fmt.Sprintf("%d bytes/a copy", size)
			}
			b.Run(name, func(b *testing.B) { benchmarkHit(b, size, copied) })
		}
	}
}

func benchmarkHit(b *testing.B, size int, copied bool) {
	const kept = 500
	c, plain := newCache(), make(map[string]*sqlguard.Verdict, kept)
	texts := make([]string, kept)
	for i := range texts {
		head := fmt.Sprintf("SELECT a, b, c FROM t%d WHERE d = ", i)
		texts[i] = head + strings.Repeat("x", size-len(head))
		plain[texts[i]] = &sqlguard.Verdict{}
		c.classify(echo{}, texts[i])
		c.classify(echo{}, texts[i])
	}
	var behind atomic.Pointer[map[string]*sqlguard.Verdict]
	behind.Store(&plain)
	asked := texts[:10]
	if copied {
		asked = make([]string, 10)
		for i := range asked {
			asked[i] = strings.Clone(texts[i])
		}
	}
	d := sqlguard.Dialect(echo{})
	took := ratio.Measure(100,
		func(n int) {
			for i := range n {
				found = (*behind.Load())[asked[i%len(asked)]]
			}
		},
		func(n int) {
			for i := range n {
				found = c.classify(d, asked[i%len(asked)])
			}
		})
	for b.Loop() {
		found = c.classify(d, asked[0])
	}
	b.ReportMetric(took[1]/took[0], "x-a-map")
}
