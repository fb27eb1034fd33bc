package sqlguard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// DefaultTail is how long a statement whose outcome is unknown is waited for,
// where [Config.Tail] does not say.
const DefaultTail = 5 * time.Second

// ErrNotClosed is what [Guard.Drain] and [Guard.Cut] return where the mode is not
// [ReadOnly], or did not stay so: new writes would begin all the time.
var ErrNotClosed = errors.New("writing is not closed")

// DrainReport is what [Guard.Drain] has waited for.
type DrainReport struct {
	// Epoch is the state in which it waited.
	Epoch uint64 `json:"epoch"`
	// Waited is how many statements and transactions were open when it began.
	Waited int `json:"waited"`
	// Took is how long it waited.
	Took time.Duration `json:"took_ns"`
	// Open is what is open still, the oldest first; empty if all is over.
	Open []OpenWork `json:"open,omitempty"`
	// Unknown are the statements, the latest 64 at most, whose outcome is not
	// known: their context was cancelled while they ran, or their connection was lost. Of those
	// younger than the tail, which is when Drain has given up, the server may
	// still commit some.
	Unknown []OpenWork `json:"unknown,omitempty"`
}

// OpenWork is a statement or a transaction that Drain waits for.
type OpenWork struct {
	// Transaction reports that it is a transaction, of which the rest of the
	// fields tell the last statement.
	Transaction bool `json:"transaction"`
	// Running reports that the statement runs, or its rows are open. A transaction
	// of which it is false waits for its program.
	Running bool `json:"running"`
	// Age is how long ago it began; for an unknown outcome, how long ago that
	// became known. What began while the mode was off was not timed: then it is how long
	// ago writing was closed, and AtLeast is true.
	Age     time.Duration `json:"age_ns"`
	AtLeast bool          `json:"at_least,omitempty"`
	// Dialect, Class, Op and Tables are the dialect's verdict on the statement.
	Dialect string  `json:"dialect"`
	Class   Class   `json:"class"`
	Op      Op      `json:"op"`
	Tables  []Table `json:"tables,omitempty"`
	// Label is the caller's, by [WithLabel]; empty if it gave none.
	Label string `json:"label,omitempty"`
}

// Drain waits until nothing that was let through before writing was closed can
// still be committed: every statement, whatever it does, is over and its rows are
// closed; every transaction that may write has ended; and every statement whose
// outcome is unknown is older than [Config.Tail]. It does so for all
// connections of all pools that the guard guards. What is let through
// afterwards by a rule or a bypass is not waited for.
//
// If ctx ends first, the error wraps ctx's own, and the report says what is still
// open. If the mode is not [ReadOnly], or does not stay so, the error is an
// [ErrNotClosed]. Several goroutines may drain at once; nobody else is slowed
// down.
//
// What it cannot see is what is not marked: writers without a guard, what is
// done through Unwrap, and a server that takes longer than the tail to notice
// that its client is gone.
func (g *Guard) Drain(ctx context.Context) (DrainReport, error) {
	d := drain{guard: g, began: time.Now(), closed: g.state.Load()}
	d.report.Epoch = d.closed.Epoch
	if d.closed.Mode != ReadOnly {
		return d.report, fmt.Errorf("sqlguard: drain: %w: the mode is %s", ErrNotClosed, d.closed.Mode)
	}
	d.holds = func(now *State) bool { return now.Mode == ReadOnly && now.closed == d.closed.closed }
	d.over = d.harmless
	d.latest = func() time.Time { _, latest := g.unknown.since(time.Now()); return latest }
	return d.wait(ctx)
}

// DrainUnfenced is Drain for what has not taken the database's fence ([Change.Fence]): when it returns
// nil, all that is open and may write has taken it, and so has all that begins later, as
// long as a holder asks for it. A connection that was lost with a statement that had not taken it has a session in the database,
// to which that statement may still be on its way: DrainUnfenced has the driver end the session, over another connection, and
// returns an error while that fails. It knows the last 4,096 of them, of the last 16 minutes; where the driver does not know the session,
// what was lost is waited for until it is older than the tail. If no holder asks for the fence, or the mode is changed so that none does
// any more, the error is an [ErrNotClosed].
func (g *Guard) DrainUnfenced(ctx context.Context) (DrainReport, error) {
	d := drain{guard: g, began: time.Now(), closed: g.state.Load()}
	d.report.Epoch = d.closed.Epoch
	if !d.closed.Fence {
		return d.report, fmt.Errorf("sqlguard: drain: %w: nobody asks for the fence", ErrNotClosed)
	}
	if d.closed.closedAt.IsZero() {
		closed := *d.closed
		closed.closedAt = d.began
		d.closed = &closed
	}
	d.holds = func(now *State) bool { return now.Fence }
	d.latest, d.settle = g.unknown.unfenced, g.lost.end
	d.over = func(u unit) bool {
		word, open := u.ask()
		return !open || word&bitFenced != 0
	}
	return d.wait(ctx)
}

