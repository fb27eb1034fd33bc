package orm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheRecipesAreWhatTheTestsRun: each Go block of docs/recipes.md is a run of lines of a file of
// this package, so it compiles, and what the proofs open is what the recipes say.
func TestTheRecipesAreWhatTheTestsRun(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	code := ""
	for _, file := range files {
		code += flat(t, file)
	}
	blocks := strings.Split(flat(t, recipes), "\n```")
	found := 0
	for _, block := range blocks {
		text, isGo := strings.CutPrefix(block, "go\n")
		if !isGo {
			continue
		}
		found++
		if !strings.Contains(code, "\n"+text+"\n") {
			t.Errorf("no test has these lines of the recipes:\n%s", text)
		}
	}
	if found == 0 {
		t.Error("the recipes have no Go block")
	}
}

// flat returns a file without the white space that its lines begin with.
func flat(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for line := range strings.Lines(string(text)) {
		all.WriteString(strings.TrimLeft(line, "\t"))
	}
	return all.String()
}
