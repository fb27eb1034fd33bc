package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Operator changes the mode of a fleet, and waits for what comes of it. Make one with
// [NewOperator]. Every change, and every attempt that was refused, goes into the audit log.
type Operator struct {
	store Coordinator
	cfg   OperatorConfig
	omit  without
}

// OperatorConfig says who operates. Only Actor is required.
type OperatorConfig struct {
	// Actor is who it is, for the audit log and for [sqlguard.Change.By]. Required.
	Actor string
	// Poll is the time between two looks at the fleet. If zero, 100 ms.
	Poll time.Duration
	// Call bounds how long one call of the store may take. If zero, 5 seconds. What only reads is
	// tried again until the context of the operation ends.
	Call time.Duration
	// Rollback bounds how long undoing a change may take that has failed half-way. If
	// zero, 15 seconds.
	Rollback time.Duration
	// Progress is called after each look; it must not block. If nil, nobody is told.
	Progress func(Progress)
}

// Progress is where an operation stands.
type Progress struct {
	Mode       Mode
	Assessment Assessment
	// Closed is for how long the fleet has been closed, on the store's clock; 0 if it is not.
	Closed time.Duration
	// Err is why the store could not be asked this time; the rest is as it was then.
	Err error
}

// NewOperator returns an operator, or an error that names the field of cfg.
func NewOperator(store Coordinator, cfg OperatorConfig) (*Operator, error) {
	cfg.Poll = cmp.Or(cfg.Poll, 100*time.Millisecond)
	cfg.Call = cmp.Or(cfg.Call, 5*time.Second)
	cfg.Rollback = cmp.Or(cfg.Rollback, 15*time.Second)
	if cfg.Progress == nil {
		cfg.Progress = func(Progress) {}
	}
	switch {
	case store == nil:
		return nil, errors.New("fleet: NewOperator needs a store")
	case cfg.Actor == "" || len(cfg.Actor) > maxName:
		return nil, fmt.Errorf("fleet: the field OperatorConfig.Actor must have 1 to %d bytes, not %d", maxName, len(cfg.Actor))
	case cfg.Poll < 0 || cfg.Call < 0 || cfg.Rollback < 0:
		return nil, errors.New("fleet: the fields OperatorConfig.Poll, Call and Rollback must not be negative")
	}
	return &Operator{store: store, cfg: cfg}, nil
}

// IncompleteError is for a fleet that cannot be closed as it is: a process is lost, speaks
// another protocol, or too few are there.
type IncompleteError struct{ Assessment Assessment }

// Error names the processes.
func (e *IncompleteError) Error() string {
	text := "the fleet is incomplete"
	if n := e.Assessment.Missing; n > 0 {
		text += fmt.Sprintf(": %d processes too few are registered", n)
	}
	for _, p := range e.Assessment.Stragglers() {
		text += "; " + p.String()
	}
	return text
}

// WaitError is for a fleet that was not where it should be in time. It wraps the error of
// the context.
type WaitError struct {
	Assessment Assessment
	Err        error
}