func (d *drain) wait(ctx context.Context) (DrainReport, error) {
	g := d.guard
	changed, stop := g.conns.wait()
	defer stop()
	flipped, unsubscribe := g.Subscribe()
	defer unsubscribe()

	d.open = slices.DeleteFunc(g.conns.open(), d.over) // after the state was read: see Conn
	d.report.Waited = len(d.open)
	if unknown, _ := g.unknown.since(d.began.Add(-g.tail)); len(unknown) > 0 {
		d.report.Waited += len(unknown)
	}
	for {
		if now := g.state.Load(); !d.holds(now) {
			return d.finish(fmt.Errorf("sqlguard: drain: %w: the mode was changed meanwhile", ErrNotClosed))
		}
		d.open = slices.DeleteFunc(d.open, d.over)
		held := d.held(time.Now())
		if len(d.open) == 0 && held <= 0 {
			return d.settled(ctx)
		}
		var tail <-chan time.Time
		if held > 0 {
			tail = time.After(held)
		}
		select {
		case <-changed:
		case <-flipped:
		case <-tail:
		case <-ctx.Done():
			return d.finish(ctx.Err())
		}
	}
}

// settled is finish where nothing is open any more. It ends what is on its way to sessions that were lost, where that is asked for, and tells nobody
// if it cannot: it will be asked again.
func (d *drain) settled(ctx context.Context) (DrainReport, error) {
	if d.settle == nil {
		return d.finish(nil)
	}
	if err := d.settle(ctx); err != nil {
		d.complete()
		return d.report, fmt.Errorf("sqlguard: drain: %w", err)
	}
	if now := d.guard.state.Load(); !d.holds(now) {
		return d.finish(fmt.Errorf("sqlguard: drain: %w: the mode was changed meanwhile", ErrNotClosed))
	}
	return d.finish(nil)
}

// drain is one call of Drain.
type drain struct {
	guard  *Guard
	began  time.Time
	closed *State
	open   []unit
	report DrainReport

	holds func(*State) bool // whether a state is one in which it goes on
	over  func(unit) bool   // whether a unit needs not be waited for any more
	// latest returns when the last statement was lost that has to become older than the tail.
	latest func() time.Time
	settle func(context.Context) error // what is to be done when nothing is open any more; may be nil
}

// harmless reports whether a unit needs not be waited for any more. A transaction in
// which nothing runs need not, if it can only be rolled back, because it was cut, or if it
// began after writing was closed.
func (d *drain) harmless(u unit) bool {
	word, open := u.ask()
	if !open || word&bitStatement != 0 {
		return !open
	}
	seen, open := u.look()
	if !open {
		return true
	}
	now, born := d.guard.state.Load(), seen.tx.state
	harmless := born != nil && (born.cuts != now.cuts || born.Mode == ReadOnly && born.closed == now.closed)
	return harmless && !u.running() // in this order: see Conn
}

// running reports whether a statement runs in a unit.
func (u unit) running() bool {
	word, open := u.ask()
	return open && word&bitStatement != 0
}

// held returns how long it is until every unknown outcome is older than the tail.
func (d *drain) held(now time.Time) time.Duration {
	latest := d.latest()
	if latest.IsZero() {
		return 0
	}
	return latest.Add(d.guard.tail).Sub(now)
}

// finish completes the report, and tells it.
func (d *drain) finish(err error) (DrainReport, error) {
	d.complete()
	if err != nil && !errors.Is(err, ErrNotClosed) {
		err = fmt.Errorf("sqlguard: drain: %s: %w", d.report, err)
	}
	state := d.guard.state.Load()
	d.guard.tell(context.Background(), Event{
		Kind: Drained, Mode: state.Mode, Epoch: state.Epoch, Drain: &d.report,
	})
	return d.report, err
}

