//go:build linux

package testdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failingEngine returns PostgreSQL with functions of its script replaced.
func failingEngine(t *testing.T, replacement string) (*engine, programs) {
	t.Helper()
	sharedPostgres.get(t)
	failing := *postgres
	failing.script += replacement + "\n"
	return &failing, sharedPostgres.server.programs
}

func TestAServerThatDoesNotComeUpIsAnErrorWithItsLog(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, replacement, want string }{
		{"its setup fails", `setup() { echo "folder $folder"; echo "no room" >&2; return 1; }`, "no room"},
		{"it ends at once", `serve() { echo "folder $folder"; echo "bad setting" >&2; exit 1; }`, "bad setting"},
		{"it is refused a setting", `serve() { echo "folder $folder"; exec "$server" -D "$folder/data" -c nonsense=1; }`, `"nonsense"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			failing, found := failingEngine(t, test.replacement)
			_, err := start(failing, found)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "PostgreSQL") {
				t.Errorf("the error lacks %q or the server's name: %v", test.want, err)
			}
			_, folder, ok := strings.Cut(err.Error(), "folder ")
			if !ok {
				t.Fatalf("the log in the error does not name the folder: %v", err)
			}
			folder, _, _ = strings.Cut(folder, "\n")
			if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the folder is still there: %v", err)
			}
		})
	}
}

func TestAServerThatDoesNotStopIsKilled(t *testing.T) {
	t.Parallel()
	stubborn, found := failingEngine(t, `
setup() { :; }
serve() { trap '' QUIT; echo ready >ready; while :; do sleep 1; done; }`)
	p, err := supervise(stubborn, found)
	if err != nil {
		t.Fatal(err)
	}
	isReady := func(context.Context) error {
		_, err := os.Stat(filepath.Join(p.folder, "ready"))
		return err
	}
	if err := p.await(isReady); err != nil {
		t.Fatal(err)
	}
	p.alive.Close()
	awaitGone(t, p.folder)
	p.stop(stopTimeout)
}

func TestASetupThatHangsIsKilled(t *testing.T) {
	t.Parallel()
	hanging, found := failingEngine(t, `setup() { sleep 3600; }`)
	p, err := supervise(hanging, found)
	if err != nil {
		t.Fatal(err)
	}
	p.stop(time.Second)
	awaitGone(t, p.folder)
}

func TestAServerIsUnprivilegedAndItsFolderPrivate(t *testing.T) {
	for _, engine := range []*shared{&sharedPostgres, &sharedMariaDB} {
		t.Run(engine.engine.name, func(t *testing.T) {
			folder := engine.get(t).process.folder
			info, err := os.Stat(folder)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o700 {
				t.Errorf("the folder's mode is %v, want it private", info.Mode())
			}
			ids := processesIn(folder)
			if len(ids) == 0 {
				t.Error("no process works in the folder")
			}
			for _, id := range ids {
				process, err := os.Stat("/proc/" + id)
				if errors.Is(err, os.ErrNotExist) {
					continue // a process of PostgreSQL that was for one connection
				}
				if err != nil {
					t.Fatal(err)
				}
				if process.Sys().(*syscall.Stat_t).Uid == 0 {
					t.Errorf("process %s runs as root", id)
				}
			}
		})
	}
}

func TestAFolderThatTheServerCannotEnterIsPassedOver(t *testing.T) {
	failing, found := failingEngine(t, `setup() { return 1; }`)
	// Not in t.TempDir: that path may be too long for a socket.
	closed, err := os.MkdirTemp("/tmp", "closed-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(closed) })
	if err := os.Chmod(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", closed)
	p, err := supervise(failing, found)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop(stopTimeout)
	if strings.HasPrefix(p.folder, closed) {
		t.Errorf("the server's folder is %s, in a folder closed to it", p.folder)
	}
}
