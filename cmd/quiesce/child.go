package main

import (
	"context"
	"os"
	osexec "os/exec"
	"time"
)

// childPatience is how long a command may take to end after it was interrupted.
const childPatience = 30 * time.Second

// child runs a command with the program's streams, but for its input, in a process group of its own,
// which is interrupted when ctx ends.
func (std streams) child(ctx context.Context, argv, env []string) error {
	cmd := osexec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = std.err, std.err // the result alone goes to standard output
	cmd.WaitDelay = childPatience
	ownGroup(cmd)
	return cmd.Run()
}
