package sqlguard

import (
	"regexp"
	"strings"
	"testing"
)

// reference says by a regular expression whether a text matches a pattern.
func reference(pat, text string, fold bool) bool {
	parts := strings.Split(pat, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	return regexp.MustCompile(flags + `\A` + strings.Join(parts, ".*") + `\z`).MatchString(text)
}

func FuzzGlob(f *testing.F) {
	for _, seed := range []struct{ pat, text string }{
		{"", ""}, {"*", ""}, {"a*", "abc"}, {"*c", "abc"}, {"a*b*c", "aXbXbXc"}, {"a*b*c", "acb"},
		{"**", "x"}, {"A", "a"}, {"view_*_log", "view_log"}, {"*a*a*a*b", "aaaaaaaaaaaaaaaa"},
	} {
		f.Add(seed.pat, seed.text)
	}
	f.Fuzz(func(t *testing.T, pat, text string) {
		// The reference knows characters, and folds more than ASCII.
		for _, c := range []byte(pat + text) {
			if c >= 0x80 {
				t.Skip("not ASCII")
			}
		}
		for _, fold := range []bool{false, true} {
			if got, want := glob(pat, text, fold), reference(pat, text, fold); got != want {
				t.Errorf("glob(%q, %q, %t) is %t, want %t", pat, text, fold, got, want)
			}
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"a", "a.b", "*.b", "a.", ".", "operator <->", "type s.mood", "operator s.<->", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePattern(text)
		if err != nil {
			return
		}
		schema, name := splitName(text)
		if name == "" || !p.matches(schema, name, false) || !p.mayMatch(schema, name) {
			t.Errorf("%q does not match itself", text)
		}
		// What certainly matches may match.
		if p.matches("", name, true) && !p.mayMatch("", name) {
			t.Errorf("%q certainly matches what it may not", text)
		}
	})
}
