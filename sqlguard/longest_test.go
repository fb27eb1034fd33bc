package sqlguard_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheReportHasTheLongestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := observing(t, sqlguard.Policy{})
		// Thirty kinds, each 40 times, in an order that is neither up nor down.
		c := attach(t, g)
		for i := range 30 * 40 {
			kind := i * 7 % 30
			c.Begin(sqlguard.WithLabel(t.Context(), fmt.Sprint("job ", kind)))
			run(t.Context(), c, "SELECT 1", class(sqlguard.Read))
			run(t.Context(), c, "DELETE FROM t", writes(sqlguard.OpDelete, "t"))
			time.Sleep(time.Duration(kind)*time.Minute + time.Duration(i/30)*time.Second)
			run(t.Context(), c, "COMMIT", sqlguard.Verdict{Class: sqlguard.Session, Op: "COMMIT", Tx: sqlguard.TxCommit})
			c.End()
		}
		list := g.Report().Transactions
		if len(list) != 20 {
			t.Fatalf("%d transactions, want 20", len(list))
		}
		for i, got := range list {
			kind := 29 - i
			want := time.Duration(kind)*time.Minute + 39*time.Second
			if got.Took != want || got.Label != fmt.Sprint("job ", kind) || got.Op != sqlguard.OpDelete || got.Tables[0].Name != "t" || got.Open {
				t.Errorf("%d: %+v, want job %d with %s", i, got, kind, want)
			}
			if !strings.HasPrefix(got.Caller, "github.com/quiescehq/quiesce/sqlguard_test.TestTheReportHasTheLongestTransactions") {
				t.Errorf("%d: the caller is %q", i, got.Caller)
			}
		}
	})
}

func TestWhatTheReportMakesOfATransaction(t *testing.T) {
	for _, tt := range []struct {
		says string
		do   func(g *sqlguard.Guard, c *sqlguard.Conn)
		want string // what took how long, or nothing
	}{
		{"it ends", func(_ *sqlguard.Guard, c *sqlguard.Conn) { write(c); time.Sleep(time.Minute); c.End() }, "INSERT 1m0s"},
		{"it is committed", func(_ *sqlguard.Guard, c *sqlguard.Conn) {
			write(c)
			time.Sleep(time.Minute)
			c.Committing()
			c.Committed()
		}, "INSERT 1m0s"},
		{"its connection is closed", func(_ *sqlguard.Guard, c *sqlguard.Conn) { write(c); time.Sleep(time.Minute); c.Detach() }, "INSERT 1m0s"},
		{"it is open still", func(_ *sqlguard.Guard, c *sqlguard.Conn) { write(c); time.Sleep(time.Minute) }, "INSERT 1m0s open"},
		{"it ends on a read", func(_ *sqlguard.Guard, c *sqlguard.Conn) {
			write(c)
			run(context.Background(), c, "SELECT 1", sqlguard.Verdict{Class: sqlguard.Read, Op: sqlguard.OpSelect})
			c.End()
		}, "SELECT 0s"},
		{"nothing ran in it", func(_ *sqlguard.Guard, c *sqlguard.Conn) { time.Sleep(time.Minute); c.End() }, ""},
		{"nothing has run in it yet", func(*sqlguard.Guard, *sqlguard.Conn) { time.Sleep(time.Minute) }, ""},
		{"nothing ran in it, but in the one before", func(_ *sqlguard.Guard, c *sqlguard.Conn) {
			write(c)
			c.End()
			c.Begin(context.Background())
			time.Sleep(time.Minute)
			c.End()
		}, "INSERT 0s"},
		{"a shorter one like it follows", func(_ *sqlguard.Guard, c *sqlguard.Conn) {
			write(c)
			time.Sleep(time.Minute)
			c.End()
			c.Begin(context.Background())
			write(c)
			c.End()
		}, "INSERT 1m0s"},
		{"observing ends before it", func(g *sqlguard.Guard, c *sqlguard.Conn) {
			write(c)
			g.Release("test")
			time.Sleep(time.Minute)
			c.End()
		}, "INSERT 1m0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := observing(t, sqlguard.Policy{})
			c := attach(t, g)
			c.Begin(context.Background())
			tt.do(g, c)
			var got []string
			for _, tx := range g.Report().Transactions {
				s := fmt.Sprint(tx.Op, " ", tx.Took)
				if tx.Open {
					s += " open"
				}
				got = append(got, s)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("%s: %q, want %q", tt.says, got, tt.want)
			}
		})
	}
}

func write(c *sqlguard.Conn) {
	run(context.Background(), c, "INSERT INTO t VALUES (1)", writes(sqlguard.OpInsert, "t"))
}
