package night_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// TestTheRunbook types the commands of the runbook, in its order, into one shell, on a fleet of two
// processes that write all the time. What it prints is what the runbook says, where "…" stands for anything.
func TestTheRunbook(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "psql", "pg_dump"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not in PATH; the runbook is typed with it", program)
		}
	}
	p := build(t)
	e := engines[0]
	logical := testdb.PostgresWith(t, "-c", "wal_level=logical", "-c", "client_connection_check_interval=1s")
	s := &site{t: t, engine: e, store: testdb.Postgres(t).Database(t), db: logical.Database(t), programs: p}
	replica := testdb.Postgres(t)
	s.prepare()
	s.populate(2)
	s.writing()
	manual := read(t, "../../../../docs/runbook.md")
	shell := newShell(t, []string{
		"QUIESCE_STORE=" + s.store, "QUIESCE_DATABASE=" + s.db, "QUIESCE_ACTOR=ada@desk", "PATH=" + filepath.Dir(p.quiesce) + ":" + os.Getenv("PATH"),
		"OLD=" + s.db, "NEW=" + replica.Database(t), "REPLICA=" + replica.Database(t),
	})
	for _, b := range manual {
		switch {
		case b.language == "sh migrate.sh":
			shell.file("migrate.sh", b.text)
		case b.language == "console":
			shell.console(b.text)
		}
	}
}

// block is a fenced block of a document. Its language is all that stands behind the fence.
type block struct{ language, text string }

// read returns the blocks of a document.
func read(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, m := range regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		all = append(all, block{m[1], m[2]})
	}
	if len(all) == 0 {
		t.Fatalf("%s has no commands", path)
	}
	return all
}

// shell is a terminal in which one command after the other is typed.
type shell struct {
	t      *testing.T
	folder string
	env    []string
}

func newShell(t *testing.T, env []string) *shell {
	return &shell{t: t, folder: t.TempDir(), env: append(os.Environ(), env...)}
}

func (s *shell) file(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// console types the commands of a block. Variables that one sets are there for the next.
func (s *shell) console(text string) {
	s.t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^\$ (.*)\n((?:[^$\n].*\n|\n)*)`).FindAllStringSubmatch(text, -1) {
		command, want := m[1], m[2]
		cmd := exec.Command("bash", "-o", "pipefail", "-c", "source ./variables 2>/dev/null; "+command+"\nstatus=$?; declare -p lsn > variables 2>/dev/null; exit $status")
		cmd.Dir, cmd.Env = s.folder, s.env
		out, err := cmd.Output()
		var stderr string
		if exit, ok := err.(*exec.ExitError); ok {
			stderr = string(exit.Stderr)
		}
		if err != nil {
			s.t.Fatalf("$ %s\n%v\n%s%s", command, err, out, stderr)
		}
		if !s.matches(string(out), want) {
			s.t.Errorf("$ %s\nprints\n%s\nand the runbook says\n%s", command, out, want)
		}
	}
}

// matches reports whether something is what it should be, where "…" stands for anything within a
// line, and for any lines if it is one. What is not to be seen on standard output, such as NOTICE, does not count.
func (s *shell) matches(got, want string) bool {
	pattern := ""
	for line := range strings.Lines(want) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "…":
			pattern += `(?:.*\n)*`
		case strings.HasPrefix(line, "NOTICE:"):
		default:
			pattern += strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\n`
		}
	}
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got)
}
