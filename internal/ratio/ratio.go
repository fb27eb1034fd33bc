// Package ratio compares how long functions take, in one process and one run.
//
// A single timing on a busy machine says little. Here the functions take turns, and
// of each the shortest round counts: what disturbs the machine can make a round longer, never
// shorter. Only tests and benchmarks use it.
package ratio

import "time"

// round is how long one round of one function takes at least.
const round = 2 * time.Millisecond

// Measure runs the functions in turns, rounds times each, and returns for each
// the shortest time that one call took, in nanoseconds. Each function calls what it measures n times.
func Measure(rounds int, functions ...func(n int)) []float64 {
	calls := make([]int, len(functions))
	for i, f := range functions {
		calls[i] = calibrate(f)
	}
	best := make([]float64, len(functions))
	for r := range rounds {
		for i, f := range functions {
			took := float64(timed(f, calls[i])) / float64(calls[i])
			if r == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best
}

// calibrate returns how many calls make a round. It believes only several timings in a row:
// one that was disturbed would make all rounds so short that they measure little but the clock.
func calibrate(f func(n int)) int {
	for n := 1; ; n *= 2 {
		if min(timed(f, n), timed(f, n), timed(f, n)) >= round {
			return n
		}
	}
}

func timed(f func(n int), n int) time.Duration {
	start := time.Now()
	f(n)
	return time.Since(start)
}
