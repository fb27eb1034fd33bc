package orm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

var riverDrivers = []riverDriver{riverOnSQL, riverOnPgx}

// TestRiverThatGoesOnRunningInReadOnlyMode shows what the recipe says of it: it is refused
// whatever it writes, no job is lost or worked twice, and it goes on by itself after that. Both
// drivers are led through it together, because most of it is waiting.
func TestRiverThatGoesOnRunningInReadOnlyMode(t *testing.T) {
	t.Parallel()
	var sites []*riverSite
	for _, d := range riverDrivers {
		sites = append(sites, newRiverSite(t, d, 0))
	}
	ended, before := map[*riverSite]int64{}, map[*riverSite]string{}
	for _, s := range sites {
		s.close(t)
		s.refuses(t, "a client starts", s.Start(context.Background()))
		s.open()
		s.start(t)
		ended[s] = add(t, s.riverProgram, reminder{Talk: 1}, reminder{Talk: 4, Writes: true})
		receive(t, s.workers.begun, "a job begins")
		receive(t, s.workers.begun, "a job begins")
		s.close(t)
		add(t, s.unguarded, reminder{Talk: 2})
		before[s] = s.dump()
		close(s.workers.finish)
		s.refuses(t, "a queue is paused", s.QueuePause(t.Context(), "*", nil))
		s.refuses(t, "a queue is resumed", s.QueueResume(t.Context(), "*", nil))
	}
	for _, s := range sites {
		s.log.await(t, "Error fetching jobs", "Error attempting reelection", "Completer: Too many errors; giving up")
		s.unchanged(t, before[s])
		if state := s.job(t, ended[s]).State; state != rivertype.JobStateRunning {
			t.Errorf("%s, the job that ended in read-only mode is %s, want running", s.name, state)
		}
		completed, done := s.Subscribe(river.EventKindJobCompleted)
		defer done()
		failed, done := s.Subscribe(river.EventKindJobFailed)
		defer done()
		s.open()
		add(t, s.riverProgram, reminder{Talk: 3}) // of which a client that listens is told, so that it looks for jobs
		for range 3 {
			receive(t, completed, "a job is completed")
		}
		s.workedOnce(t, 1, 2, 3)
		job := receive(t, failed, "a job fails").Job
		if job.State != rivertype.JobStateAvailable && job.State != rivertype.JobStateRetryable || !saysSo(errors.New(job.Errors[0].Error)) {
			t.Errorf("%s, the job that wrote is %s with the errors %v, want that it is tried again", s.name, job.State, job.Errors)
		}
		s.stop(t)
	}
}

// TestRiverWhoseProcessEndsInReadOnlyMode shows why the recipe has it rest before that: what
// was done since then only the process knew, so it is taken for stuck, and done again.
func TestRiverWhoseProcessEndsInReadOnlyMode(t *testing.T) {
	t.Parallel()
	s := newRiverSite(t, riverOnPgx, time.Millisecond)
	s.start(t)
	ended := add(t, s.riverProgram, reminder{Talk: 1})
	receive(t, s.workers.begun, "a job begins")
	s.close(t)
	close(s.workers.finish)
	s.log.await(t, "Completer error (will retry after sleep)")
	if err := s.closePool(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.open()
	s.launch(false)
	s.start(t)
	s.log.await(t, "JobRescuer: Ran successfully")
	job := s.job(t, ended)
	if len(job.Errors) != 1 || !strings.Contains(job.Errors[0].Error, "Stuck job rescued") {
		t.Errorf("the job that ended in read-only mode has the errors %v, want that it was taken for stuck", job.Errors)
	}
	s.stop(t)
}
