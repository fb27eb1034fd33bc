package httpmode

import "time"

// SetClock makes the answers' time and jitter certain.
func (m *Middleware) SetClock(now time.Time, jitter float64) {
	m.now = func() time.Time { return now }
	m.jitter = func() float64 { return jitter }
}

// SetPatience changes how long a body may take that still arrives.
func (m *Middleware) SetPatience(d time.Duration) { m.patience = d }
