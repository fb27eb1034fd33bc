package lex

import (
	"fmt"
	"strings"
	"testing"
)

func TestWordsAreFoundInAnyCaseAndNoOthers(t *testing.T) {
	codes := map[string]uint16{"a": 1, "as": 2, "coalesce": 3, "current_time": 4, "current_timestamp": 5, "sqlite_compileoption_get": 6}
	w := NewWords(codes)
	for text, code := range codes {
		for _, s := range []string{text, strings.ToUpper(text), strings.ToUpper(text[:1]) + text[1:]} {
			if got := w.Find("("+s+")", 1, 1+len(s)); got != code|Known {
				t.Errorf("%s has code %d, want %d", s, got, code|Known)
			}
			if got := w.FindName(s); got != code|Known {
				t.Errorf("the name %s has code %d, want %d", s, got, code|Known)
			}
			if got := w.Find(s+"        ", 0, len(s)); got != code|Known {
				t.Errorf("%s with room behind it has code %d, want %d", s, got, code|Known)
			}
		}
		for i := range len(text) {
			for c := range 256 {
				other := text[:i] + string([]byte{byte(c)}) + text[i+1:]
				if code := codes[strings.ToLower(other)]; code == 0 && w.FindName(other) != 0 {
					t.Errorf("%q is found, as if it were %s", other, text)
				}
			}
		}
	}
}

func TestMistakesInListsOfWordsAreFoundAtOnce(t *testing.T) {
	many := make(map[string]uint16)
	for i := range wordSlots {
		many[fmt.Sprint("w", i)] = 1
	}
	for says, codes := range map[string]map[string]uint16{
		"an empty word": {"": 1}, "a word in upper case": {"A": 1}, "two words": {"a b": 1}, "too many words": many,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", says)
				}
			}()
			NewWords(codes)
		}()
	}
}
