package corpus_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
)

func TestAMutatorRepeatsItselfWithItsSeedOnly(t *testing.T) {
	texts := func(seed uint64) string {
		m := corpus.NewMutator(t, lex.MySQL, seed, "/x", "mysql")
		var all strings.Builder
		for range 50 {
			all.WriteString(m.Next())
		}
		return all.String()
	}
	one := texts(1)
	if again := texts(1); one != again {
		t.Error("one seed made two sequences")
	}
	if one == texts(2) {
		t.Error("two seeds made one sequence")
	}
}
