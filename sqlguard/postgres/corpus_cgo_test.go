//go:build cgo

package postgres_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// knownRefusals are the reads of the corpus that do not pass.
var knownRefusals = map[string]string{
	"FETCH 10 FROM c": "the cursor's query is not in the text",
	"MOVE ALL IN c":   "the cursor's query is not in the text",
}

func TestCorpus(t *testing.T) {
	corpus.Verify(t, postgres.Dialect{}, knownRefusals, "postgres")
}

// A cursor that the same text declares is known, so the two refusals above are
// none there.
func TestReadsOfTheCorpusPassTogetherWithWhatWasRunBefore(t *testing.T) {
	found := 0
	for _, c := range corpus.Load(t, "postgres") {
		if len(c.PreIn) == 0 || c.Blocked == nil || *c.Blocked {
			continue
		}
		found++
		text := strings.Join(append(c.PreIn, c.Text()), "; ")
		if v := (postgres.Dialect{}).Classify(text); v.Class != sqlguard.Read && v.Class != sqlguard.Session {
			t.Errorf("%s: class %v (%s): %q", c.Source, v.Class, v.Why, text)
		}
	}
	if found < 4 {
		t.Errorf("%d such cases, want 4", found)
	}
}