// complete says what is open still.
func (d *drain) complete() {
	now := time.Now()
	d.report.Took = now.Sub(d.began)
	for _, u := range d.open {
		seen, open := u.look()
		if !open {
			continue
		}
		w := seen.describe()
		w.Running = u.running()
		since := seen.since.time()
		if w.Transaction {
			since = seen.tx.since.time() // its last statement may be younger
		}
		if w.AtLeast = since.IsZero(); w.AtLeast {
			since = d.closed.closedAt
		}
		w.Age = now.Sub(since)
		d.report.Open = append(d.report.Open, w)
	}
	unknown, _ := d.guard.unknown.since(d.closed.closedAt.Add(-d.guard.tail))
	for _, seen := range unknown {
		w := seen.describe()
		w.Age = now.Sub(seen.lostAt)
		d.report.Unknown = append(d.report.Unknown, w)
	}
	for _, list := range [][]OpenWork{d.report.Open, d.report.Unknown} {
		slices.SortFunc(list, func(a, b OpenWork) int { return cmp.Compare(b.Age, a.Age) })
	}
}

// Pending returns what [Guard.Drain] would wait for now, without waiting and telling
// anybody. Nothing is older than now that began while the mode was off, if it still is.
func (g *Guard) Pending() DrainReport {
	closed := *g.state.Load()
	d := drain{guard: g, began: time.Now(), closed: &closed}
	if closed.Mode != ReadOnly {
		closed.closedAt = d.began
	}
	d.report.Epoch = closed.Epoch
	d.open = slices.DeleteFunc(g.conns.open(), d.harmless)
	d.report.Waited = len(d.open)
	d.complete()
	return d.report
}

// Tail returns how long Drain waits for a statement whose outcome is unknown:
// [Config.Tail], or what stands for it; 0 if it does not.
func (g *Guard) Tail() time.Duration { return max(g.tail, 0) }

// describe judges what was seen.
func (s sighting) describe() OpenWork {
	w := OpenWork{Transaction: s.transaction, Dialect: s.dialect.Name(), Op: OpUnknown, Class: Write}
	ctx := s.ctx
	switch {
	case s.text != "":
		v := s.dialect.Classify(s.text)
		w.Class, w.Op, w.Tables = v.Class.rank(), v.Op, v.Tables
	case s.tx.state != nil: // nothing has run in it
		w.Class, w.Op = Session, "BEGIN"
		ctx = s.tx.ctx
	}
	if ctx != nil {
		w.Label = LabelFrom(ctx)
	}
	return w
}

// String says in a sentence how the draining went.
func (r DrainReport) String() string {
	took := r.Took.Round(time.Millisecond)
	s := fmt.Sprintf("%d statements and transactions were waited for, and all are over after %s", r.Waited, took)
	if len(r.Unknown) > 0 { // which may not be over
		s = fmt.Sprintf("%d statements and transactions were waited for, and none is open after %s", r.Waited, took)
	}
	if n := len(r.Open); n > 0 {
		s = fmt.Sprintf("of %d statements and transactions %d are still open after %s", r.Waited, n, took)
		if o := r.Open[0]; o.Op != "" {
			s += fmt.Sprintf(", the oldest for %s (%s)", o.Age.Round(time.Millisecond), o)
		}
	}
	if n := len(r.Unknown); n > 0 {
		s += fmt.Sprintf("; the outcome of %d is unknown", n)
	}
	return s
}

// String says what it is: "transaction, last UPDATE (orders)".
func (w OpenWork) String() string {
	s := "statement, "
	if w.Transaction {
		s = "transaction, last "
	}
	s += string(w.Op)
	if len(w.Tables) > 0 {
		s += " (" + tableList(w.Tables) + ")"
	}
	if w.Label != "" {
		s += ", " + w.Label
	}
	return s
}

// Cut ends the waiting for transactions: those that are open may only roll back
// from now on, also after the mode is off again, and their COMMIT returns a
// *BlockedError. (What a text began while the mode was off was not seen, and can only
// roll back for as long as the mode is read-only.) Statements that run cannot be taken back, so [Guard.Drain]
// waits for their end. Where the mode is not [ReadOnly], Cut does nothing, and returns an
// [ErrNotClosed].
func (g *Guard) Cut() error {
	g.flip.Lock()
	defer g.flip.Unlock()
	if mode := g.Mode(); mode != ReadOnly {
		return fmt.Errorf("sqlguard: cut: %w: the mode is %s", ErrNotClosed, mode)
	}
	g.flip.cuts++
	g.publish()
	return nil
}
