package orm

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

var riverDrivers = []riverDriver{riverOnSQL, riverOnPgx}

// TestRiverThatGoesOnRunningInReadOnlyMode shows what the recipe says of it: it is refused
// whatever it writes, no job is lost or worked twice, and it goes on by itself after that.
func TestRiverThatGoesOnRunningInReadOnlyMode(t *testing.T) {
	for _, d := range riverDrivers {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newRiverSite(t, d, 0)
			s.close(t)
			refuses(t, "a client starts", s.Start(context.Background()))
			s.open()
			completed, done := s.Subscribe(river.EventKindJobCompleted)
			defer done()
			s.start(t)
			ended := add(t, s.riverProgram, 1)
			<-s.workers.begun

			s.close(t)
			add(t, s.unguarded, 2)
			before := s.dump()
			close(s.workers.finish)
			refuses(t, "a queue is paused", s.QueuePause(t.Context(), river.QueueDefault, nil))
			s.log.await("Error fetching jobs", "Error attempting reelection", "Completer: Too many errors; giving up")
			s.unchanged(t, before)
			if state := s.job(t, ended).State; state != rivertype.JobStateRunning {
				t.Errorf("the job that ended in read-only mode is %s, want running", state)
			}
			s.open()
			add(t, s.riverProgram, 3) // of which a client that listens is told, so that it looks for jobs
			for range 3 {
				<-completed
			}
			if worked := s.workers.worked(); !maps.Equal(worked, map[int]int{1: 1, 2: 1, 3: 1}) {
				t.Errorf("the jobs were worked so often: %v, want each once", worked)
			}
			s.stop(t)
		})
	}
}

// TestRiverThatIsStoppedInReadOnlyMode shows why the recipe says to stop before that: what
// ended since then cannot be marked as done, and is worked again.
func TestRiverThatIsStoppedInReadOnlyMode(t *testing.T) {
	for _, d := range riverDrivers {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newRiverSite(t, d, time.Second)
			s.start(t)
			ended := add(t, s.riverProgram, 1)
			<-s.workers.begun
			s.close(t)
			close(s.workers.finish)
			if err := s.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			s.open()
			s.start(t)
			s.log.await("JobRescuer: Ran successfully")
			job := s.job(t, ended)
			if len(job.Errors) != 1 || !strings.Contains(job.Errors[0].Error, "Stuck job rescued") {
				t.Errorf("the job that ended in read-only mode has the errors %v, want that it was taken for stuck", job.Errors)
			}
			s.stop(t)
		})
	}
}
