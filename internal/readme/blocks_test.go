package readme_test

import (
	"os"
	"strings"
	"testing"
)

// block is a fenced code block. Its language is all that stands behind the fence, and its line is
// the first one of its text.
type block struct {
	language, text string
	line           int
}

// theREADME is the project's.
const theREADME = "../../README.md"

// blocks returns the code blocks of a document, in order.
func blocks(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	var open *block
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{language: strings.TrimSpace(language), line: number + 1}
		case fence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		t.Fatal("a code block is not closed")
	}
	return all
}

// goBlock returns the one Go block that contains a text.
func goBlock(t *testing.T, contains string) string {
	t.Helper()
	found := ""
	for _, b := range blocks(t, theREADME) {
		if b.language == "go" && strings.Contains(b.text, contains) {
			if found != "" {
				t.Fatalf("two Go blocks of the README contain %q", contains)
			}
			found = b.text
		}
	}
	if found == "" {
		t.Fatalf("no Go block of the README contains %q", contains)
	}
	return found
}

// line returns the one line of a block that begins with a text.
func line(t *testing.T, text, prefix string) string {
	t.Helper()
	for l := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(l), prefix) {
			return strings.TrimSpace(l)
		}
	}
	t.Fatalf("no line begins with %q in:\n%s", prefix, text)
	return ""
}

// replace puts a text in place of another, which must be there once.
func replace(t *testing.T, text, old, by string) string {
	t.Helper()
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%q is there %d times, not once, in:\n%s", old, n, text)
	}
	return strings.Replace(text, old, by, 1)
}
