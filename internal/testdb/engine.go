package testdb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// An engine is what differs between the kinds of servers.
type engine struct {
	name     string    // as in messages
	packages string    // the Debian packages that hold the programs
	override string    // the environment variable that names the programs' folder
	prefixes []string  // where it may be installed, besides PATH: patterns of filepath.Glob
	programs [3]string // what is needed of it: installer, server, dumper

	// accounts are what the server may run as when the tests run as root, best first.
	accounts []string
	// script defines setup and serve for supervise.sh.
	script string

	// maintenance is a database that every server has.
	maintenance string
	dsn         func(folder, database string) string
	// database is the reverse of dsn. A DSN of another server is an error.
	database func(folder, dsn string) (string, error)
	// execute connects, executes one statement, and closes the connection.
	execute func(ctx context.Context, dsn string, statement string) error
	// drop is the statement that drops a database.
	drop func(database string) string
	dump func(ctx context.Context, found programs, folder, database string) ([]byte, error)
}

const requiredVariable = "QUIESCE_TEST_SERVERS"

// serversRequired reports whether a server that is not installed fails the test.
func serversRequired() (bool, error) {
	switch value := os.Getenv(requiredVariable); value {
	case "":
		return false, nil
	case "required":
		return true, nil
	default:
		return false, fmt.Errorf(`%s is %q, expected "required" or nothing`, requiredVariable, value)
	}
}

// environment is what the servers and their programs get to see. Variables such as
// PGOPTIONS or MYSQL_HOME would make a server, or a dump of it, differ between machines.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// output runs a program to its end and returns what it printed.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = environment()
	cmd.Stderr = &complaint
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return printed, nil
}
