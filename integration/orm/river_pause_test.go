package orm

import (
	"context"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// pauses are the ways in which the recipe has the workers rest while writing is closed.
var pauses = []struct {
	name string
	// rest has no job begun, and waits until those that are, which may finish then, are over. wake undoes it.
	rest func(t *testing.T, s *riverSite, finish func())
	wake func(t *testing.T, s *riverSite)
}{
	{"stopped and started", func(t *testing.T, s *riverSite, finish func()) {
		t.Helper()
		stopped := make(chan error)
		go func() { stopped <- s.Stop(context.Background()) }()
		s.log.await(t, "producer: Stopping")
		finish()
		if err := receive(t, stopped, "a client is stopped"); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, s *riverSite) {
		t.Helper()
		s.start(t)
	}},
	{"paused and resumed", func(t *testing.T, s *riverSite, finish func()) {
		t.Helper()
		events, done := s.Subscribe(river.EventKindQueuePaused, river.EventKindJobCompleted)
		defer done()
		if err := pauseRiver(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for receive(t, events, "a queue is paused").Kind != river.EventKindQueuePaused {
		}
		finish()
		for s.count(t, rivertype.JobStateRunning) > 0 {
			receive(t, events, "a job is completed")
		}
	}, func(t *testing.T, s *riverSite) {
		t.Helper()
		if err := s.QueueResume(t.Context(), "*", nil); err != nil {
			t.Fatal(err)
		}
	}},
}

func pauseRiver(ctx context.Context, client riverClient) error {
	return client.QueuePause(ctx, "*", nil)
}

// count returns how many jobs are in a state.
func (s *riverSite) count(t *testing.T, state rivertype.JobState) int {
	t.Helper()
	list, err := s.JobList(t.Context(), river.NewJobListParams().States(state))
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Jobs)
}

// TestRiverThatRestsLosesNothing is the recipe: no job is lost or worked twice, and while
// writing is closed nothing is written.
func TestRiverThatRestsLosesNothing(t *testing.T) {
	t.Parallel()
	for _, d := range riverDrivers {
		for _, pause := range pauses {
			t.Run(d.name+", "+pause.name, func(t *testing.T) {
				t.Parallel()
				s := newRiverSite(t, d, 0)
				s.start(t)
				numbers := []int{1, 2, 3, 4, 5, 6}
				var jobs []reminder
				for _, n := range numbers {
					jobs = append(jobs, reminder{Talk: n})
				}
				add(t, s.riverProgram, jobs...)
				receive(t, s.workers.begun, "a job begins")
				receive(t, s.workers.begun, "a second job begins") // and no more at a time
				pause.rest(t, s, func() { close(s.workers.finish) })
				s.close(t)
				if left := s.count(t, rivertype.JobStateRunning); left != 0 {
					t.Errorf("when it rests %d jobs are running", left)
				}
				before := s.dump()
				rested := len(s.workers.worked())
				_, err := s.Insert(t.Context(), reminder{Talk: 7}, nil)
				s.refuses(t, "a job is inserted", err)
				s.unchanged(t, before)
				if now := len(s.workers.worked()); now != rested || now == len(numbers) {
					t.Errorf("%d jobs of %d were worked, and %d when it rested", now, len(numbers), rested)
				}
				s.open()
				completed, done := s.Subscribe(river.EventKindJobCompleted)
				defer done()
				pause.wake(t, s)
				for s.count(t, rivertype.JobStateCompleted) < len(numbers) {
					receive(t, completed, "a job is completed")
				}
				s.workedOnce(t, numbers...)
				s.stop(t)
			})
		}
	}
}
