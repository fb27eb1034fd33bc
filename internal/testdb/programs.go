package testdb

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// programs are the paths of an engine's programs, all of one installation.
type programs struct {
	installer, server, dumper string
}

var errNotInstalled = errors.New("not installed")

// find returns the programs of the installation that the environment names, or of the
// first one in PATH, or of the newest one in the usual folders. If there is none the
// error is errNotInstalled and says what to install; any other error is the environment's.
func (e *engine) find() (programs, error) {
	if folder := os.Getenv(e.override); folder != "" {
		return e.findNamed(folder)
	}
	for _, prefix := range e.installations() {
		if found, ok := e.findUnder(filepath.Join(prefix, "bin"), prefix); ok {
			return found, nil
		}
	}
	return programs{}, fmt.Errorf("%s is %w (no folder holds %v): install %s, or set %s",
		e.name, errNotInstalled, e.programs, e.packages, e.override)
}

// findNamed returns the programs of the installation whose installer is in the folder.
func (e *engine) findNamed(folder string) (programs, error) {
	if !filepath.IsAbs(folder) {
		return programs{}, fmt.Errorf("%s is %q, expected an absolute path", e.override, folder)
	}
	if _, err := lookIn([]string{folder}, e.programs[0]); err != nil {
		return programs{}, fmt.Errorf("%s is %q, expected the folder that holds %s", e.override, folder, e.programs[0])
	}
	found, ok := e.findUnder(folder, filepath.Dir(folder))
	if !ok {
		return programs{}, fmt.Errorf("%s is %q, expected all of %v there or beside it", e.override, folder, e.programs)
	}
	return found, nil
}

// installations returns the prefixes to look under, best first.
func (e *engine) installations() []string {
	var prefixes []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(folder) {
			prefixes = append(prefixes, filepath.Dir(filepath.Clean(folder)))
		}
	}
	for _, pattern := range e.prefixes {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			panic(err) // the patterns are constants of this package
		}
		slices.SortFunc(matches, func(a, b string) int { return version(b) - version(a) })
		prefixes = append(prefixes, matches...)
	}
	return prefixes
}

var number = regexp.MustCompile(`[0-9]+`)

// version returns the first number in the folder's name, or 0.
func version(prefix string) int {
	n, err := strconv.Atoi(number.FindString(filepath.Base(prefix)))
	if err != nil {
		return 0
	}
	return n
}

// findUnder looks in the folder and then in those under the prefix: systems disagree
// on whether a server belongs to bin, sbin or libexec.
func (e *engine) findUnder(folder, prefix string) (programs, bool) {
	folders := []string{folder}
	for _, name := range []string{"bin", "sbin", "libexec", "scripts"} {
		folders = append(folders, filepath.Join(prefix, name))
	}
	var paths [len(e.programs)]string
	for i, program := range e.programs {
		path, err := lookIn(folders, program)
		if err != nil {
			return programs{}, false
		}
		paths[i] = path
	}
	return programs{installer: paths[0], server: paths[1], dumper: paths[2]}, true
}

func lookIn(folders []string, program string) (string, error) {
	for _, folder := range folders {
		path, err := exec.LookPath(filepath.Join(folder, program))
		if err == nil {
			// MariaDB finds its other files from where its programs really are.
			return filepath.EvalSymlinks(path)
		}
	}
	return "", errors.New(program + " not found")
}
