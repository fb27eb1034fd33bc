package enginetest

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// ways are those to write a row in mode off.
var ways = []struct {
	name  string
	write func(ctx context.Context, e *Engine) error
}{
	{"Exec", func(ctx context.Context, e *Engine) error {
		_, err := e.DB.ExecContext(ctx, e.Insert)
		return err
	}},
	{"a query that returns what it wrote", func(ctx context.Context, e *Engine) error {
		rows, err := e.DB.QueryContext(ctx, e.Insert+" RETURNING a")
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return errors.Join(rows.Err(), rows.Close())
	}},
	{"the same, not read to its end", func(ctx context.Context, e *Engine) error {
		rows, err := e.DB.QueryContext(ctx, e.Insert+" RETURNING a")
		if err != nil {
			return err
		}
		return rows.Close()
	}},
	{"a prepared statement", func(ctx context.Context, e *Engine) error {
		s, err := e.DB.PrepareContext(ctx, e.Insert)
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.ExecContext(ctx)
		return err
	}},
	{"a transaction", inTx(nil)},
	{"a transaction with REPEATABLE READ", inTx(&sql.TxOptions{Isolation: sql.LevelRepeatableRead})},
	{"a transaction with SERIALIZABLE", inTx(&sql.TxOptions{Isolation: sql.LevelSerializable})},
	{"a transaction that a text begins", func(ctx context.Context, e *Engine) error {
		c, err := e.DB.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		for _, text := range []string{"BEGIN", e.Insert, "COMMIT"} {
			if _, err = c.ExecContext(ctx, text); err != nil {
				c.ExecContext(ctx, "ROLLBACK")
				return err
			}
		}
		return nil
	}},
}

func inTx(o *sql.TxOptions) func(context.Context, *Engine) error {
	return func(ctx context.Context, e *Engine) error {
		tx, err := e.DB.BeginTx(ctx, o)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, e.Insert); err != nil {
			return err
		}
		return tx.Commit()
	}
}

// Rows returns the number of rows in the table of Count.
func (e *Engine) Rows(t *testing.T) (n int) {
	t.Helper()
	if err := e.DB.QueryRow(e.Count).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// askForFence has the guard ask for the fence, with the mode off.
func (e *Engine) askForFence(t *testing.T) {
	t.Helper()
	if err := e.Guard.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Guard.Release("fleet") })
}

// Fenced holds a guarded pool to the fence of its database.
func Fenced(t *testing.T, e *Engine, f *fence.Fence) {
	ctx := t.Context()
	if err := f.Install(ctx); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *Engine, *fence.Fence)
	}{
		{"what writes takes it, and is refused where it is closed", fencedWays},
		{"closing waits for who has taken it, and refuses others at once", fencedWait},
		{"closing ends who has taken it, where it is told to", fencedEnd},
		{"a transaction from before joins", fencedJoin},
		{"what has not taken it is waited for", fencedDrain},
		{"a text that ends a transaction lets go of it", fencedTextsInTx},
		{"a write of somebody who goes away is rolled back", fencedCancel},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := f.Open(ctx); err != nil {
				t.Fatal(err)
			}
			test.run(t, e, f)
		})
	}
}

// eachWrites holds each way of writing to one row: the fence is open.
func eachWrites(t *testing.T, e *Engine) {
	t.Helper()
	for _, way := range ways {
		before := e.Rows(t)
		if err := way.write(t.Context(), e); err != nil {
			t.Errorf("%s, with the fence open: %v", way.name, err)
		}
		if n := e.Rows(t) - before; n != 1 {
			t.Errorf("%s has written %d rows, want one", way.name, n)
		}
	}
}