// Error names the processes that were waited for.
func (e *WaitError) Error() string {
	text := fmt.Sprintf("%d of %d processes are ready", e.Assessment.Ready, len(e.Assessment.Positions)+e.Assessment.Missing)
	for _, p := range e.Assessment.Stragglers() {
		text += "; " + p.String()
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the error of the context, or of the store.
func (e *WaitError) Unwrap() error { return e.Err }

// RollbackError is for a change that failed half-way, and could not be undone: the fleet
// is left as Left says, and needs a person.
type RollbackError struct {
	Left  Mode
	Cause error // why it was to be undone
	Err   error // why it could not
}

// Error says what is left.
func (e *RollbackError) Error() string {
	return fmt.Sprintf("%v; and it could not be undone, so the fleet is %s at epoch %d: %v", e.Cause, e.Left.State, e.Left.Epoch, e.Err)
}

// Unwrap returns both reasons.
func (e *RollbackError) Unwrap() []error { return []error{e.Cause, e.Err} }

// Close closes writing in the whole fleet, in two steps: it arms, waits until every process
// is bound, and then closes. When it returns, nobody who hears of it begins a write any more, and
// whoever does not stops within the lease; [Operator.Wait] waits for that. Change.Mode is set by Close.
//
// If anything fails before the fleet is closed, or ctx ends, it is opened again, with a time of its own.
// Errors: a *ConflictError if the fleet is not open at the epoch that is expected (0 for any), or
// was changed meanwhile by somebody else; an *IncompleteError; a *WaitError that wraps ctx's; a *RollbackError.
func (o *Operator) Close(ctx context.Context, expected uint64, change sqlguard.Change, t Terms) (Mode, error) {
	change.Mode, change.By = sqlguard.ReadOnly, cmp.Or(change.By, o.cfg.Actor)
	if err := change.Check(); err != nil {
		return Mode{}, fmt.Errorf("fleet: close: %w", err) // each process would refuse it, and write on
	}
	s, err := call(ctx, o, o.store.List)
	if err != nil {
		return Mode{}, err
	}
	op := rand.Text()
	if err := o.mayClose(s, expected, t); err != nil {
		return s.Mode, o.audit(ctx, "arm", s.Mode, s.Mode, change.Reason, err)
	}
	armed, err := o.swap(ctx, "arm", s.Mode, Mode{State: Armed, Op: op, Change: change})
	if err != nil {
		return o.undo(ctx, op, armed, err)
	}
	if o.omit.keeps(everybodyArmed) {
		if err := o.await(ctx, armed, func(s Snapshot) Assessment { return s.AssessArmed(op, t) }); err != nil {
			return o.undo(ctx, op, armed, err)
		}
	}
	closed, err := o.swap(ctx, "close", armed, Mode{State: Closed, Op: op, Change: change})
	if err != nil {
		return o.undo(ctx, op, closed, err)
	}
	return closed, nil
}

// mayClose reports why a fleet cannot be closed, before anything is changed.
func (o *Operator) mayClose(s Snapshot, expected uint64, t Terms) error {
	if s.Mode.State != Open || expected != 0 && s.Mode.Epoch != expected {
		return &ConflictError{Expected: expected, Current: s.Mode}
	}
	if a := s.AssessArmed("", t); o.omit.keeps(everybodyArmed) && (a.Hopeless || a.Missing > 0) {
		return &IncompleteError{a}
	}
	return nil
}

// Wait waits until nothing that was admitted before the fleet was closed at that epoch can
// still be committed by a process of the fleet: the level "cooperative". It does not undo anything. Errors: a
// *ConflictError once the mode is another one; an *IncompleteError if a process is lost; a
// *WaitError that wraps ctx's.
func (o *Operator) Wait(ctx context.Context, closed Mode, t Terms) (Snapshot, error) {
	var last Snapshot
	err := o.await(ctx, closed, func(s Snapshot) Assessment {
		last = s
		return s.assessClosed(closed.Op, t, o.omit)
	})
	return last, err
}

// await looks at the fleet until it is where it should be, and nothing has changed.
func (o *Operator) await(ctx context.Context, want Mode, assess func(Snapshot) Assessment) error {
	var p Progress
	for {
		var s Snapshot
		s, p.Err = call(ctx, o, o.store.List)
		switch {
		case p.Err != nil:
		case !s.Mode.same(want):
			return &ConflictError{want.Epoch, s.Mode}
		default:
			p = Progress{Mode: s.Mode, Assessment: assess(s)}
			if s.Mode.State == Closed {
				p.Closed = s.Now.Sub(s.Mode.Since)
			}
		}
		o.cfg.Progress(p)
		switch {
		case p.Err == nil && p.Assessment.Reached:
			return nil
		case p.Err == nil && p.Assessment.Hopeless:
			return &IncompleteError{p.Assessment}
		}
		select {
		case <-time.After(o.cfg.Poll):
		case <-ctx.Done():
			return &WaitError{p.Assessment, errors.Join(ctx.Err(), p.Err)}
		}
	}
}

// call calls the store within the time that one call may take.
func call[T any](ctx context.Context, o *Operator, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, o.cfg.Call)
	defer cancel()
	return f(ctx)
}

// Open lets the fleet write again, if its epoch is still the expected one (0 for any). It is no error if it
// is open. If the store has gone back, and processes are stricter than it says, they are opened too. A *ConflictError shows the record that is there.
func (o *Operator) Open(ctx context.Context, expected uint64, reason string) (Mode, error) {
	now, err := call(ctx, o, o.store.Mode)
	if err != nil {
		return Mode{}, err
	}
	if expected != 0 && now.Epoch != expected {
		err := &ConflictError{expected, now}
		return now, o.audit(ctx, "open", now, now, reason, err)
	}
	if now.State == Open && now.Change.Mode == sqlguard.Off && now.Change.Announced.IsZero() {
		s, err := call(ctx, o, o.store.List)
		ahead := func(i Instance) bool { return i.Epoch > s.Mode.Epoch } // and heeds only what is greater
		if err != nil || !s.Mode.same(now) || !slices.ContainsFunc(s.Instances, ahead) {
			return now, err
		}
	}
	return o.swap(ctx, "open", now, Mode{State: Open, Change: sqlguard.Change{Reason: reason, By: o.cfg.Actor}})
}

// Ask asks the processes of an open fleet to observe, or announces what is to come; whatever was
// asked or announced before is replaced. Change.Mode is Off or Observe.
func (o *Operator) Ask(ctx context.Context, expected uint64, change sqlguard.Change) (Mode, error) {
	change.By = cmp.Or(change.By, o.cfg.Actor)
	if err := change.Check(); err != nil {
		return Mode{}, fmt.Errorf("fleet: ask: %w", err) // a process that starts would refuse it, and stay closed
	}
	now, err := call(ctx, o, o.store.Mode)
	if err != nil {
		return Mode{}, err
	}
	if now.State != Open || expected != 0 && now.Epoch != expected {
		err := &ConflictError{expected, now}
		return now, o.audit(ctx, "ask", now, now, change.Reason, err)
	}
	return o.swap(ctx, "ask", now, Mode{State: Open, Change: change})
}

// Fence asks the processes of an open fleet to take the fence of their databases from the next operation on, or
// not to. It is no error if they are asked already. A *ConflictError shows a record that is not open, or not at the
// epoch that is expected (0 for any).
func (o *Operator) Fence(ctx context.Context, expected uint64, on bool, reason string) (Mode, error) {
	now, err := call(ctx, o, o.store.Mode)
	if err != nil {
		return Mode{}, err
	}
	action := map[bool]string{true: "fence", false: "unfence"}[on]
	if now.State != Open || expected != 0 && now.Epoch != expected {
		err := &ConflictError{expected, now}
		return now, o.audit(ctx, action, now, now, reason, err)
	}
	if now.Fence == on {
		return now, nil
	}
	next := now
	next.Fence = on
	return o.replace(ctx, action, now, next)
}

// Cut asks the processes of a closed fleet to cut off what is still open.
func (o *Operator) Cut(ctx context.Context, closed Mode) (Mode, error) {
	next := closed
	next.Cut = true
	return o.swap(ctx, "cut", closed, next)
}

// Note appends to the audit log what was done under a mode without changing it, such as waiting, and what
// became of it: failed is nil if it went well. The details are kept as JSON.
func (o *Operator) Note(ctx context.Context, action string, m Mode, failed error, details any) error {
	e := Entry{Op: m.Op, Action: action, Actor: o.cfg.Actor, Reason: m.Change.Reason, Before: m.Epoch, After: m.Epoch, Result: "ok"}
	if failed != nil {
		e.Result = failed.Error()
	}
	if details != nil {
		text, err := json.Marshal(details)
		if err != nil {
			return fmt.Errorf("fleet: the details of %s: %w", action, err)
		}
		e.Details = text
	}
	return o.log(ctx, e)
}

// swap changes the mode, and says so in the audit log. If it is not known whether the store
// has done it, the store is asked.
func (o *Operator) swap(ctx context.Context, action string, from, next Mode) (Mode, error) {
	next.Fence = from.Fence
	return o.replace(ctx, action, from, next)
}

func (o *Operator) replace(ctx context.Context, action string, from, next Mode) (Mode, error) {
	after, err := call(ctx, o, func(ctx context.Context) (Mode, error) { return o.store.Swap(ctx, from.Epoch, next) })
	if err != nil {
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			conflict = new(ConflictError)
			conflict.Current, _ = call(context.WithoutCancel(ctx), o, o.store.Mode)
		}
		if conflict.Current.Epoch > from.Epoch && conflict.Current.asks(next) {
			after, err = conflict.Current, nil // it was this very change, whose answer was lost
		}
	}
	if err != nil {
		return from, o.audit(ctx, action, from, from, next.Change.Reason, err)
	}
	return after, o.audit(ctx, action, from, after, next.Change.Reason, nil)
}

