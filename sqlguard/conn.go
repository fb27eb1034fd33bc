package sqlguard

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is what a guard knows of one connection to a database: the statement and
// the transaction that are open on it. A driver that guards connections has one
// for each, and marks on it what it lets through, so that [Guard.Drain] can wait
// for its end. The zero Conn is ready for [Guard.Attach].
//
// The methods are for whoever uses the connection, one goroutine at a time, as
// database/sql does. The order matters: first [Conn.Enter] or [Conn.Begin], then read the
// mode. Whoever flips does it the other way round: it sets the mode, then reads
// the marks. So one of the two sees the other.
//
// A mark costs one atomic swap to set and one to clear. They go to the
// connection's own memory, so connections do not slow each other down.
type Conn struct {
	guard   *Guard
	dialect Dialect

	// word is the mark that others read: how many units there have been, and the
	// bits below. A unit is a transaction, or a statement outside of one.
	word atomic.Uint64

	// The rest is the owner's, whoever uses the connection.

	own     uint64 // word, but for the bit asked
	fences  bool   // takes the database's fence always
	open    int    // statements whose end is awaited, more than one where rows are open
	tx      birth
	decided *State       // what was in force when Decide was asked last
	strays  bool         // something may be on its way that had not taken the fence
	session string       // of the database
	ender   SessionEnder // of that session; nil if it is not known

	// last is what ran last in a transaction that began in observe mode, which a
	// report reads.
	last atomic.Pointer[lastWork]

	// slots hold what was entered last and before that; the bit slot tells which.
	// Drain reads the one that a mark names, while it holds inspecting and asked is set:
	// the owner, who moves on with a swap, then waits before it writes there again.
	slots      [2]slot
	inspecting sync.Mutex
}

const (
	bitStatement = 1 << iota // a statement is running, or its rows are open
	bitTx                    // a transaction is open that may write
	bitSlot                  // which slot is the last statement's
	bitAsked                 // Drain waits to hear of a change
	bitFenced                // the transaction has taken the database's fence

	oneUnit = 1 << iota
	busy    = bitStatement | bitTx
)

// slot is what is known of a statement.
type slot struct {
	ctx   context.Context
	text  string
	since instant // zero if it was not timed, because the mode was off
}

// birth is what is known of the beginning of a transaction.
type birth struct {
	state *State // what was in force; nil if none is open
	since instant
	ctx   context.Context
}

// instant is a time in nanoseconds since the process began, or 0 for none: a third of a
// time.Time, which every statement would clear.
type instant int64

var started = time.Now().Add(-1)

func instantly() instant { return instant(time.Since(started)) }

// time returns the zero Time for none.
func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return started.Add(time.Duration(i))
}

// Attach begins to look after a connection whose statements d judges. Call it
// before the connection is used, and [Conn.Detach] when it is closed.
func (g *Guard) Attach(c *Conn, d Dialect) {
	c.guard, c.dialect = g, d
	g.conns.add(c)
}

// Detach ends all that is marked, because the connection is closed. If a
// statement was open, its outcome is unknown.
func (c *Conn) Detach() {
	if c.open > 0 {
		c.noteLost()
	}
	if c.tx.wasObserved() {
		c.noteLength()
	}
	c.Dead()
	c.publish(c.own &^ (busy | bitFenced))
	c.open, c.tx, c.decided, c.slots = 0, birth{}, nil, [2]slot{}
	c.guard.conns.remove(c)
}

// Enter marks that a statement runs, until [Conn.Leave]. The mode must be read
// after it, not before. Rows are open until they are closed, so a second
// statement may be entered before the first is left.
func (c *Conn) Enter(ctx context.Context, text string) {
	word := c.own ^ bitSlot
	if word&busy == 0 {
		word += oneUnit
	}
	s := &c.slots[word>>2&1]
	s.ctx, s.text, s.since = ctx, text, 0
	c.open++
	c.own = word | bitStatement
	if c.word.Swap(c.own)&bitAsked != 0 {
		c.answer()
	}
}

// Leave marks the end of a statement: it has been answered by the server, or was
// never sent to it.
func (c *Conn) Leave() {
	if c.open--; c.open > 0 {
		return
	}
	c.publish(c.own &^ bitStatement)
	if c.own&bitTx == 0 {
		last := c.own >> 2 & 1
		c.slots[last] = slot{} // the caller's context may be large
		if other := &c.slots[last^1]; other.ctx != nil {
			*other = slot{}
		}
	}
}

// Lost is Leave for a statement of which nobody knows whether the server has
// executed it, or still will: its context was cancelled while it ran, or its
// connection was lost. [Guard.Drain] waits for it until it is older than
// [Config.Tail]. If the connection will not be used again, [Conn.Dead] follows, or [Conn.Detach] at the latest.
func (c *Conn) Lost() {
	c.noteLost()
	c.Leave()
}

// Stamp notes the time, for the age of the statement that was entered last.
func (c *Conn) Stamp() {
	last := c.slots[c.own>>2&1]
	last.since = instantly()
	c.own ^= bitSlot
	c.slots[c.own>>2&1] = last
	c.publish(c.own)
}

