package driver_test

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// lossy is how a fake driver is guarded whose sessions can be ended: each takes a number of attempts.
func lossy(f *fake, g *sqlguard.Guard, attempts int, err error) driver.Config {
	return driver.Config{
		Guard: g, Dialect: keywords{},
		Session: func(context.Context, sqldriver.Conn) (string, error) { return "7", f.note("Session") },
		EndSessions: func(_ context.Context, _ sqldriver.Conn, lost []sqlguard.LostSession) (int, error) {
			if n := f.count("EndSessions"); n > 0 && lost[0].Ago < time.Duration(n)*time.Millisecond {
				f.note(fmt.Sprintf("lost %s ago at attempt %d", lost[0].Ago, n+1))
			}
			attempts--
			f.note("EndSessions " + lost[0].ID)
			return max(0, attempts), err
		},
	}
}

// count returns how many records there are of a call.
func (f *fake) count(call string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.log {
		if strings.HasPrefix(l, call) {
			n++
		}
	}
	return n
}

func TestASessionIsAskedForOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first bool // whether the fence is expected when the connection is made
		then  bool // and afterwards
		lost  bool
		fails int
		made  int // how often it was asked for after the first statement
		want  int // and in the end
	}{
		{"not where nobody expects the fence", false, false, false, 0, 0, 0},
		{"when the connection is made", true, true, false, 0, 1, 1},
		{"when it is used next", false, true, false, 0, 0, 1},
		{"and is asked for again if that has failed", true, true, false, 2, 1, 3},
		{"at the latest when it is lost", false, false, true, 0, 0, 1},
		{"and not again when it is lost", true, true, true, 0, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{times: tt.fails, errs: map[string]error{}}
			if tt.fails > 0 {
				f.errs["Session"] = errDriver
			}
			g := newGuard(t, nothing)
			g.ExpectFence(tt.first)
			db, err := driver.OpenDB(f, lossy(f, g, 1, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			mustRun(t, db, "INSERT INTO t")
			if n := f.count("Session"); n != tt.made {
				t.Errorf("first it was asked for %d times, want %d", n, tt.made)
			}
			g.ExpectFence(tt.then)
			for range 3 {
				mustRun(t, db, "INSERT INTO t")
			}
			if tt.lost {
				f.errs["ExecContext"] = errDriver
				if _, err := db.Exec("INSERT INTO t"); err != errDriver {
					t.Fatal(err)
				}
			}
			if n := f.count("Session"); n != tt.want {
				t.Errorf("it was asked for %d times, want %d: %q", n, tt.want, f.log)
			}
		})
	}
}

func TestASessionIsAskedForWhenItsConnectionIsClosedInTheMiddle(t *testing.T) {
	f := &fake{}
	connector, err := driver.WrapConnector(f, lossy(f, newGuard(t, nothing), 1, nil))
	if err != nil {
		t.Fatal(err)
	}
	c, err := connector.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.(sqldriver.QueryerContext).QueryContext(t.Context(), "SELECT 1", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil || f.count("Session") != 1 {
		t.Errorf("%v, and it was asked for %d times", err, f.count("Session"))
	}
}

func TestALostSessionIsEndedByAConnectionOfItsOwn(t *testing.T) {
	for _, tt := range []struct {
		name     string
		attempts int
		fails    string // the call
		err      error  // of EndSessions
		want     string
	}{
		{"at once", 1, "", nil, ""},
		{"until it is gone", 3, "", nil, ""},
		{"not where nobody answers", 1, "Connect", nil, "sqlguard: drain: driver: ending 1 sessions that were lost: connecting: the driver's error"},
		{"not where the server will not", 1, "", errDriver, "sqlguard: drain: driver: ending 1 sessions that were lost: the driver's error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{errs: map[string]error{"ExecContext": errDriver}}
			g, err := sqlguard.New(sqlguard.Config{Tail: -1})
			if err != nil {
				t.Fatal(err)
			}
			db, err := driver.OpenDB(f, lossy(f, g, tt.attempts, tt.err))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.Exec("INSERT INTO t")
			db.SetMaxIdleConns(0)
			if err := g.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
				t.Fatal(err)
			}
			f.errs = failing(errDriver, tt.fails)
			f.log = nil
			_, err = g.DrainUnfenced(t.Context())
			if got := said(err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			want := []string{"Connect"}
			if tt.fails == "" {
				want = append(append(want, slices.Repeat([]string{"EndSessions 7"}, tt.attempts)...), "Close")
			}
			if !slices.Equal(f.log, want) {
				t.Errorf("the driver was asked for %q, want %q", f.log, want)
			}
		})
	}
}

func TestASessionThatDoesNotEndIsSaid(t *testing.T) {
	f := &fake{errs: map[string]error{"ExecContext": errDriver}}
	g, err := sqlguard.New(sqlguard.Config{Tail: -1})
	if err != nil {
		t.Fatal(err)
	}
	cfg := lossy(f, g, 1<<30, nil)
	cfg.Closed = func(sqldriver.Conn) bool { return true } // and lies in the pool
	db, err := driver.OpenDB(f, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.Exec("INSERT INTO t")
	if err := g.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.onCall = func(call string) {
		if f.count("EndSessions") == 2 {
			cancel()
		}
	}
	if _, err := g.DrainUnfenced(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(said(err), "do not end") {
		t.Errorf("it says %v", err)
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
