package sqlguard

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// The environment variables that [Default] starts from.
const (
	// EnvReadOnly asks for read-only and anonymous mode if it is true.
	EnvReadOnly = "READ_ONLY_MODE"
	// EnvGetOnly asks for read-only and get-only mode if it is true.
	EnvGetOnly = "GET_ONLY_MODE"
	// EnvMode asks for a mode of the database layer alone: off, observe or read-only.
	EnvMode = "SQLGUARD_MODE"
)

// EnvironmentHold is the name of the hold that [Default] takes for the
// environment.
const EnvironmentHold = "environment"

var processGuard = sync.OnceValue(func() *Guard { return fromEnvironment(os.LookupEnv) })

// Default returns the process-wide guard, which registered drivers and
// middleware use when they are given none. It starts from the environment, read
// once, at the first call:
//
//   - READ_ONLY_MODE true: read-only and anonymous;
//   - GET_ONLY_MODE true: read-only and get-only;
//   - SQLGUARD_MODE off, observe or read-only: the database layer alone.
//
// The strictest wins. True is 1, t, true, y, yes or on, false is 0, f, false,
// n, no, off or nothing, in any case. Anything else starts the process
// closed, read-only, and [Guard.Err] names the variable.
//
// What the environment asks for is the hold named "environment"; an operator
// may release it.
func Default() *Guard { return processGuard() }

func fromEnvironment(lookup func(string) (string, bool)) *Guard {
	g, err := New(Config{})
	if err != nil {
		panic(err) // the zero Config is valid
	}
	change, err := environment(lookup)
	g.err = err
	if change != (Change{}) {
		if err := g.Hold(EnvironmentHold, change); err != nil {
			panic(err) // environment returns valid changes only
		}
	}
	return g
}

// environment returns what the variables ask for. Where one of them cannot be
// read, that is read-only, and an error that names each such variable.
func environment(lookup func(string) (string, bool)) (Change, error) {
	var c Change
	var errs []error
	var asked []string
	for _, v := range []struct {
		name string
		flag *bool
	}{{EnvReadOnly, &c.Anonymous}, {EnvGetOnly, &c.GetOnly}} {
		text, _ := lookup(v.name)
		on, err := parseBool(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %w", v.name, err))
			continue
		}
		if on {
			*v.flag, c.Mode = true, ReadOnly
			asked = append(asked, v.name)
		}
	}
	if text, _ := lookup(EnvMode); strings.TrimSpace(text) != "" {
		mode, err := ParseMode(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", EnvMode, err))
		} else if mode != Off {
			c.Mode = max(c.Mode, mode)
			asked = append(asked, EnvMode)
		}
	}
	if len(errs) > 0 {
		return Change{
			Mode: ReadOnly, Anonymous: c.Anonymous, GetOnly: c.GetOnly,
			Reason: "an environment variable could not be read, so the process starts closed",
		}, fmt.Errorf("sqlguard: the process starts read-only: %w", errors.Join(errs...))
	}
	if len(asked) > 0 {
		c.Reason = "set by " + strings.Join(asked, ", ")
	}
	return c, nil
}

// parseBool reads what people write for true and false.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "t", "true", "y", "yes", "on":
		return true, nil
	case "", "0", "f", "false", "n", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("must be true or false, not %q", text)
}
