package orm

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/quiescehq/quiesce/sqlguard"
)

// reminders works jobs.
type reminders struct {
	river.WorkerDefaults[reminder]
	begun  chan int      // jobs, as they are begun
	finish chan struct{} // closed when they may end
	write  func(ctx context.Context) error
	mu     sync.Mutex
	runs   map[int]int // how often each job was worked
}

func (w *reminders) Work(ctx context.Context, job *river.Job[reminder]) error {
	w.mu.Lock()
	w.runs[job.Args.Talk]++
	w.mu.Unlock()
	w.begun <- job.Args.Talk
	<-w.finish
	if job.Args.Writes {
		return w.write(ctx)
	}
	return nil
}

// worked returns how often each job was worked.
func (w *reminders) worked() map[int]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.runs)
}

// riverLog has what River logs, with its error.
type riverLog chan string

func (l riverLog) Enabled(context.Context, slog.Level) bool { return true }
func (l riverLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l riverLog) WithGroup(string) slog.Handler            { return l }

func (l riverLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	select {
	case l <- text:
	default: // nobody waits for it
	}
	return nil
}

// await waits until each of the texts is in a line that was not looked at before.
func (l riverLog) await(t *testing.T, texts ...string) {
	t.Helper()
	for len(texts) > 0 {
		line := receive(t, l, texts[0])
		texts = slices.DeleteFunc(texts, func(text string) bool { return strings.Contains(line, text) })
	}
}

// receive waits for what a channel of River's, or of a worker's, has next.
func receive[T any](t *testing.T, from <-chan T, what string) (next T) {
	t.Helper()
	select {
	case next = <-from:
	case <-time.After(time.Minute): // a test that fails need not hang
		t.Fatalf("River does not come to this: %s", what)
	}
	return next
}

// riverSite is a program with workers under a guard of its own, so that several can be proven at
// once, and beside it one that inserts jobs and is not guarded.
type riverSite struct {
	riverProgram
	name      string
	unguarded riverProgram
	guard     *sqlguard.Guard
	workers   *reminders
	log       riverLog
	// launch replaces the program by a new process, so to speak, which is not started yet.
	launch  func(follows bool)
	follows bool // it does not want to be the leader, whose maintenance is the others' too
	dump    func() string
}

// newRiverSite returns one that was not started. If stuck is not zero, its jobs are
// taken for stuck after that time, and the program follows.
func newRiverSite(t *testing.T, d riverDriver, stuck time.Duration) *riverSite {
	t.Helper()
	dsn := onPostgreSQL.database(t)
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &riverSite{name: d.name, guard: guard, log: make(riverLog, 10_000), dump: func() string { return onPostgreSQL.dump(t, dsn) },
		workers: &reminders{begun: make(chan int, 1000), finish: make(chan struct{}), runs: map[int]int{}}}
	workers := river.NewWorkers()
	river.AddWorker(workers, s.workers)
	owned := func(p riverProgram, err error) riverProgram {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.closePool() })
		return p
	}
	s.launch = func(follows bool) {
		s.follows = follows
		s.riverProgram = owned(d.guarded(dsn, guard, &river.Config{Logger: slog.New(s.log), Workers: workers,
			FetchPollInterval: d.poll, LeaderElectionDisabled: follows, JobTimeout: stuck, RescueStuckJobsAfter: stuck,
			Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}}))
	}
	s.launch(stuck != 0)
	s.workers.write = func(ctx context.Context) error {
		_, err := s.Insert(ctx, reminder{Talk: 100}, nil)
		return err
	}
	s.unguarded = owned(d.bare(dsn, &river.Config{Logger: slog.New(slog.DiscardHandler)}))
	if err := s.unguarded.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts the workers, and waits until they lead.
func (s *riverSite) start(t *testing.T) {
	t.Helper()
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !s.follows {
		s.log.await(t, "Gained leadership")
	}
}

// stop stops the workers, and waits until another may lead.
func (s *riverSite) stop(t *testing.T) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !s.follows {
		s.log.await(t, "Resigned leadership successfully")
	}
}

// close closes writing.
func (s *riverSite) close(t *testing.T) {
	t.Helper()
	if err := s.guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.guard.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *riverSite) open() { s.guard.Release("test") }

// unchanged demands that a dump is the same as before.
func (s *riverSite) unchanged(t *testing.T, before string) {
	t.Helper()
	if after := s.dump(); after != before {
		t.Errorf("%s, in read-only mode River has written\n%s\nbefore:\n%s", s.name, after, before)
	}
}

// job returns a job, which can be read in every mode.
func (s *riverSite) job(t *testing.T, id int64) *rivertype.JobRow {
	t.Helper()
	job, err := s.JobGet(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// add inserts jobs at once, because River does not tell its clients of each that follows
// on another, and returns the ID of the first.
func add(t *testing.T, p riverProgram, jobs ...reminder) int64 {
	t.Helper()
	var params []river.InsertManyParams
	for _, job := range jobs {
		params = append(params, river.InsertManyParams{Args: job})
	}
	inserted, err := p.InsertMany(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	return inserted[0].Job.ID
}

// refuses demands that something was refused.
func (s *riverSite) refuses(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("%s, in read-only mode %s: %v, want that it is refused", s.name, what, err)
	}
}

// workedOnce demands that jobs were worked once each.
func (s *riverSite) workedOnce(t *testing.T, talks ...int) {
	t.Helper()
	worked := s.workers.worked()
	for _, talk := range talks {
		if worked[talk] != 1 {
			t.Errorf("%s, job %d was worked %d times, want once", s.name, talk, worked[talk])
		}
	}
}
