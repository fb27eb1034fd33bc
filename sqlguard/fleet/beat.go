package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// leaveTimeout bounds how long a member whose context has ended waits for what is open.
const leaveTimeout = 30 * time.Second

// goodbyeTimeout bounds how long the store may take to remove the record of a member that leaves.
const goodbyeTimeout = 10 * time.Second

// run beats until ctx ends, and then until it has left.
func (m *Member) run(ctx context.Context) {
	defer close(m.stopped)
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	ending := ctx.Done()
	var tooLate <-chan time.Time
	next := time.NewTimer(0)
	for {
		select {
		case <-next.C:
			next.Reset(m.beat(alive))
		case <-m.store.Changed():
			next.Reset(m.beat(alive))
		case op := <-m.enclosed:
			if op == m.mode.Op && op == m.encloses {
				m.fenced, m.record.Bound = op, op
				next.Reset(m.beat(alive))
			}
		case d := <-m.drained:
			if d.last {
				m.left = m.goodbye(alive)
				return
			}
			if d.epoch == m.mode.Epoch {
				m.record.Drained = d.epoch
				next.Reset(m.beat(alive))
			}
		case <-ending:
			ending, tooLate = nil, time.After(leaveTimeout)
			m.leaving = true
			if m.left = m.apply(alive, time.Time{}); m.left != nil {
				return
			}
		case <-tooLate:
			m.left = m.unfinished()
			return
		}
	}
}

// unfinished says why a member could not leave in time.
func (m *Member) unfinished() error {
	if why := m.unended.Load(); why != nil {
		return fmt.Errorf("not all that was lost on its way to the database has ended: %w", *why)
	}
	return errors.New("not all that was admitted has ended: " + m.guard.Pending().String())
}

// goodbye takes the record out of the store, once nothing is open any more.
func (m *Member) goodbye(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	m.saveReport(ctx, true)
	return m.store.Leave(ctx, m.record.ID, m.record.Lease)
}

// beat calls the store once, follows what it says, and returns when the next beat is due.
func (m *Member) beat(ctx context.Context) time.Duration {
	if m.lease != nil && !m.lease.Valid() {
		m.lease, m.registered, m.open = nil, false, false
	}
	m.look()
	said := m.record.Report
	call, cancel := context.WithTimeout(ctx, m.cfg.Heartbeat)
	defer cancel()
	sent := time.Now()
	mode, err := m.call(call)
	if !m.omit.keeps(trustFromSending) {
		sent = time.Now()
	}
	if err == nil {
		if err = mode.Check(); err == nil {
			err = m.follow(ctx, mode, sent)
		}
	}
	if err == nil && m.registered {
		m.readyOnce.Do(func() { close(m.ready) })
	}
	m.note(err)
	switch {
	case errors.Is(err, ErrExpired):
		m.registered = false
		if m.lease != nil {
			m.lease.End() // somebody may count on it already
			m.open = false
		}
		return 0
	case err != nil:
		return jitter(m.cfg.Heartbeat / 4)
	case !m.registered || said.Epoch != m.record.Epoch || said.Bound != m.record.Bound:
		return 0 // the store is to know
	}
	m.saveReport(call, false)
	return jitter(m.interval())
}

// call registers, or renews what is registered. A process that has heard nothing yet asks first,
// so that it is bound to an operation that goes on when it registers.
func (m *Member) call(ctx context.Context) (Mode, error) {
	switch {
	case m.mode.Epoch == 0:
		return m.store.Mode(ctx)
	case m.registered:
		return m.store.Heartbeat(ctx, m.record.ID, m.record.Lease, m.record.Report)
	}
	m.record.Lease = rand.Text()
	mode, err := m.store.Register(ctx, m.record)
	if err == nil {
		m.registered = true
	}
	return mode, err
}

// interval returns the time between heartbeats. It is shorter while an operator waits.
func (m *Member) interval() time.Duration {
	if m.mode.State == Armed || m.mode.State == Closed && m.record.Drained != m.mode.Epoch {
		return min(m.cfg.Heartbeat, time.Second)
	}
	return m.cfg.Heartbeat
}

// jitter returns a time at most a tenth less, so that processes which were started together
// do not call together for ever.
func jitter(d time.Duration) time.Duration {
	return d - mathrand.N(d/10+1)
}

// look notes what an operator who waits wants to know.
func (m *Member) look() {
	r := &m.record.Report
	r.Open, r.Oldest, r.Work = 0, 0, ""
	if m.mode.State == Closed && r.Drained != m.mode.Epoch {
		p := m.guard.Pending()
		for _, w := range p.Unknown {
			if w.Age < m.record.Tail {
				p.Open = append(p.Open, w)
			}
		}
		r.Open = len(p.Open)
		if r.Open > 0 {
			r.Oldest, r.Work = p.Open[0].Age, clip(p.Open[0].String())
		}
	}
}

// alarm returns what a person should look at; "" if there is nothing.
func (m *Member) alarm() string {
	until := m.mode.Change.Until
	if m.backwards == "" && m.mode.State != Open && !until.IsZero() && time.Now().After(until) {
		return "the end was expected at " + until.UTC().Format(time.RFC3339) + ", and the fleet is " + string(m.mode.State) + " still"
	}
	if why := m.unbound.Load(); m.backwards == "" && why != nil && why.op == m.mode.Op && why.op != m.fenced {
		return clip("it is not bound yet: " + why.err.Error())
	}
	return m.backwards
}

// clip bounds what is shown of a text.
func clip(s string) string {
	if len(s) <= maxName {
		return s
	}
	return string([]rune(s[:maxName-4])) + "…"
}

// note keeps how the last call went, and logs when that changes.
func (m *Member) note(err error) {
	failing := err != nil && !errors.Is(err, ErrExpired)
	if failing && !m.failing {
		m.log(slog.LevelError, "quiesce: the fleet's store cannot be reached", slog.String("error", err.Error()))
	}
	if !failing && m.failing && err == nil {
		m.log(slog.LevelInfo, "quiesce: the fleet's store answers again")
	}
	m.record.Alarm = m.alarm()
	m.status.Lock()
	defer m.status.Unlock()
	if m.record.Alarm != "" && m.record.Alarm != m.status.Alarm {
		m.log(slog.LevelError, "quiesce: alarm", slog.String("alarm", m.record.Alarm))
	}
	if err == nil {
		m.status.Seen = time.Now()
	}
	m.failing = failing
	m.status.Err, m.status.Mode, m.status.Alarm = err, m.mode, m.record.Alarm
}

func (m *Member) log(level slog.Level, text string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("instance", m.record.ID), slog.String("state", string(m.mode.State)),
		slog.Uint64("epoch", m.mode.Epoch))
	m.cfg.Logger.LogAttrs(context.Background(), level, text, attrs...)
}

// reportEvery is how often a process saves what it has observed.
const reportEvery = time.Minute

// saveReport saves what was observed, when it is time, or once more when observing has ended. A failure
// loses nothing: the next report holds it all.
func (m *Member) saveReport(ctx context.Context, last bool) {
	observing := m.guard.Mode() == sqlguard.Observe
	m.unsaved = m.unsaved || observing
	if !observing && !m.unsaved || observing && !last && time.Since(m.saved) < reportEvery {
		return
	}
	if m.store.SaveReport(ctx, m.record.ID, m.record.Service, m.guard.Report()) == nil {
		m.saved, m.unsaved = time.Now(), observing
	}
}
