package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// follow has the guard do what a record asks for that was read by a call which was sent at a
// time. Epochs never go back: of a record that is older than one which was seen already, and
// of the one that is followed, the stricter counts.
func (m *Member) follow(ctx context.Context, mode Mode, sent time.Time) error {
	if m.omit.keeps(epochsNeverGoBack) && m.isBehind(mode) {
		m.backwards = fmt.Sprintf("the store has gone back to epoch %d (%s) after epoch %d (%s): the stricter is kept",
			mode.Epoch, mode.State, m.floor, m.mode.State)
		if mode.State.strictness() <= m.mode.State.strictness() {
			mode = m.mode
		}
	} else {
		m.floor, m.backwards = mode.Epoch, ""
	}
	m.mode = mode
	return m.apply(ctx, sent)
}

// isBehind reports whether a record is older than one that was seen, or another one of the same epoch.
func (m *Member) isBehind(mode Mode) bool {
	return mode.Epoch < m.floor || mode.Epoch == m.mode.Epoch && !mode.same(m.mode)
}

// same reports whether two records are the same one.
func (m Mode) same(other Mode) bool {
	return m.Epoch == other.Epoch && m.State == other.State && m.Op == other.Op && m.Cut == other.Cut && m.Fence == other.Fence
}

// apply has the guard hold what the record asks for. First the guard, then what the next
// heartbeat says of it.
func (m *Member) apply(ctx context.Context, sent time.Time) error {
	m.trust(sent)
	m.guard.ExpectFence(m.mode.Fence)
	// It has lapsed before the guard could hold it, if the answer came late. The next beat registers anew, as
	// bound to the operation, so nothing may go on by then.
	lapsed := m.lease != nil && !m.lease.Valid()
	if lapsed {
		m.lease, m.registered, m.open = nil, false, false
	}
	if err := m.hold(); err != nil {
		return err
	}
	if lapsed || m.mode.Cut && m.cutAt != m.mode.Epoch {
		if err := m.guard.Cut(); err != nil {
			return err
		}
		m.cutAt = m.mode.Epoch
	}
	if m.mode.State != Closed && m.omit.keeps(oneEpoch) {
		m.record.Drained = 0 // should the store forget that, it does not count for what was begun since
	}
	m.record.Epoch, m.record.Bound = max(m.floor, m.mode.Epoch), m.mode.Op
	m.enclose(ctx)
	m.drain(ctx)
	return nil
}

// unbound says why a process is not bound to an operation yet, if something has failed.
type unbound struct {
	op  string
	err error
}

// enclose waits beside the beats until all that is open and may write has taken the database's fence, where the
// record asks for it. Only then is the process bound to the operation.
func (m *Member) enclose(ctx context.Context) {
	op := m.mode.Op
	if !m.mode.Fence || op == "" || !m.omit.keeps(boundIsFenced) {
		op = ""
	}
	if m.enclosing != nil && m.encloses != op {
		m.enclosing()
		m.enclosing, m.fenced = nil, ""
	}
	if op == "" || m.fenced == op {
		return
	}
	m.record.Bound = ""
	if m.enclosing != nil {
		return
	}
	ctx, m.enclosing = context.WithCancel(ctx)
	m.encloses = op
	go func() {
		if !m.drainUnfenced(ctx, func(err error) { m.unbound.Store(&unbound{op, err}) }) {
			return
		}
		select {
		case m.enclosed <- op:
		case <-ctx.Done():
		}
	}()
}

// trust takes a lease, or renews the one there is, where the state asks for one. It is trusted
// from the time on when the call was sent: the store counts from a later one.
func (m *Member) trust(sent time.Time) {
	length := m.cfg.TTL - m.cfg.Margin
	if !m.omit.keeps(trustWithMargin) {
		length = m.cfg.TTL
	}
	switch {
	case m.mode.State == Open || !m.registered || !m.omit.keeps(lapseCloses):
		m.lease = nil
	case m.lease == nil:
		m.lease = sqlguard.NewLease(sent, length)
	default:
		m.lease.Renew(sent, length)
	}
}

// hold asks the guard for what the state is. A process that is not registered keeps
// writing closed, and so does one that leaves. Armed lets a process write on that does, and opens
// nothing: closing may have been lost by the store.
func (m *Member) hold() error {
	change := m.mode.Change
	if m.mode.State == Armed {
		change = sqlguard.Change{Reason: change.Reason, By: change.By}
	}
	opens := m.mode.State == Open || m.mode.State == Armed && (m.open || !m.omit.keeps(armedOpensNothing))
	switch {
	case m.leaving:
		opens, change = false, sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "the process has left the fleet, or is about to"}
	case !m.registered && m.omit.keeps(startClosed):
		opens = false
		if m.mode.State != Closed {
			change = closedUntilHeard
		}
	case m.mode.State == Armed && !opens:
		change = sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "the fleet is about to be closed, and this process came too late"}
	}
	m.open = opens
	// Where nothing is open, too: a process that has come too late is bound at once, since all that it has is fenced. One that
	// leaves is never armed, and ends what it has lost now.
	change.Fence = m.mode.Fence && (m.mode.State != Open || m.leaving)
	change.Lease = m.lease
	if change.Mode == sqlguard.Off && change.Lease == nil && !change.Fence && change.Announced.IsZero() {
		m.guard.Release(m.cfg.Hold)
		return nil
	}
	return m.guard.Hold(m.cfg.Hold, change)
}

// drained says that all has ended that was admitted before writing was closed.
type drained struct {
	epoch uint64
	last  bool // the member leaves, whatever the epoch is
}

// drain waits beside the beats until all has ended that was admitted before, where
// writing is closed.
func (m *Member) drain(ctx context.Context) {
	next := drained{m.mode.Epoch, m.leaving}
	if m.draining != nil && m.drains != next {
		m.draining()
		m.draining = nil
	}
	if m.draining != nil || !m.leaving && (m.mode.State != Closed || m.record.Drained == next.epoch) {
		return
	}
	ctx, m.draining = context.WithCancel(ctx)
	m.drains = next
	lost := m.leaving && m.mode.Fence
	go func() {
		if m.omit.keeps(ackWhenDrained) && !m.drainGuard(ctx) {
			return
		}
		if lost && !m.drainUnfenced(ctx, func(err error) { m.unended.Store(&err) }) {
			return
		}
		select {
		case m.drained <- next:
		case <-ctx.Done():
		}
	}()
}

// drainGuard reports whether the guard has drained before ctx ended.
func (m *Member) drainGuard(ctx context.Context) bool {
	for {
		if _, err := m.guard.Drain(ctx); err == nil {
			return true
		}
		select {
		case <-time.After(time.Second): // something else flips this guard
		case <-ctx.Done():
			return false
		}
	}
}

// drainUnfenced reports whether all that may write has taken the fence, and what was lost before has ended, before ctx ended. It tells why it fails,
// and tries again.
func (m *Member) drainUnfenced(ctx context.Context, tell func(error)) bool {
	for {
		_, err := m.guard.DrainUnfenced(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() == nil && !errors.Is(err, sqlguard.ErrNotClosed) {
			tell(err)
		}
		select {
		case <-time.After(time.Second): // something else flips this guard
		case <-ctx.Done():
			return false
		}
	}
}
