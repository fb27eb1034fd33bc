//go:build unix

package testdb

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// detach makes the command the leader of a session of its own, so that what a terminal
// sends to the tests does not reach it, and gives up root for the first of the accounts
// that this machine has: PostgreSQL refuses to run as root.
func detach(cmd *exec.Cmd, accounts []string) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range accounts {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if uidErr != nil || gidErr != nil || uid == 0 {
			continue
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return nil
	}
	return fmt.Errorf("run as root, and none of the unprivileged accounts %v exists", accounts)
}

// killSession kills a command that detach was given, and what it started.
func killSession(p *os.Process) {
	syscall.Kill(-p.Pid, syscall.SIGKILL)
}
