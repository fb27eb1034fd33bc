package orm

import (
	"context"
	"errors"
	"log/slog"
	"maps"
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
	mu     sync.Mutex
	runs   map[int]int // how often each job was worked
}

func (w *reminders) Work(_ context.Context, job *river.Job[reminder]) error {
	w.mu.Lock()
	w.runs[job.Args.Talk]++
	w.mu.Unlock()
	w.begun <- job.Args.Talk
	<-w.finish
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
func (l riverLog) await(texts ...string) {
	for len(texts) > 0 {
		line := <-l
		var left []string
		for _, text := range texts {
			if !strings.Contains(line, text) {
				left = append(left, text)
			}
		}
		texts = left
	}
}

// riverSite is a program with workers under a guard of its own, so that several can be proven at
// once, and beside it one that inserts jobs and is not guarded.
type riverSite struct {
	riverProgram
	unguarded riverProgram
	guard     *sqlguard.Guard
	workers   *reminders
	log       riverLog
	dump      func() string
}

// newRiverSite returns one that was not started. If stuck is not zero, its jobs are
// taken for stuck after that time.
func newRiverSite(t *testing.T, d riverDriver, stuck time.Duration) *riverSite {
	t.Helper()
	dsn := onPostgreSQL.database(t)
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &riverSite{guard: guard, log: make(riverLog, 10_000), dump: func() string { return onPostgreSQL.dump(t, dsn) },
		workers: &reminders{begun: make(chan int, 1000), finish: make(chan struct{}), runs: map[int]int{}}}
	workers := river.NewWorkers()
	river.AddWorker(workers, s.workers)
	config := &river.Config{Logger: slog.New(s.log), Workers: workers, FetchPollInterval: d.poll, JobTimeout: stuck,
		RescueStuckJobsAfter: stuck, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}}
	if s.riverProgram, err = d.guarded(dsn, guard, config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.closePool() })
	if s.unguarded, err = d.bare(dsn, &river.Config{Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.unguarded.closePool() })
	if err := s.unguarded.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts the workers, and waits until they have a leader.
func (s *riverSite) start(t *testing.T) {
	t.Helper()
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.log.await("Gained leadership")
}

// stop stops the workers, and waits until they have none.
func (s *riverSite) stop(t *testing.T) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.log.await("Resigned leadership successfully")
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
		t.Errorf("in read-only mode River has written\n%s\nbefore:\n%s", after, before)
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

// add inserts a job, and returns its ID.
func add(t *testing.T, p riverProgram, talk int) int64 {
	t.Helper()
	inserted, err := p.Insert(t.Context(), reminder{talk}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return inserted.Job.ID
}

// refuses demands that something is refused.
func refuses(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("in read-only mode %s: %v, want that it is refused", what, err)
	}
}
