package sqlguard_test

import (
	"context"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestEveryWriteIsRefusedOnlyWhereNothingCouldMakeAnException(t *testing.T) {
	background := context.Background()
	policy := func(a sqlguard.Action) sqlguard.Policy {
		return sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"t"}, Action: a}}}
	}
	for _, tt := range []struct {
		name   string
		mode   sqlguard.Mode
		policy sqlguard.Policy
		ctx    context.Context
		want   bool
	}{
		{"read-only without a policy", sqlguard.ReadOnly, sqlguard.Policy{}, background, true},
		{"a rule that rejects", sqlguard.ReadOnly, policy(sqlguard.Reject), background, true},
		{"a rule that skips", sqlguard.ReadOnly, policy(sqlguard.Skip), background, false},
		{"a rule that allows", sqlguard.ReadOnly, policy(sqlguard.Allow), background, false},
		{"best effort", sqlguard.ReadOnly, sqlguard.Policy{}, sqlguard.WithBestEffort(background), false},
		{"a bypass", sqlguard.ReadOnly, sqlguard.Policy{}, sqlguard.WithBypass(background, "why"), false},
		{"a bypass without a reason, which has an error of its own", sqlguard.ReadOnly, sqlguard.Policy{}, sqlguard.WithBypass(background, ""), false},
		{"off", sqlguard.Off, sqlguard.Policy{}, background, false},
		{"observe", sqlguard.Observe, sqlguard.Policy{}, background, false},
	} {
		g := newGuard(t, sqlguard.Config{Policy: tt.policy})
		hold(t, g, "test", sqlguard.Change{Mode: tt.mode})
		if got := g.RefusesWrites(tt.ctx); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}
