package sqlguard_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sqlguard.NewLease(time.Now(), 10*time.Second)
		time.Sleep(9 * time.Second)
		if !l.Valid() || l.Left() != time.Second {
			t.Fatalf("after 9 of 10 seconds: valid %v, left %s", l.Valid(), l.Left())
		}
		if sent := time.Now().Add(-4 * time.Second); !l.Renew(sent, 10*time.Second) || l.Left() != 6*time.Second {
			t.Fatalf("a renewal counts from when it was sent: left %s", l.Left())
		}
		if old := time.Now().Add(-8 * time.Second); !l.Renew(old, 10*time.Second) || l.Left() != 6*time.Second {
			t.Fatalf("an older renewal shortened it: left %s", l.Left())
		}
		time.Sleep(6 * time.Second)
		if l.Valid() || l.Renew(time.Now(), time.Minute) || l.Valid() || l.Left() != 0 {
			t.Fatal("a lapsed lease was revived")
		}
	})
}

// open returns a connection with a transaction on it that has begun in the mode.
func openTx(g *sqlguard.Guard) *sqlguard.Conn {
	c := new(sqlguard.Conn)
	g.Attach(c, noDialect{})
	c.Begin(context.Background())
	return c
}

type noDialect struct{}

func (noDialect) Name() string                     { return "none" }
func (noDialect) Classify(string) sqlguard.Verdict { return sqlguard.Verdict{} }

func TestALapsedLease(t *testing.T) {
	insert := &sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert}
	hold := func(t *testing.T, g *sqlguard.Guard, c sqlguard.Change) {
		if err := g.Hold("fleet", c); err != nil {
			t.Fatal(err)
		}
	}
	leased := func() sqlguard.Change {
		return sqlguard.Change{Reason: "armed", Lease: sqlguard.NewLease(time.Now(), time.Minute)}
	}
	for _, tt := range []struct {
		name string
		do   func(*testing.T, *sqlguard.Guard)
	}{
		{"closes writing", func(t *testing.T, g *sqlguard.Guard) {
			time.Sleep(time.Minute)
			if _, err := g.Decide(t.Context(), "none", insert); !errors.Is(err, sqlguard.ErrReadOnly) {
				t.Errorf("the write was let through: %v", err)
			}
			if s := g.State(); s.Mode != sqlguard.ReadOnly || s.Reason == "armed" {
				t.Errorf("the state does not say so: %+v", s)
			}
		}},
		{"closes it for those who only listen, too", func(t *testing.T, g *sqlguard.Guard) {
			changed, stop := g.Subscribe()
			defer stop()
			<-changed
			<-changed
			if g.Mode() != sqlguard.ReadOnly {
				t.Errorf("the mode is %s", g.Mode())
			}
		}},
		{"closes it later, where it was renewed", func(t *testing.T, g *sqlguard.Guard) {
			time.Sleep(30 * time.Second)
			g.State().Holds[0].Lease.Renew(time.Now(), time.Minute)
			time.Sleep(45 * time.Second)
			synctest.Wait()
			if g.Mode() != sqlguard.Off {
				t.Error("it did not last as long as it was renewed for")
			}
			time.Sleep(15 * time.Second)
			synctest.Wait()
			if g.Mode() != sqlguard.ReadOnly {
				t.Error("it lasted longer than it was renewed for")
			}
		}},
		{"leaves transactions only a rollback", func(t *testing.T, g *sqlguard.Guard) {
			c := openTx(g)
			defer c.Detach()
			time.Sleep(time.Minute)
			if !c.Cut() {
				t.Error("it may commit")
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := g.Drain(ctx); err != nil {
				t.Errorf("drain waits for it: %v", err)
			}
		}},
		{"leaves them that under a new lease, too", func(t *testing.T, g *sqlguard.Guard) {
			c := openTx(g)
			defer c.Detach()
			time.Sleep(time.Minute)
			hold(t, g, leased()) // before anybody has noticed
			if !c.Cut() || c.Off() {
				t.Error("the old transaction was revived")
			}
			young := openTx(g)
			defer young.Detach()
			if young.Cut() {
				t.Error("a new one may not commit")
			}
		}},
		{"leaves them that after the release, too", func(t *testing.T, g *sqlguard.Guard) {
			c := openTx(g)
			defer c.Detach()
			time.Sleep(time.Minute)
			g.Release("fleet")
			if !c.Cut() || c.Off() {
				t.Error("the old transaction was revived")
			}
		}},
		{"cuts once writing is closed, too", func(t *testing.T, g *sqlguard.Guard) {
			c := openTx(g)
			defer c.Detach()
			held := g.State().Holds[0]
			hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Lease: held.Lease})
			if c.Cut() {
				t.Error("it was cut by the flip")
			}
			time.Sleep(time.Minute)
			if !c.Cut() {
				t.Error("it may commit")
			}
		}},
		{"does not matter once the hold has none", func(t *testing.T, g *sqlguard.Guard) {
			c := openTx(g)
			defer c.Detach()
			hold(t, g, sqlguard.Change{})
			time.Sleep(time.Hour)
			if c.Cut() || !c.Off() || g.Mode() != sqlguard.Off {
				t.Error("writing was closed")
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(t, sqlguard.Config{})
				hold(t, g, leased())
				tt.do(t, g)
				g.Release("fleet")
			})
		})
	}
}

func TestTheFirstOfSeveralLeasesCountsWhicheverItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, sqlguard.Config{})
		renewed := sqlguard.NewLease(time.Now(), 10*time.Second)
		for name, lease := range map[string]*sqlguard.Lease{"renewed": renewed, "forgotten": sqlguard.NewLease(time.Now(), 15*time.Second)} {
			if err := g.Hold(name, sqlguard.Change{Lease: lease}); err != nil {
				t.Fatal(err)
			}
		}
		c := openTx(g)
		defer c.Detach()
		time.Sleep(9 * time.Second)
		renewed.Renew(time.Now(), time.Minute)
		time.Sleep(6 * time.Second)
		if !c.Cut() {
			t.Error("a lease has lapsed, and what was open may commit")
		}
		if g.Mode() != sqlguard.ReadOnly {
			t.Error("a lease has lapsed, and writing is open")
		}
		g.Release("renewed")
		g.Release("forgotten")
	})
}

func TestWhileALeaseLastsEverythingPasses(t *testing.T) {
	g := newGuard(t, sqlguard.Config{})
	if err := g.Hold("fleet", sqlguard.Change{Lease: sqlguard.NewLease(time.Now(), time.Hour)}); err != nil {
		t.Fatal(err)
	}
	defer g.Release("fleet")
	c := openTx(g)
	defer c.Detach()
	if c.Off() {
		t.Error("statements do not look at the lease")
	}
	decision, err := c.Decide(t.Context(), &sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert})
	if decision != sqlguard.Pass || err != nil || c.Cut() {
		t.Errorf("a write became %v, %v, and cut is %v", decision, err, c.Cut())
	}
}
