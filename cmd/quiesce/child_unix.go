//go:build unix

package main

import (
	osexec "os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own, and has all of it interrupted.
func ownGroup(cmd *osexec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}