func fencedWays(t *testing.T, e *Engine, f *fence.Fence) {
	e.askForFence(t)
	eachWrites(t, e)
	lock, err := f.Close(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range []bool{true, false} {
		if !held {
			if err := lock.Release(); err != nil {
				t.Fatal(err)
			}
		}
		var sessions []int64
		for _, way := range ways {
			before := e.Rows(t)
			Refused(t, way.name+", with the fence closed", way.write(t.Context(), e))
			if n := e.Rows(t) - before; n != 0 {
				t.Errorf("%s has written %d rows through a closed fence", way.name, n)
			}
			if e.Sessions == nil {
				continue
			}
			if now := e.Sessions(); sessions == nil {
				sessions = now
			} else if !slices.Equal(now, sessions) {
				t.Errorf("%s: the sessions are %v, and were %v", way.name, now, sessions)
			}
		}
	}
}

// beginWriting returns a transaction in which a row was written, and which has taken the fence. It ends with the test.
func (e *Engine) beginWriting(t *testing.T) *sql.Tx {
	t.Helper()
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	if _, err := tx.Exec(e.Insert); err != nil {
		t.Fatal(err)
	}
	return tx
}

func fencedWait(t *testing.T, e *Engine, f *fence.Fence) {
	e.askForFence(t)
	before := e.Rows(t)
	tx := e.beginWriting(t)
	committing := make(chan struct{})
	closing := make(chan error, 1)
	go func() {
		lock, err := f.Close(t.Context(), nil)
		select {
		case <-committing:
		default:
			t.Error("closing did not wait for who had taken the fence")
		}
		if err == nil {
			err = lock.Release()
		}
		closing <- err
	}()
	var err error
	for err == nil && len(closing) == 0 { // until the operator waits, others write
		err = ways[0].write(t.Context(), e)
	}
	Refused(t, "a write while the operator waits", err)
	// Who waited would do so for the transaction that is committed below.
	at, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 3 { // in which an operator that did not wait would be done
		for _, way := range ways {
			Refused(t, way.name+", while the operator waits", way.write(at, e))
		}
	}
	during := e.Rows(t)
	close(committing)
	if err := tx.Commit(); err != nil {
		t.Errorf("who had taken the fence could not commit: %v", err)
	}
	if err := <-closing; err != nil {
		t.Fatal(err)
	}
	if n := e.Rows(t); n != during+1 || n <= before {
		t.Errorf("there are %d rows, want %d", n, during+1)
	}
}

func fencedEnd(t *testing.T, e *Engine, f *fence.Fence) {
	e.askForFence(t)
	before := e.Rows(t)
	tx := e.beginWriting(t)
	var ended []fence.Holder
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lock, err := f.Close(patient, func(h fence.Holder) { ended = append(ended, h) })
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Held(t.Context()); err != nil {
		t.Error(err)
	}
	if len(ended) == 0 || ended[0].Session == 0 || ended[0].User == "" {
		t.Errorf("those who were ended are %v", ended)
	}
	if err := tx.Commit(); err == nil {
		t.Error("a transaction was committed whose session had ended")
	}
	if err := errors.Join(lock.Release(), f.Open(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := e.Rows(t); n != before {
		t.Errorf("there are %d rows, want %d", n, before)
	}
}

func fencedJoin(t *testing.T, e *Engine, f *fence.Fence) {
	for _, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
		for _, closed := range []bool{false, true} {
			if err := f.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := e.Rows(t)
			tx, err := e.DB.BeginTx(t.Context(), &sql.TxOptions{Isolation: level})
			if err != nil {
				t.Fatal(err)
			}
			var n int
			if err := tx.QueryRow(e.Count).Scan(&n); err != nil { // it has a snapshot
				t.Fatal(err)
			}
			e.askForFence(t)
			if closed {
				lock, err := f.Close(t.Context(), nil)
				if err == nil {
					err = lock.Release()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			_, err = tx.Exec(e.Insert)
			if closed {
				Refused(t, level.String()+": a write in a transaction that did not take the fence", err)
				Refused(t, level.String()+": its commit", tx.Commit())
			} else if err = errors.Join(err, tx.Commit()); err != nil {
				t.Errorf("%s: %v", level, err)
			}
			if n := e.Rows(t) - before; n == 0 != closed {
				t.Errorf("%s, closed %t: %d rows were written", level, closed, n)
			}
			e.Guard.Release("fleet")
		}
	}
}

func fencedDrain(t *testing.T, e *Engine, f *fence.Fence) {
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(e.Insert); err != nil {
		t.Fatal(err)
	}
	e.askForFence(t)
	fenced, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer fenced.Rollback()
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	report, err := e.Guard.DrainUnfenced(soon)
	if !errors.Is(err, context.DeadlineExceeded) || len(report.Open) != 1 {
		t.Errorf("while a transaction without the fence is open: %v, %v", report, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if report, err := e.Guard.DrainUnfenced(patient); err != nil {
		t.Errorf("after its end: %v, %v", report, err)
	}
}

// fencedCancel goes away between a write and its commit, which are one statement to the program.
func fencedCancel(t *testing.T, e *Engine, _ *fence.Fence) {
	e.askForFence(t)
	before := e.Rows(t)
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := e.DB.QueryContext(ctx, e.Insert+" RETURNING a")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	rows.Close()
	if err := rows.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("the rows end with %v", err)
	}
	if n := e.Rows(t) - before; n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// FencedNet has a night around a pool that has driver.NetSession as well: armed, closed, and open again.
func FencedNet(t *testing.T, n *Netted, f *fence.Fence) {
	if err := f.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Guard.Release("fleet") })
	for night := range 3 {
		if err := f.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, phase := range []struct {
			name   string
			change sqlguard.Change
			writes bool
		}{
			{"armed", sqlguard.Change{Fence: true}, true},
			{"closed", sqlguard.Change{Fence: true, Mode: sqlguard.ReadOnly}, false},
			{"armed, with the fence closed", sqlguard.Change{Fence: true}, false},
			{"open", sqlguard.Change{}, true},
		} {
			if err := n.Guard.Hold("fleet", phase.change); err != nil {
				t.Fatal(err)
			}
			if phase.change.Mode == sqlguard.ReadOnly {
				shut(t, f)
			}
			for _, way := range ways {
				before := n.Rows(t)
				err := way.write(t.Context(), n.Engine)
				wrote := n.Rows(t) - before
				switch {
				case phase.writes && (err != nil || wrote != 1):
					t.Errorf("night %d, %s: %s has written %d rows: %v", night, phase.name, way.name, wrote, err)
				case !phase.writes:
					Refused(t, phase.name+", "+way.name, err)
					if wrote != 0 {
						t.Errorf("night %d, %s: %s has written %d rows", night, phase.name, way.name, wrote)
					}
				}
			}
		}
	}
}
