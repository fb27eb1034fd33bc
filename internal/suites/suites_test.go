package suites

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestWhatCountsAgainstADialect(t *testing.T) {
	for _, c := range []struct {
		says   string
		class  sqlguard.Class
		answer Answer
		aside  bool
		want   string
	}{
		{"a read that the server refuses", sqlguard.Read, Refused, false, "LAX"},
		{"a session statement that the server refuses", sqlguard.Session, Refused, false, "LAX"},
		{"an unproven query that the server refuses", sqlguard.Unproven, Refused, false, ""},
		{"a write that the server refuses", sqlguard.Write, Refused, false, ""},
		{"a read that fails for another reason", sqlguard.Read, Failed, false, ""},
		{"a read that runs", sqlguard.Read, Ran, false, ""},
		{"a write that runs", sqlguard.Write, Ran, false, "WRITE"},
		{"a write to a temporary table", sqlguard.Write, Ran, true, ""},
		{"maintenance", sqlguard.Schema, Ran, false, ""},
		{"an unproven query that runs", sqlguard.Unproven, Ran, false, "UNPROVEN"},
	} {
		var tally Tally
		tally.Add(Statement{Source: "s:1", Verdict: sqlguard.Verdict{Class: c.class}, Answer: c.answer, Aside: c.aside})
		var out strings.Builder
		if err := tally.Details(&out); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(out.String(), "\t"); got != c.want {
			t.Errorf("%s: %q, want %q", c.says, got, c.want)
		}
	}
}