// Begin marks that a transaction is open, until [Conn.End]. The mode must be
// read after it, not before. Where one is marked already, that one stays.
func (c *Conn) Begin(ctx context.Context) {
	if c.InTx() {
		return
	}
	for {
		state := c.guard.state.Load()
		c.begin(ctx, state)
		// Was it marked too late for whoever has flipped meanwhile? Then it did not begin
		// before the flip, and must not be taken for one that did.
		if c.guard.state.Load() == state {
			return
		}
		c.End()
	}
}

// Began is Begin for a transaction that the statement has begun which was entered
// last, and let pass by [Conn.Decide]. Call it before Leave.
func (c *Conn) Began(ctx context.Context) { c.begin(ctx, c.decided) }

func (c *Conn) begin(ctx context.Context, state *State) {
	if c.InTx() {
		return
	}
	word := c.own
	if word&busy == 0 {
		word += oneUnit
	}
	c.tx = birth{state: state, ctx: ctx}
	if state.Mode != Off {
		c.tx.since = instantly()
		c.last.Store(nil)
	}
	c.publish(word | bitTx)
}

// End marks the end of the transaction: it was committed or rolled back, or never
// began.
func (c *Conn) End() {
	if c.tx.wasObserved() {
		c.noteLength()
	}
	c.publish(c.own &^ (bitTx | bitFenced))
	c.tx = birth{}
	if c.own&bitStatement == 0 {
		c.slots = [2]slot{}
	}
}

// Committing is Enter for the commit of the open transaction. It returns the
// context with which that began.
func (c *Conn) Committing() context.Context {
	ctx := c.tx.ctx
	if ctx == nil {
		ctx = context.Background() // none is open, as the driver will say
	}
	c.Enter(ctx, "COMMIT")
	return ctx
}

// Committed is Leave and End in one, after Committing.
func (c *Conn) Committed() {
	c.open--
	if c.open > 0 {
		c.End() // rows of the transaction are open still
		return
	}
	if c.tx.wasObserved() {
		c.noteLength()
	}
	c.publish(c.own &^ (busy | bitFenced))
	c.tx, c.slots = birth{}, [2]slot{}
}

// Off reports whether the mode is off, and whether Cut has left the open
// transaction alone. It costs one atomic load. While a hold has a lease it is false, for each
// statement has to look at that: Mode and Decide do; and so it is where the database's fence is to be taken.
func (c *Conn) Off() bool {
	state := c.guard.state.Load()
	return state.free && !c.fences && (c.tx.state == nil || c.tx.state.cuts == state.cuts)
}

// Mode is [Guard.Mode] for who is about to let something pass: a lease that has lapsed is noticed.
func (c *Conn) Mode() Mode { return c.guard.current().Mode }

// AlwaysFences says that what may write on this connection takes the database's fence whether a holder asks
// for that or not. Call it before the connection is used.
func (c *Conn) AlwaysFences() { c.fences = true }

// Fences reports whether a transaction that begins now, and may write, has to take the
// database's fence: that is asked for, and the mode is not [ReadOnly], in which only what a rule or
// a bypass lets through may write, and nobody waits for that.
func (c *Conn) Fences() bool {
	state := c.guard.current()
	return (state.Fence || c.fences) && state.Mode != ReadOnly
}

// Fence marks whether the open transaction has taken the database's fence.
func (c *Conn) Fence(taken bool) {
	word := c.own &^ bitFenced
	if taken {
		word |= bitFenced
	}
	c.publish(word)
}

// Fenced reports whether it has.
func (c *Conn) Fenced() bool { return c.own&bitFenced != 0 }

// Decided returns the mode in which [Conn.Decide] has decided last.
func (c *Conn) Decided() Mode {
	if c.decided == nil {
		return Off
	}
	return c.decided.Mode
}

// entered returns the text of the statement that was entered last, "" if it is over.
func (c *Conn) entered() string {
	if c.open == 0 {
		return ""
	}
	return c.slots[c.own>>2&1].text
}

// InTx reports whether a transaction is marked.
func (c *Conn) InTx() bool { return c.own&bitTx != 0 }

// Cut reports whether [Guard.Cut] came after the open transaction began: then it
// must be rolled back, whatever the mode is by now. To be certain, enter the
// commit as a statement first.
func (c *Conn) Cut() bool {
	return c.tx.state != nil && c.tx.state.cuts != c.guard.current().cuts
}

// publish sets the mark.
func (c *Conn) publish(word uint64) {
	c.own = word
	if c.word.Swap(word)&bitAsked != 0 {
		c.answer()
	}
}

// answer waits until nobody reads what the owner is about to change, and tells
// Drain that there is a change.
func (c *Conn) answer() {
	c.inspecting.Lock()
	c.inspecting.Unlock() //lint:ignore SA2001 nothing is guarded: it is a meeting
	c.guard.conns.wake()
}

// noteLost notes that the outcome of the last statement is unknown.
func (c *Conn) noteLost() {
	seen := c.lost()
	c.guard.unknown.add(seen)
	c.strays = c.strays || !seen.fenced
}

// lost returns the last statement as one whose outcome is unknown.
func (c *Conn) lost() sighting {
	s := c.slots[c.own>>2&1]
	return sighting{slot: s, dialect: c.dialect, transaction: c.own&bitTx != 0, fenced: c.own&bitFenced != 0}
}