// overdue reports whether a call was given up, rather than refused.
func overdue(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// asks reports whether a record says what was to be written: of the same operation, or in the same
// words where there is none.
func (m Mode) asks(next Mode) bool {
	c, n := m.Change, next.Change
	return m.State == next.State && m.Op == next.Op && m.Cut == next.Cut && m.Fence == next.Fence &&
		(next.Op != "" || c.Mode == n.Mode && c.Reason == n.Reason && c.By == n.By)
}

// undo opens a fleet again that an operation has not closed, if its record is the last one.
func (o *Operator) undo(ctx context.Context, op string, left Mode, cause error) (Mode, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.cfg.Rollback)
	defer cancel()
	for from := left; ; {
		now, err := call(ctx, o, o.store.Mode)
		if err == nil {
			left = now
			if now.Op != op {
				if !now.same(from) || !overdue(cause) {
					return now, cause // never armed, or somebody else has gone on from there
				}
				// The store may get to the arming yet. It will not find that epoch any more.
				left, err = o.swap(ctx, "open", now, Mode{State: Open, Change: now.Change})
				if !errors.As(err, new(*ConflictError)) {
					return left, cause
				}
				continue
			}
			if now, err = o.swap(ctx, "open", now, Mode{State: Open, Change: sqlguard.Change{
				Reason: "undone: " + clip(cause.Error()), By: o.cfg.Actor,
			}}); err == nil {
				return now, cause
			}
		}
		select {
		case <-time.After(o.cfg.Poll):
		case <-ctx.Done():
			return left, &RollbackError{left, cause, err}
		}
	}
}

// audit appends what was done, or refused. Who cannot say what he does does not do it, so an
// error of the log is one of the operation; but what failed anyhow fails with its own error.
func (o *Operator) audit(ctx context.Context, action string, before, after Mode, reason string, failed error) error {
	e := Entry{
		Op: cmp.Or(after.Op, before.Op), Action: action, Actor: o.cfg.Actor, Reason: reason,
		Before: before.Epoch, After: after.Epoch, Result: "ok",
	}
	if failed != nil {
		e.Result = failed.Error()
	}
	return cmp.Or(failed, o.log(ctx, e))
}

func (o *Operator) log(ctx context.Context, e Entry) error {
	_, err := call(ctx, o, func(ctx context.Context) (struct{}, error) { return struct{}{}, o.store.Audit(ctx, e) })
	return err
}
