//go:build linux

package testdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// endVariable makes TestNothingIsLeftBehind play the child, and says how it ends.
const endVariable = "QUIESCE_TESTDB_END"

// goneWithin is how long what a dead process leaves behind may take to go.
const goneWithin = 30 * time.Second

// ends are the ways in which a test process ends. One that returns lets the test pass.
var ends = map[string]func(){
	"passes":                     func() {},
	"panics in its test":         func() { panic("on purpose") },
	"panics in a goroutine":      func() { go panic("on purpose"); select {} },
	"calls os.Exit":              func() { os.Exit(1) },
	"is killed":                  func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"is interrupted by a Ctrl-C": interrupt,
}

// interrupt signals the process group, as a terminal does. The parent made the child
// the leader of one.
func interrupt() {
	syscall.Kill(0, syscall.SIGINT)
	select {}
}

func TestNothingIsLeftBehind(t *testing.T) {
	if how := os.Getenv(endVariable); how != "" {
		beTheChild(t, how)
		return
	}
	t.Parallel()
	engines := []*shared{&sharedPostgres, &sharedMariaDB}
	for _, engine := range engines {
		engine.get(t) // skips where there are none
	}
	for how := range ends {
		t.Run("by a process that "+how, func(t *testing.T) {
			t.Parallel()
			c := startChild(t, how)
			for range engines {
				folder := c.folder(t)
				if len(processesIn(folder)) < 2 {
					t.Errorf("%s has processes %v, want a supervisor and a server", folder, processesIn(folder))
				}
				defer awaitGone(t, folder)
			}
			c.end(t)
		})
	}
}

func TestNothingIsLeftBehindByAProcessThatIsKilledDuringASetup(t *testing.T) {
	t.Parallel()
	for _, engine := range []*shared{&sharedPostgres, &sharedMariaDB} {
		t.Run(engine.engine.name, func(t *testing.T) {
			t.Parallel()
			engine.get(t)
			c := startChild(t, "early "+engine.engine.name)
			folder := c.folder(t)
			c.end(t)
			awaitGone(t, folder)
		})
	}
}

// beTheChild starts servers, prints their folders, and ends when it is told to.
func beTheChild(t *testing.T, how string) {
	end := ends[how]
	if name, early := strings.CutPrefix(how, "early "); early {
		end = ends["is killed"]
		e := map[string]*engine{postgres.name: postgres, mariadb.name: mariadb}[name]
		found, err := e.find()
		if err != nil {
			t.Fatal(err)
		}
		p, err := supervise(e, found)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("folder", p.folder)
	} else {
		// Both at once, to be quick.
		var starting sync.WaitGroup
		starting.Go(func() { Postgres(t) })
		starting.Go(func() { MariaDB(t) })
		starting.Wait()
		fmt.Println("folder", Postgres(t).process.folder)
		fmt.Println("folder", MariaDB(t).process.folder)
	}
	// Until the parent closes it.
	bufio.NewReader(os.Stdin).ReadString('\n')
	end()
}

// A child is this test binary, running TestNothingIsLeftBehind in its other part.
type child struct {
	cmd   *exec.Cmd
	input io.Closer
	lines *bufio.Scanner
}

func startChild(t *testing.T, how string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingIsLeftBehind$")
	cmd.Env = append(os.Environ(), endVariable+"="+how)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	printed, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return &child{cmd: cmd, input: input, lines: bufio.NewScanner(printed)}
}

// folder returns the next folder that the child prints.
func (c *child) folder(t *testing.T) string {
	t.Helper()
	for c.lines.Scan() {
		if folder, ok := strings.CutPrefix(c.lines.Text(), "folder "); ok {
			return folder
		}
	}
	t.Fatal("the child printed no folder")
	return ""
}

// end lets the child end, and awaits it.
func (c *child) end(t *testing.T) {
	t.Helper()
	if err := c.input.Close(); err != nil {
		t.Fatal(err)
	}
	for c.lines.Scan() {
		t.Log("child:", c.lines.Text())
	}
	t.Log("the child ended:", c.cmd.Wait())
}

// awaitGone fails the test if the folder, or a process that works in it, stays.
func awaitGone(t *testing.T, folder string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), goneWithin)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		_, err := os.Stat(folder)
		left := processesIn(folder)
		if errors.Is(err, os.ErrNotExist) && len(left) == 0 {
			return
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			t.Errorf("left behind: folder %s (%v), processes %v", folder, err, left)
			return
		}
	}
}

// processesIn returns the ids of the processes whose working directory is the folder or
// below it, also when it has been removed. A zombie has no working directory.
func processesIn(folder string) []string {
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		panic(err)
	}
	var ids []string
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && strings.HasPrefix(at, folder) {
			ids = append(ids, filepath.Base(filepath.Dir(link)))
		}
	}
	return ids
}
