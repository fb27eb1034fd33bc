package sqlguard

import (
	"path"
	"runtime"
	"strconv"
	"strings"
)

// maxFrames is how far up a caller is looked for. From a guarded driver up to the
// one who called database/sql it takes about a dozen.
const maxFrames = 64

// caller returns who has run a statement: the function that called database/sql,
// with the line, or "" if there is none. Where that is an ORM's, so be it: which
// packages are plumbing to a program, nobody here can tell.
func caller() string {
	var pcs [maxFrames]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function != "" && !isPlumbing(packageOf(f.Function)) {
			return clip(f.Function+" ("+path.Base(f.File)+":"+strconv.Itoa(f.Line)+")", maxCaller)
		}
		if !more {
			return ""
		}
	}
}

// packageOf returns the path of the package that a function is in.
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	if dot := strings.IndexByte(function[slash:], '.'); dot >= 0 {
		return function[:slash+dot]
	}
	return function
}

const module = "github.com/quiescehq/quiesce/"

// isPlumbing reports whether a package lies between a program and its driver.
func isPlumbing(pkg string) bool {
	switch pkg {
	case "database/sql", "runtime", module + "sqlguard", module + "driver":
		return true
	}
	return strings.HasPrefix(pkg, module+"driver/") && !strings.HasSuffix(pkg, "_test")
}
