package sqlguard

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// maxLongest is how many transactions are kept.
const maxLongest = 20

// longest are the longest transactions, the longest first.
type longest struct {
	list []ObservedTransaction
	bar  atomic.Int64 // what a transaction must have taken to be kept
}

func (l *longest) forget() {
	l.list = nil
	l.bar.Store(0)
}

// add keeps a transaction, if it is one of the longest, and of the like the longest.
func (l *longest) add(t ObservedTransaction) {
	like := slices.IndexFunc(l.list, t.like)
	switch {
	case like >= 0 && l.list[like].Took >= t.Took:
		return
	case like >= 0:
		l.list = slices.Delete(l.list, like, like+1)
	}
	i, _ := slices.BinarySearchFunc(l.list, t, func(a, b ObservedTransaction) int { return cmp.Compare(b.Took, a.Took) })
	l.list = slices.Insert(l.list, i, t)
	if len(l.list) >= maxLongest {
		l.list = l.list[:maxLongest]
		l.bar.Store(int64(l.list[maxLongest-1].Took))
	}
}

// like reports whether two transactions are the same work.
func (t ObservedTransaction) like(o ObservedTransaction) bool {
	return t.Label == o.Label && t.Dialect == o.Dialect && t.Op == o.Op && slices.Equal(t.Tables, o.Tables)
}

func (l *longest) copy() []ObservedTransaction {
	list := slices.Clone(l.list)
	for i := range list {
		list[i].Tables = slices.Clone(list[i].Tables)
	}
	return list
}

// lastWork is what a report tells of the last statement of a transaction.
type lastWork struct {
	op     Op
	tables []Table
}

// wasObserved reports whether the transaction began in observe mode.
func (b *birth) wasObserved() bool { return b.state != nil && b.state.Mode == Observe }

// noteLength keeps the transaction that ends, if it took long. Call it before what is
// known of it is forgotten.
func (c *Conn) noteLength() {
	r := &c.guard.report
	now := time.Now()
	took := now.Sub(c.tx.since.time())
	last := c.last.Load()
	if last == nil || int64(took) < r.longest.bar.Load() {
		return
	}
	t := c.tx.describe(c.dialect.Name(), last, took)
	t.Caller = caller()
	r.Lock()
	defer r.Unlock()
	r.longest.add(t)
}

func (b *birth) describe(dialect string, last *lastWork, took time.Duration) ObservedTransaction {
	return ObservedTransaction{
		Took: took, Began: b.since.time(), Dialect: dialect, Op: last.op,
		Tables: someTables(last.tables), Label: clip(LabelFrom(b.ctx), maxLabel),
	}
}

// observed returns a unit as a transaction that is open at a time. It reports false
// if it is none, or began when nothing was observed, or nothing ran in it.
func (u unit) observed(now time.Time) (ObservedTransaction, bool) {
	seen, open := u.look()
	if !open || !seen.transaction || !seen.tx.wasObserved() {
		return ObservedTransaction{}, false
	}
	last := u.conn.last.Load()
	if _, open := u.ask(); !open || last == nil {
		return ObservedTransaction{}, false // or last is another transaction's
	}
	t := seen.tx.describe(seen.dialect.Name(), last, now.Sub(seen.tx.since.time()))
	t.Open = true
	return t, true
}
