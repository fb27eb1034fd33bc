package lex_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

func TestWordsAreFoundInAnyLetterCaseAndPlace(t *testing.T) {
	table := lex.NewWordTable(5)
	table.Add(1, "a", "select", "a_b", "json_object_agg_unique_strict")
	table.Add(2, "select")
	table.Add(6, "eight888")
	table.Remove(4, "eight888")
	for word, want := range map[string]uint64{
		"a": 1, "A": 1, "SELECT": 3, "Select": 3, "selects": 0, "selec": 0, "a_b": 1, "A_B": 1, "aBb": 0, "b": 0,
		"Eight888": 2, "eight88": 0, "eight8888": 0, "é": 0, "\xe1": 0,
		"JSON_object_agg_unique_strict": 1, "json_object_agg_uniqueXstrict": 0, "json_objectXagg_unique_strict": 0,
	} {
		for _, around := range []string{"%s", " %s", "%s = 12345678", "x.%s, y"} {
			src := fmt.Sprintf(around, word)
			start := strings.Index(src, word)
			if got := table.Find(src, start, start+len(word)); got != want {
				t.Errorf("%d, want %d: %q in %q", got, want, word, src)
			}
		}
	}
}

func TestATableFindsEachOfManyWords(t *testing.T) {
	const many = 8000
	table := lex.NewWordTable(many)
	word := func(i int) string { return fmt.Sprintf("w%d_%x", i, i*7919) }
	for i := range many {
		table.Add(uint64(i)+1, word(i))
	}
	for i := range many {
		if got := table.Find(word(i), 0, len(word(i))); got != uint64(i)+1 {
			t.Fatalf("%d, want %d: %q", got, i+1, word(i))
		}
		if other := word(i) + "x"; table.Find(other, 0, len(other)) != 0 {
			t.Fatalf("found %q", other)
		}
	}
}

func TestATableThatIsTooSmallSaysSo(t *testing.T) {
	for name, fill := range map[string]func(){
		"too many words":    func() { lex.NewWordTable(2).Add(1, "a", "b", "c", "d", "e", "f", "g", "h", "i") },
		"too large a table": func() { lex.NewWordTable(9000) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			fill()
		}()
	}
}

func TestQuotedNamesAreFoundByTheirBytes(t *testing.T) {
	codes := map[string]uint64{"a": 1, "as": 2, "coalesce": 3, "current_time": 4, "current_timestamp": 5, "sqlite_compileoption_get": 6}
	table := lex.NewWordTable(len(codes))
	for word, code := range codes {
		table.Add(code, word)
	}
	for word, code := range codes {
		if got := table.FindName(strings.ToUpper(word)); got != code {
			t.Errorf("the name %s has code %d, want %d", word, got, code)
		}
		for i := range len(word) {
			for c := range 256 {
				other := word[:i] + string([]byte{byte(c)}) + word[i+1:]
				if codes[strings.ToLower(other)] == 0 && table.FindName(other) != 0 {
					t.Errorf("%q is found, as if it were %s", other, word)
				}
			}
		}
	}
	if table.FindName("") != 0 {
		t.Error("the empty name is found")
	}
}
