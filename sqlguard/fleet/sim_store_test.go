package fleet

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// simStore is the store of a simulation: records in memory, in virtual time, by a clock that runs
// faster or slower than those of the processes.
type simStore struct {
	mu   sync.Mutex
	rate float64 // of the store's clock: 1.01 is one per cent fast

	mode      Mode
	old       []Mode // before each swap
	instances map[string]Instance
	expires   map[string]time.Time
}

func newSimStore(rate float64) *simStore {
	return &simStore{
		rate:      rate,
		mode:      Mode{State: Open, Epoch: 1},
		instances: map[string]Instance{}, expires: map[string]time.Time{},
	}
}

// after returns when a time will have passed on the store's clock.
func (s *simStore) after(d time.Duration) time.Time {
	return time.Now().Add(time.Duration(float64(d) / s.rate))
}

func (s *simStore) register(i Instance) Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances[i.ID] = i
	s.expires[i.ID] = s.after(i.TTL)
	return s.mode
}

func (s *simStore) heartbeat(id, lease string, r Report) (Mode, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.instances[id]
	if !ok || i.Lease != lease || !time.Now().Before(s.expires[id]) {
		return Mode{}, ErrExpired
	}
	i.Report = r
	s.instances[id] = i
	s.expires[id] = s.after(i.TTL)
	return s.mode, nil
}

func (s *simStore) list() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot := Snapshot{Mode: s.mode, Now: time.Now()}
	for _, i := range s.instances {
		i.ExpiresIn = time.Duration(float64(time.Until(s.expires[i.ID])) * s.rate)
		snapshot.Instances = append(snapshot.Instances, i)
	}
	slices.SortFunc(snapshot.Instances, func(a, b Instance) int { return strings.Compare(a.ID, b.ID) })
	return snapshot
}

func (s *simStore) swap(expected uint64, next Mode) (Mode, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode.Epoch != expected {
		return Mode{}, &ConflictError{expected, s.mode}
	}
	next.Epoch = s.mode.Epoch + 1
	for _, i := range s.instances {
		next.Epoch = max(next.Epoch, i.Epoch+1)
	}
	next.Since = time.Now()
	s.old, s.mode = append(s.old, s.mode), next
	return next, nil
}

// failOver loses the last swaps.
func (s *simStore) failOver(swaps int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = s.old[max(0, len(s.old)-swaps)]
}

func (s *simStore) now() Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode
}

// link is one party's way to the store: each call and each answer takes its time, and may be lost.
type link struct {
	*simStore
	world *world
	cut   func() bool // whether the network is cut
	hang  func()      // sleeps while the process is stopped; may be nil
}

func overLink[T any](ctx context.Context, l *link, call func() (T, error)) (T, error) {
	var none T
	if !l.travel(ctx) {
		<-ctx.Done()
		return none, ctx.Err()
	}
	v, err := call()
	if !l.travel(ctx) {
		<-ctx.Done()
		return none, ctx.Err()
	}
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	return v, err
}

// travel takes the time of one way, and reports whether what travels arrives.
func (l *link) travel(ctx context.Context) bool {
	if l.hang != nil {
		l.hang()
	}
	if l.cut() {
		return false
	}
	delay := l.world.networkDelay()
	time.Sleep(delay) // it arrives even if nobody waits for it
	return !l.cut() && !l.world.draw(l.world.loss)
}

func (l *link) Mode(ctx context.Context) (Mode, error) {
	return overLink(ctx, l, func() (Mode, error) { return l.now(), nil })
}

func (l *link) Register(ctx context.Context, i Instance) (Mode, error) {
	return overLink(ctx, l, func() (Mode, error) { return l.register(i), nil })
}

func (l *link) Heartbeat(ctx context.Context, id, lease string, r Report) (Mode, error) {
	return overLink(ctx, l, func() (Mode, error) { return l.heartbeat(id, lease, r) })
}

func (l *link) List(ctx context.Context) (Snapshot, error) {
	return overLink(ctx, l, func() (Snapshot, error) { return l.list(), nil })
}

func (l *link) Swap(ctx context.Context, expected uint64, next Mode) (Mode, error) {
	return overLink(ctx, l, func() (Mode, error) { return l.swap(expected, next) })
}

func (l *link) Leave(context.Context, string, string) error                  { return nil }
func (l *link) Forget(context.Context, string) (bool, error)                 { return false, nil }
func (l *link) Audit(context.Context, Entry) error                           { return nil }
func (l *link) Log(context.Context, int) ([]Entry, error)                    { return nil, nil }
func (l *link) Changed() <-chan struct{}                                     { return nil }
func (l *link) DropReports(context.Context) error                            { return nil }
func (l *link) Reports(context.Context, time.Time) ([]InstanceReport, error) { return nil, nil }
func (l *link) SaveReport(context.Context, string, string, sqlguard.Report) error {
	return nil
}

var _ Coordinator = (*link)(nil)
