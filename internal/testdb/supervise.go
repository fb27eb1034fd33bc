package testdb

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// startTimeout is far more than a server needs, also on a machine that runs the
	// tests of several packages at once.
	startTimeout = 2 * time.Minute
	// stopTimeout is more than the supervisor gives a server to stop.
	stopTimeout = 20 * time.Second
	pollEvery   = 20 * time.Millisecond

	// A socket's path has room for about 100 bytes, of which the folder's own name and
	// the socket's take 40.
	longestBase = 60
)

//go:embed supervise.sh
var superviseScript string

// A process is a server and its supervisor.
type process struct {
	folder string
	// alive is the supervisor's standard input. Nothing is ever written to it.
	alive *os.File
	// output is open for as long as any process of the server is.
	output *os.File
	cmd    *exec.Cmd
}

// supervise returns when the server's folder has been made: the server is on its way.
func supervise(e *engine, found programs) (*process, error) {
	bases := folderBases()
	cmd := exec.Command("/bin/sh", append([]string{"-c", e.script + superviseScript,
		"quiesce-testdb", found.installer, found.server}, bases...)...)
	cmd.Dir = "/"
	cmd.Env = environment()
	if err := detach(cmd, e.accounts); err != nil {
		return nil, err
	}
	p, err := startSupervisor(cmd)
	if err != nil {
		return nil, err
	}
	folder, err := bufio.NewReader(p.output).ReadString('\n')
	if err != nil {
		p.stop(stopTimeout)
		return nil, fmt.Errorf("no folder could be made in any of %v", bases)
	}
	p.folder = strings.TrimSuffix(folder, "\n")
	return p, nil
}

// folderBases are where a server's folder may be made, best first. An unprivileged
// account may be unable to enter the first one.
func folderBases() []string {
	var bases []string
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if filepath.IsAbs(base) && len(base) <= longestBase {
			bases = append(bases, base)
		}
	}
	return bases
}

func startSupervisor(cmd *exec.Cmd) (*process, error) {
	input, alive, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	output, printed, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, alive.Close())
	}
	defer printed.Close()
	cmd.Stdin, cmd.Stdout = input, printed
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, alive.Close(), output.Close())
	}
	return &process{alive: alive, output: output, cmd: cmd}, nil
}

// await returns nil once ready does, and an error if the server ends before that.
func (p *process) await(ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(io.Discard, p.output)
	}()
	// Closing it ends the goroutine.
	defer func() { p.output.Close(); <-ended }()

	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-poll.C:
		case <-ended:
			return errors.New("the server ended")
		case <-ctx.Done():
			return fmt.Errorf("the server was not ready after %v: %w", startTimeout, err)
		}
	}
}

// stop returns when the server has ended and its folder is gone. A supervisor that has
// not seen to that when patience is over is killed with all that it started.
func (p *process) stop(patience time.Duration) {
	p.alive.Close()
	p.output.Close()
	hung := time.AfterFunc(patience, func() { killSession(p.cmd.Process) })
	p.cmd.Wait()
	// If it did not fire the supervisor has removed the folder itself.
	if !hung.Stop() && p.folder != "" {
		os.RemoveAll(p.folder)
	}
}

// logTail returns the last lines of what the server and its installer printed.
func (p *process) logTail() []byte {
	const most = 4 << 10
	log, err := os.ReadFile(filepath.Join(p.folder, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(log[max(0, len(log)-most):])
}
