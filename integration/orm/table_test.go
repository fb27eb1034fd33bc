package orm

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// row is what the proof of a library on an engine has found.
type row struct {
	library                         library
	off, refused, skipped, observed string
}

const (
	recipes = "../../docs/recipes.md"
	// The table in recipes stands between these lines.
	tableBegins = "<!-- The table is written by the tests of integration/orm. -->\n"
	tableEnds   = "<!-- The end of the table. -->\n"
	tableHead   = "| Library | Version | Database | Mode off | Read-only mode: writes that know they were refused | With a rule that skips rows | Told of in observe mode |\n" +
		"| --- | --- | --- | --- | --- | --- | --- |\n"
)

func TestLibraries(t *testing.T) {
	var table []string
	complete := true
	for _, l := range libraries() {
		proven := t.Run(l.name+" on "+l.engine.name, func(t *testing.T) {
			r := prove(t, l)
			if !t.Failed() {
				table = append(table, line(t, r))
			}
		})
		complete = complete && proven
	}
	if !complete {
		return
	}
	t.Run("the table in docs/recipes.md is what was found", func(t *testing.T) { compareTable(t, table) })
}

// line returns a row as Markdown.
func line(t *testing.T, r row) string {
	t.Helper()
	shown := ""
	if r.library.generated != "" {
		shown = generator(t, r.library.generated)
	} else {
		shown = version(t, r.library.module)
	}
	if r.library.startRefused {
		r.refused += "; does not start"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", r.library.name, shown, r.library.engine.name,
		r.off, r.refused, r.skipped, r.observed)
}

// generator returns the version of what has generated a file, which its first lines name.
func generator(t *testing.T, path string) string {
	t.Helper()
	code, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(code), "// versions:\n//   sqlc ")
	shown, _, isLine := strings.Cut(rest, "\n")
	if !ok || !isLine {
		t.Fatalf("%s does not say what has generated it", path)
	}
	return shown
}

// version returns the version of a module that go.mod asks for, which is the one that is compiled,
// because go.mod is tidy. A test's build information has no modules.
func version(t *testing.T, module string) string {
	t.Helper()
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(mod)) {
		if words := strings.Fields(l); len(words) >= 2 && words[0] == module {
			return words[1]
		}
	}
	t.Fatalf("go.mod does not ask for %s", module)
	return ""
}

// compareTable compares the table in the recipes with what was found, line by line: what was not
// proven, because a server is not installed, or the tests of only some libraries run, is not looked at.
func compareTable(t *testing.T, found []string) {
	t.Helper()
	document, err := os.ReadFile(recipes)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(document), tableBegins)
	written, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table", recipes)
	}
	if os.Getenv("QUIESCE_REWRITE") == "1" {
		if len(found) != proofs() {
			t.Fatalf("only %d of %d proofs ran; the table is written by all of them, on all servers", len(found), proofs())
		}
		table := tableHead + strings.Join(found, "")
		if err := os.WriteFile(recipes, []byte(before+tableBegins+table+tableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, want := range append([]string{tableHead}, found...) {
		if !strings.Contains(written, want) {
			t.Errorf("the table lacks this line, which the tests have found (QUIESCE_REWRITE=1 writes it):\n%s", want)
		}
	}
	if all := len(slices.Collect(strings.Lines(written))); len(found) == proofs() && all != 2+len(found) {
		t.Errorf("the table has %d lines, and the tests have found %d", all-2, len(found))
	}
}

// libraries are all that are proven, in the order of the table.
func libraries() []library {
	return slices.Concat(sqlxLibraries, gormLibraries, gooseLibraries, bunLibraries, sqlcLibraries, sqlcPgxLibraries, scanyLibraries, pgxscanLibraries, migrateLibraries, entLibraries, riverLibraries)
}

// proofs returns how many lines the whole table has.
func proofs() int { return len(libraries()) }
