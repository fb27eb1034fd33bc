package sqlite

import (
	"strings"
	"testing"
)

// The constants are numbered by hand in the order of the list.
func TestKeywordsHaveTheirNumbers(t *testing.T) {
	list := strings.Fields(keywords)
	if last := wordAlter + uint16(len(list)) - 1; last != wordWith {
		t.Fatalf("the last of %d keywords has number %d, want %d", len(list), wordWith, last)
	}
	for word, want := range map[string]uint16{
		"alter": wordAlter, "do": wordDo, "explain": wordExplain, "insert": wordInsert, "or": wordOr, "replace": wordReplace,
		"savepoint": wordSavepoint, "trigger": wordTrigger, "with": wordWith,
	} {
		if got := uint16(words.FindName(word)) & number; got != want {
			t.Errorf("%s has number %d, want %d", word, got, want)
		}
	}
}
