package driver_test

import (
	"context"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// heads is the dialect keywords, which also knows an INSERT by its head, and counts what it is asked.
type heads struct {
	keywords
	asked *int // whole texts
}

func (d heads) Classify(sql string) sqlguard.Verdict {
	*d.asked++
	return d.keywords.Classify(sql)
}

func (heads) ClassifyHead(sql string) (sqlguard.Verdict, bool) {
	return sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert, Why: "by its head"}, strings.HasPrefix(sql, "INSERT")
}

func TestALongWriteIsKnownByItsHeadWhereNoRuleCouldMatter(t *testing.T) {
	long := "INSERT INTO t VALUES " + strings.Repeat("(1), ", 10_000) + "(1)"
	skips := sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"t"}, Action: sqlguard.Skip}}}
	rejects := sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"t"}, Action: sqlguard.Reject}}}
	for _, c := range []struct {
		says   string
		mode   sqlguard.Mode
		policy sqlguard.Policy
		ctx    context.Context
		text   string
		whole  int // how often the whole text is judged
		passes bool
	}{
		{"a long write", sqlguard.ReadOnly, sqlguard.Policy{}, context.Background(), long, 0, false},
		{"under a policy that only rejects", sqlguard.ReadOnly, rejects, context.Background(), long, 0, false},
		{"under a policy that skips", sqlguard.ReadOnly, skips, context.Background(), long, 1, true},
		{"as best effort", sqlguard.ReadOnly, sqlguard.Policy{}, sqlguard.WithBestEffort(context.Background()), long, 1, true},
		{"with a bypass", sqlguard.ReadOnly, sqlguard.Policy{}, sqlguard.WithBypass(context.Background(), "repair"), long, 1, true},
		{"while observing", sqlguard.Observe, sqlguard.Policy{}, context.Background(), long, 1, true},
		{"a short write", sqlguard.ReadOnly, sqlguard.Policy{}, context.Background(), "INSERT INTO t VALUES (1)", 1, false},
		{"another long text", sqlguard.ReadOnly, sqlguard.Policy{}, context.Background(), "DELETE " + long, 1, false},
	} {
		asked := 0
		f, g := &fake{}, newGuard(t, c.policy)
		db, err := driver.OpenDB(f, driver.Config{Guard: g, Dialect: heads{asked: &asked}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		set(t, g, c.mode)
		_, err = db.ExecContext(c.ctx, c.text)
		if c.passes && err != nil {
			t.Errorf("%s: %v", c.says, err)
		}
		if !c.passes {
			refused(t, c.says, err)
		}
		if asked != c.whole {
			t.Errorf("%s: the whole text was judged %d times, want %d", c.says, asked, c.whole)
		}
	}
}

func TestALongWriteDoomsItsTransactionToo(t *testing.T) {
	asked := 0
	f, g := &fake{}, newGuard(t, sqlguard.Policy{})
	db, err := driver.OpenDB(f, driver.Config{Guard: g, Dialect: heads{asked: &asked}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	set(t, g, sqlguard.ReadOnly)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, tx, "INSERT INTO t VALUES "+strings.Repeat("(1), ", 10_000)+"(1)")
	refused(t, "COMMIT", tx.Commit())
}
