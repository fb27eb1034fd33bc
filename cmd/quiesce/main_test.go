package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quiesce": main, "member": member})
}

// TestTheCommand runs the scripts. They have one command more than testscript's own:
// "exits 2 quiesce check" runs a program, and fails if its exit code is another.
func TestTheCommand(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GRAMMAR", grammar)
			env.Setenv("QUIESCE_STORE", "sqlite:"+filepath.Join(env.WorkDir, "fleet.db"))
			env.Setenv("QUIESCE_ACTOR", "kim@desk")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "await": await, "fails": fails, "cmpjson": cmpjson},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [argument …]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var failed *osexec.ExitError
	got := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// await waits until files exist: "await file …".
func await(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(ts.MkAbs(file)); err == nil {
				break
			}
			if time.Since(began) > time.Minute {
				ts.Fatalf("there is no %s after a minute", file)
			}
		}
	}
}

// fails runs a program until it exits with a code: "fails code program [argument …]". That is how a script waits for
// the time of a lease to be over.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		var failed *osexec.ExitError
		if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) && failed.ExitCode() == want || err == nil && want == 0 {
			return
		}
		if time.Since(began) > time.Minute {
			ts.Fatalf("it never exits with %d", want)
		}
	}
}

// full is a standard output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatFailsIsAnError(t *testing.T) {
	for _, args := range [][]string{
		{"check", "--dialect", "sqlite"},
		{"check", "--dialect", "sqlite", "--format", "json"},
		{"check", "--dialect", "sqlite", "--format", "jsonl"},
		{"check", "--help"},
		{"help"},
		{"version"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			stdin := strings.NewReader("{\"sql\":\"SELECT 1\"}\n")
			code := exec(context.Background(), args, stdin, full{}, &stderr)
			if code != exitUsage || !strings.Contains(stderr.String(), "cannot write the") ||
				!strings.Contains(stderr.String(), "no space left") {
				t.Errorf("exit code %d, and it says:\n%s", code, stderr.String())
			}
		})
	}
}

func TestTheVersionSaysWhatWasBuilt(t *testing.T) {
	for _, tt := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"without build information", nil, "quiesce (devel) (go"},
		{"of a module version", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "quiesce v1.2.3 (go"},
		{"of a repository", &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}}, "quiesce (devel) (abc, go"},
		{"of one with changes", &debug.BuildInfo{Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"},
		}}, "quiesce (devel) (abc, modified, go"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := versionOf(tt.info); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want it to begin with %q", got, tt.want)
			}
		})
	}
}
