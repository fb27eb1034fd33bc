//go:build !unix

package testdb

import (
	"errors"
	"os"
	"os/exec"
)

func detach(*exec.Cmd, []string) error {
	return errors.New("throwaway servers need a Unix system")
}

func killSession(p *os.Process) {
	p.Kill()
}
