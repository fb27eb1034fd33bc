package readme_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// cgo reports whether the manuals' commands are built with it.
var cgo bool

// TestTheManualsPrintWhatTheySay walks through each manual in docs: a block with a file's name
// behind its language is written to that file; a block marked console is typed into a shell, in the
// folder of the files, and one marked sh in the project's.
func TestTheManualsPrintWhatTheySay(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not in PATH; the manuals are typed with it")
	}
	if !cgo {
		t.Skip("built without cgo; the manuals show what PostgreSQL's grammar says, which is written in C")
	}
	bin := t.TempDir()
	for page, of := range runners {
		if of[0].test != t.Name() {
			continue
		}
		path := "../../" + page
		t.Run(filepath.Base(path), func(t *testing.T) {
			folder := t.TempDir()
			typed := 0
			for _, b := range blocks(t, path) {
				words := strings.Fields(b.language)
				switch {
				case len(words) == 2:
					if err := os.WriteFile(filepath.Join(folder, words[1]), []byte(b.text), 0o600); err != nil {
						t.Fatal(err)
					}
				case b.language == "console":
					typed += typeCommands(t, b.text, folder, bin)
				case b.language == "sh":
					install(t, b.text, bin)
				}
			}
			if typed == 0 {
				t.Error("the manual has no command")
			}
		})
	}
}

// install types what a manual says to install, in the project's folder, into another.
func install(t *testing.T, text, bin string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH; it is needed to build the manuals' command")
	}
	shell := exec.Command("bash", "-ec", text)
	shell.Dir = "../.."
	shell.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-buildvcs=false "+strings.Join(buildFlags, " "))
	if out, err := shell.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", text, err, out)
	}
	if _, err := exec.LookPath(filepath.Join(bin, "quiesce")); err != nil {
		t.Errorf("%s installs no command: %v", text, err)
	}
}

// mark parts the outputs of one shell's commands.
const mark = "-- end of a command --\n"

// typeCommands types the commands of a console block into one shell, and returns how many
// there are. A line that begins with a prompt is a command, and what follows is what it prints.
func typeCommands(t *testing.T, text, folder, bin string) int {
	t.Helper()
	script, printed := "", []string{}
	for line := range strings.Lines(text) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case isCommand:
			// The mark must not change $?, which the next command may print.
			script += command + "status=$?; printf '%s' '" + mark + "'; (exit $status)\n"
			printed = append(printed, "")
		case len(printed) == 0:
			t.Fatalf("this output has no command: %s", line)
		default:
			printed[len(printed)-1] += line
		}
	}
	shell := exec.Command("bash", "-c", script)
	shell.Dir = folder
	shell.Env = append(environment(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	got := strings.Split(string(out), mark)
	if len(got) != len(printed)+1 {
		t.Fatalf("bash: %v\n%s", err, out)
	}
	for i, want := range printed {
		if withoutReasons(got[i]) != withoutReasons(want) {
			t.Errorf("command %d of\n%s\nprints\n%s\nand the manual says\n%s", i+1, text, got[i], want)
		}
	}
	return len(printed)
}

var (
	reasonInText = regexp.MustCompile(`(?m)^(\S+: (?:\d+ calls: )?(?:pass|engine|reject) [a-z]+ [^:\n]+: ).*?( \(queryid -?\d+\))?$`)
	reasonInJSON = regexp.MustCompile(`"why":"[^"]*"`)
)

// withoutReasons leaves out the words in which a verdict says why it is what it is. They are for
// people, and may change (sqlguard.Verdict.Why): a manual shows them as they were when it was written.
func withoutReasons(text string) string {
	text = reasonInText.ReplaceAllString(text, "$1…$2")
	return reasonInJSON.ReplaceAllString(text, `"why":"…"`)
}
