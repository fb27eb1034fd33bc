package readme_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// A runner says which test runs the blocks of a page, and of which languages: all that stands
// behind the fence.
type runner struct {
	languages *regexp.Regexp
	file      string // relative to the project's folder
	test      string
}

// runners are those of the pages that a test of their own runs. All others are run by
// TestThePagesRun.
var runners = map[string][]runner{
	"README.md": {
		{regexp.MustCompile(`^go$`), "internal/readme/readme_test.go", "TestTheQuickStarts"},
		{regexp.MustCompile(`^sh$`), "internal/readme/readme_test.go", "TestTheCommandsOfTheREADME"},
	},
	"docs/check.md": {
		{regexp.MustCompile(`^(console|sh|[a-z]+ \S+)$`), "internal/readme/manuals_test.go", "TestTheManualsPrintWhatTheySay"},
	},
	"docs/quiesce.md": {
		{regexp.MustCompile(`^go$`), "sqlguard/fleet/example_test.go", "TestTheManualShowsThisExample"},
		{regexp.MustCompile(`^help .+$`), "cmd/quiesce/manual_test.go", "TestTheManualHasTheHelpOfEachCommand"},
	},
	"docs/runbook.md": {
		{regexp.MustCompile(`^(console|sh migrate\.sh)$`), "cmd/quiesce/internal/night/runbook_test.go", "TestTheRunbook"},
	},
	"docs/recipes.md": {
		{regexp.MustCompile(`^go$`), "integration/orm/recipes_test.go", "TestTheRecipesAreWhatTheTestsRun"},
	},
}

var others = []runner{
	{regexp.MustCompile(`^(go( setup| postgres| mariadb| serve)?|output|console|sql)$`), "internal/readme/pages_test.go", "TestThePagesRun"},
}

// pages returns the pages of the documentation, relative to the project's folder.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(found) == 0 {
		t.Fatalf("no page: %v", err)
	}
	all := []string{"README.md"}
	for _, path := range found {
		all = append(all, "docs/"+filepath.Base(path))
	}
	return all
}

// hiddenFence is one that blocks does not see.
var hiddenFence = regexp.MustCompile("(?m)^([ >\t]+```|[ >\t]*~~~|[ >\t]*````).*$")

// TestEachBlockHasATestThatRunsIt fails for a block that nobody runs: one whose language no test
// of its page knows, and one of the README that none of its tests takes.
func TestEachBlockHasATestThatRunsIt(t *testing.T) {
	for _, page := range pages(t) {
		of, own := runners[page]
		if !own {
			of = others
		}
		for _, hidden := range hiddenFence.FindAllString(prose(t, page), -1) {
			t.Errorf("%s: no test sees the block that begins with %q: its fence must be three backquotes at the beginning of a line", page, hidden)
		}
		for i, b := range blocks(t, "../../"+page) {
			if !run(t, of, b) {
				t.Errorf("%s: no test runs block %d, which is marked %q", page, i+1, b.language)
			}
			if page == "README.md" && b.language == "go" && !takenOfTheREADME(b) {
				t.Errorf("README.md: no test takes block %d:\n%s", i+1, b.text)
			}
		}
	}
}

// run reports whether a test runs a block, and is there.
func run(t *testing.T, of []runner, b block) bool {
	t.Helper()
	for _, r := range of {
		if r.languages.MatchString(b.language) {
			text, err := os.ReadFile("../../" + r.file)
			if err != nil || !strings.Contains(string(text), "func "+r.test+"(t *testing.T)") {
				t.Errorf("%s has no %s: %v", r.file, r.test, err)
			}
			return true
		}
	}
	return false
}

// takenOfTheREADME reports whether goBlock finds a block by one of the texts by which the
// README's tests look for theirs.
func takenOfTheREADME(b block) bool {
	for _, text := range []string{"func main()", "guarded-mysql", "guarded-sqlite", "pgx.NewPool(", "SetPolicy(", ".Hold(", ".Drain("} {
		if strings.Contains(b.text, text) {
			return true
		}
	}
	return false
}

// TestThePagesRun builds the Go blocks of the pages, all into one program, and runs those that
// are followed by their output or by commands.
func TestThePagesRun(t *testing.T) {
	if !cgo {
		t.Skip("built without cgo; the pages show what PostgreSQL's grammar says, which is written in C")
	}
	b := newBook()
	for _, page := range pages(t) {
		if _, own := runners[page]; !own {
			b.add(t, page, blocks(t, "../../"+page))
		}
	}
	if len(b.pieces) == 0 {
		t.Fatal("the pages have no Go block")
	}
	bin := b.build(t)
	for _, piece := range b.pieces {
		if !piece.runs {
			continue
		}
		t.Run(fmt.Sprintf("%s, line %d", piece.page, piece.line), func(t *testing.T) {
			switch {
			case piece.engine == "serve":
				piece.typeConsoles(t, bin)
			default:
				piece.compareOutput(t, bin)
			}
		})
	}
}

// command returns the command that runs a piece, in a folder of its own, with a database.
func (p *piece) command(t *testing.T, bin string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(bin, p.name)
	cmd.Dir = t.TempDir()
	// At its end a program with the race detector sleeps for a second, for reports of what still runs.
	cmd.Env = append(environment(), strings.TrimSpace("GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE")))
	switch p.engine {
	case "postgres":
		cmd.Env = append(cmd.Env, "DATABASE_URL="+testdb.Postgres(t).Database(t))
	case "mariadb":
		cmd.Env = append(cmd.Env, "DATABASE_URL="+testdb.MariaDB(t).Database(t))
	default:
		cmd.Env = append(cmd.Env, "DATABASE_URL=file:"+filepath.Join(cmd.Dir, "page.db"))
	}
	return cmd
}

func (p *piece) compareOutput(t *testing.T, bin string) {
	out, err := p.command(t, bin).CombinedOutput()
	if err != nil || string(out) != p.output {
		t.Errorf("it ended with %v, and printed\n%s\nand the page says\n%s", err, out, p.output)
	}
}

// typeConsoles starts a piece that serves, and types the commands of the consoles that follow it.
func (p *piece) typeConsoles(t *testing.T, bin string) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not in PATH; Debian's package is %[1]s", program)
		}
	}
	cmd := p.command(t, bin)
	site, panel := freeAddress(t), freeAddress(t)
	cmd.Env = append(cmd.Env, "PAGES_SITE="+site, "PAGES_PANEL="+panel)
	start(t, cmd, site, panel)
	typed := 0
	for _, text := range p.consoles {
		text = strings.NewReplacer("localhost:8080", site, "localhost:8081", panel).Replace(text)
		typed += typeCommands(t, text, cmd.Dir, "")
	}
	if typed == 0 {
		t.Error("no command is typed")
	}
}
