package sqlguard_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// database ends sessions, and notes which.
type database struct {
	ended []sqlguard.LostSession
	then  func() error // what it does besides; may be nil
}

func (d *database) EndSessions(_ context.Context, lost []sqlguard.LostSession) error {
	d.ended = append(d.ended, lost...)
	if d.then != nil {
		return d.then()
	}
	return nil
}

// said returns the sessions that were to be ended, with how long ago they were lost.
func (d *database) said() string {
	var all []string
	for _, l := range d.ended {
		all = append(all, fmt.Sprintf("%s lost %s ago", l.ID, l.Ago))
	}
	return strings.Join(all, ", ")
}

func TestWhatIsOnItsWayToLostSessionsIsEnded(t *testing.T) {
	const tail = time.Second
	ctx := context.Background()
	lose := func(c *sqlguard.Conn) {
		c.Enter(ctx, "INSERT")
		c.Lost()
		c.Dead()
	}
	for _, tt := range []struct {
		name string
		do   func(g *sqlguard.Guard, c *sqlguard.Conn)
		want string
	}{
		{"of a statement that is lost", func(_ *sqlguard.Guard, c *sqlguard.Conn) { lose(c) }, "7 lost 1s ago"},
		{"of one whose connection is closed afterwards", func(_ *sqlguard.Guard, c *sqlguard.Conn) { c.Enter(ctx, "INSERT"); c.Lost(); c.Detach() }, "7 lost 1s ago"},
		{"not of one whose connection goes on", func(_ *sqlguard.Guard, c *sqlguard.Conn) { c.Enter(ctx, "INSERT"); c.Lost() }, ""},
		{"once", func(_ *sqlguard.Guard, c *sqlguard.Conn) { lose(c); c.Detach() }, "7 lost 1s ago"},
		{"also after the tail", func(_ *sqlguard.Guard, c *sqlguard.Conn) { lose(c); time.Sleep(10 * time.Minute) }, "7 lost 10m0s ago"},
		{"not when no network holds it back any more", func(_ *sqlguard.Guard, c *sqlguard.Conn) { lose(c); time.Sleep(17 * time.Minute) }, ""},
		{"of one that runs while its connection is closed", func(_ *sqlguard.Guard, c *sqlguard.Conn) { c.Enter(ctx, "INSERT"); c.Detach() }, "7 lost 1s ago"},
		{"not of one that was answered", func(_ *sqlguard.Guard, c *sqlguard.Conn) { c.Enter(ctx, "INSERT"); c.Leave() }, ""},
		{"of a transaction", func(_ *sqlguard.Guard, c *sqlguard.Conn) { c.Begin(ctx); lose(c); c.End() }, "7 lost 1s ago"},
		{"not of one that has taken the fence", func(_ *sqlguard.Guard, c *sqlguard.Conn) { c.Begin(ctx); c.Fence(true); lose(c); c.End() }, ""},
		{"not where the session is not known", func(g *sqlguard.Guard, _ *sqlguard.Conn) {
			var unknown sqlguard.Conn
			g.Attach(&unknown, noDialect{})
			lose(&unknown)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sqlguard.Config{Tail: tail}, func(t *testing.T, g *sqlguard.Guard) {
				var db database
				var c sqlguard.Conn
				g.Attach(&c, noDialect{})
				c.Session("7", &db)
				tt.do(g, &c)
				if err := g.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
					t.Fatal(err)
				}
				for n := range 2 { // the second time there is nothing left
					if _, err := g.DrainUnfenced(ctx); err != nil || db.said() != tt.want {
						t.Errorf("%d: %v, and ended is %q, want %q", n, err, db.said(), tt.want)
					}
				}
			})
		})
	}
}

func TestWhatCannotBeEndedIsTriedAgain(t *testing.T) {
	bubble(t, sqlguard.Config{Tail: -1}, func(t *testing.T, g *sqlguard.Guard) {
		away, works := errors.New("nobody answers"), 0
		down := &database{then: func() error { return away }}
		up := &database{then: func() error { works++; return nil }}
		var told drains
		g.AddObserver(&told)
		for _, db := range []*database{down, up, down} {
			var c sqlguard.Conn
			g.Attach(&c, noDialect{})
			c.Session("7", db)
			c.Enter(t.Context(), "INSERT")
			c.Detach()
		}
		if err := g.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			down.ended = nil
			if _, err := g.DrainUnfenced(t.Context()); !errors.Is(err, away) || len(down.ended) != 2 || works != 1 {
				t.Errorf("%v, with %d of 2 tried; the other database was asked %d times", err, len(down.ended), works)
			}
		}
		if told != 0 {
			t.Error("it is told to have drained")
		}
		down.then = func() error { return g.Hold("fleet", sqlguard.Change{}) }
		if _, err := g.DrainUnfenced(t.Context()); !errors.Is(err, sqlguard.ErrNotClosed) {
			t.Errorf("where nobody asks for the fence any more: %v", err)
		}
	})
}

func TestTheLatestLostSessionsAreRemembered(t *testing.T) {
	bubble(t, sqlguard.Config{Tail: -1}, func(t *testing.T, g *sqlguard.Guard) {
		var db database
		for n := range 4097 {
			var c sqlguard.Conn
			g.Attach(&c, noDialect{})
			c.Session(fmt.Sprint(n), &db)
			c.Enter(t.Context(), "INSERT")
			c.Detach()
		}
		if err := g.Hold("fleet", sqlguard.Change{Fence: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := g.DrainUnfenced(t.Context()); err != nil || len(db.ended) != 4096 || db.ended[0].ID != "1" {
			t.Errorf("%v, and %d were ended, the first %+v", err, len(db.ended), db.ended[0])
		}
	})
}
