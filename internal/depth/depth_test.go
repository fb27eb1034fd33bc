package depth

import (
	"runtime/debug"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

const (
	many = 100_000
	// stack is what a goroutine may need to judge a text. A judge that recursed along the text
	// would need many times that.
	stack = 256 << 10
)

var dialects = []sqlguard.Dialect{postgres.Dialect{}, mysql.Dialect{}, sqlite.Dialect{}}

// A goroutine whose stack grows beyond the limit ends the process, so this test fails by that.
// Only the judge of PostgreSQL hands texts to a recursive parser, and so has to refuse those that are
// deep; to the others they are what they are.
func TestDepthBombsOverflowNoStack(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(stack))
	for _, b := range Bombs {
		for _, d := range dialects {
			for _, n := range []int{100, 199, 200, 201, 399, 400, 401, 1000, many} {
				sql := b.Text(n)
				if v := d.Classify(sql); n == many && !b.Flat && d.Name() == "postgres" && v.Class < sqlguard.Write {
					t.Errorf("%s: %d %s: %v %s (%s), want write or worse", d.Name(), n, b.Name, v.Class, v.Op, v.Why)
				}
			}
		}
	}
}

// steep is how much more time a byte may take in a text 32 times as long. It is 1 where time grows
// with the length, and 32 where it grows with its square. Both texts are beyond what the fast paths judge.
const steep = 16

func TestLongTextsTakeNoMoreTimeAByte(t *testing.T) {
	for _, b := range Bombs {
		for _, d := range dialects {
			judge := func(sql string) func(n int) {
				return func(n int) {
					for range n {
						d.Classify(sql)
					}
				}
			}
			brief, long := b.Text(2000), b.Text(64_000)
			took := ratio.Measure(3, judge(brief), judge(long))
			if times := took[1] / float64(len(long)) / took[0] * float64(len(brief)); times > steep {
				t.Errorf("%s: %s take %.1f times as long a byte when there are 32 times as many", d.Name(), b.Name, times)
			}
		}
	}
}

// A write behind a bomb does not pass, whatever the bomb is to the dialect.
func TestNothingHidesBehindABomb(t *testing.T) {
	for _, b := range Bombs {
		for _, d := range dialects {
			for _, n := range []int{10, 300, many} {
				sql := "DELETE FROM t; " + b.Text(n)
				if corpus.Passes(d.Classify(sql)) {
					t.Errorf("%s: a DELETE before %d %s passes", d.Name(), n, b.Name)
				}
			}
		}
	}
}
