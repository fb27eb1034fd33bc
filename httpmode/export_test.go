package httpmode

import "time"

// SetClock makes the answers' time and jitter certain.
func (m *Middleware) SetClock(now time.Time, jitter float64) {
	m.now = func() time.Time { return now }
	m.jitter = func() float64 { return jitter }
}

// SetHeartbeat sets how often a silent event stream says that it is there.
func (m *Middleware) SetHeartbeat(d time.Duration) { m.streams.heartbeat = d }

// Streams returns how many event streams are open.
func (m *Middleware) Streams() int { return int(m.streams.open.Load()) }

// SetPatience changes how long a body may take that still arrives.
func (m *Middleware) SetPatience(d time.Duration) { m.patience = d }
