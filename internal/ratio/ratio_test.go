package ratio_test

import (
	"testing"

	"github.com/quiescehq/quiesce/internal/ratio"
)

var sink uint64

func work(size int) func(n int) {
	return func(n int) {
		for range n {
			for i := range size {
				sink = sink*6364136223846793005 + uint64(i)
			}
		}
	}
}

func TestTenTimesTheWorkTakesMoreTime(t *testing.T) {
	took := ratio.Measure(5, work(1_000), work(10_000))
	if took[0] <= 0 || took[1] < 2*took[0] {
		t.Errorf("%v ns and %v ns", took[0], took[1])
	}
}
