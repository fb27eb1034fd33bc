package main

import (
	"sync"
	"time"
)

// How many wrong tokens an address may send in what time. Addresses are counted
// apart, so that whoever guesses does not lock the operator out.
const (
	maxGuesses  = 5
	guessWindow = time.Minute
	maxGuessers = 1024 // bounds what is remembered
)

// throttle slows down guessing. The zero value is ready to use, by several
// goroutines.
type throttle struct {
	mu       sync.Mutex
	guessers map[string]guesses
}

type guesses struct {
	wrong int
	since time.Time
}

// try counts a guess, and reports how long its address must wait if it has made
// too many wrong ones; a guess made too early is not looked at, right or wrong.
func (t *throttle) try(address string, now time.Time, right func() bool) (ok bool, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.guessers[address]
	if now.Sub(g.since) >= guessWindow {
		g = guesses{since: now}
	}
	if g.wrong >= maxGuesses {
		return false, g.since.Add(guessWindow).Sub(now)
	}
	if right() {
		return true, 0
	}
	g.wrong++
	t.remember(address, g, now)
	return false, 0
}

func (t *throttle) remember(address string, g guesses, now time.Time) {
	if t.guessers == nil {
		t.guessers = make(map[string]guesses)
	}
	if _, known := t.guessers[address]; !known && len(t.guessers) >= maxGuessers {
		t.forget(now)
	}
	t.guessers[address] = g
}

// forget makes room: what is over goes first, and the oldest if nothing is.
func (t *throttle) forget(now time.Time) {
	oldest := ""
	for address, g := range t.guessers {
		if now.Sub(g.since) >= guessWindow {
			delete(t.guessers, address)
		} else if oldest == "" || g.since.Before(t.guessers[oldest].since) {
			oldest = address
		}
	}
	if len(t.guessers) >= maxGuessers {
		delete(t.guessers, oldest)
	}
}
