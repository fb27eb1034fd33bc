package corpus_test

import (
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestEveryCaseIsComplete(t *testing.T) {
	cases := corpus.Load(t, "postgres", "mysql", "mysql8", "mariadb", "sqlite")
	if len(cases) != 2785 {
		t.Errorf("%d cases, want 2785", len(cases))
	}
	for _, c := range cases {
		if len(c.Class) == 0 || c.Why == "" {
			t.Errorf("%s: no class or no reason", c.Source)
		}
	}
}

func TestPasses(t *testing.T) {
	lock := func(op sqlguard.Op, calls ...string) sqlguard.Verdict {
		return sqlguard.Verdict{Class: sqlguard.Lock, Op: op, Calls: calls}
	}
	for _, c := range []struct {
		name string
		v    sqlguard.Verdict
		want bool
	}{
		{"a read", sqlguard.Verdict{Class: sqlguard.Read}, true},
		{"a session statement", sqlguard.Verdict{Class: sqlguard.Session}, true},
		{"a verdict that nobody filled in", sqlguard.Verdict{}, false},
		{"an unproven query", sqlguard.Verdict{Class: sqlguard.Unproven}, false},
		{"a row lock", lock(sqlguard.OpLock), false},
		{"a named lock", lock(sqlguard.OpAdvisoryLock), true},
		{"a named lock beside an unknown call", lock(sqlguard.OpAdvisoryLock, "f"), false},
		{"a release", lock(sqlguard.OpUnlock), true},
		{"a named lock, then a row lock", sqlguard.Combine([]sqlguard.Verdict{lock(sqlguard.OpAdvisoryLock), lock(sqlguard.OpLock)}), false},
	} {
		if got := corpus.Passes(c.v); got != c.want {
			t.Errorf("%s: passes is %v", c.name, got)
		}
	}
}
